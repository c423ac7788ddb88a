// /api/admin/incidents: what the status page says of disturbances.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, jsonBody } from '../http/api.ts';
import { incident, incidentView, newIncident, newUpdate } from '../http/incident-schemas.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];
const MAX_LISTED = 100;

export function addIncidentRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/incidents',
      tags,
      summary: 'List incidents, newest first',
      responses: {
        200: jsonAnswer('Incidents', z.object({ data: z.array(incident) })),
        ...errorAnswers(401, 403),
      },
    }),
    async (context) => {
      const incidents = await context.var.services.incidents.list(MAX_LISTED);
      return context.json({ data: incidents.map(incidentView) }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/incidents',
      tags,
      summary: 'Report an incident on the status page',
      request: { body: jsonBody(newIncident) },
      responses: { 201: jsonAnswer('The incident', incident), ...errorAnswers(400, 401, 403) },
    }),
    async (context) => {
      const { api: of = null, started_at: startedAt = null, ...rest } = context.req.valid('json');
      const wanted = { ...rest, api: of, startedAt };
      const made = await context.var.services.incidents.open(wanted, actorOf(context));
      return context.json(incidentView(made), 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/incidents/{id}/updates',
      tags,
      summary: 'Add an update to an incident; the one that resolves it is the last',
      request: { params: z.object({ id: z.string() }), body: jsonBody(newUpdate) },
      responses: { 201: jsonAnswer('The incident', incident), ...errorAnswers(400, 401, 403, 404, 409) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'incident');
      const { incidents } = context.var.services;
      const updated = await incidents.update(id, context.req.valid('json'), actorOf(context));
      return context.json(incidentView(updated), 201);
    },
  );
}
