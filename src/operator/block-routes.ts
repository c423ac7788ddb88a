// /api/admin/blocks: addresses that are refused at the edge.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, jsonBody } from '../http/api.ts';
import { ipRange, reason, rfcTime } from '../http/fields.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];
const params = z.object({ id: z.string() });
const block = z.object({
  id: z.string(),
  range: z.string(),
  reason: z.string(),
  created_by: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
});

export function addBlockRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/blocks',
      tags,
      summary: 'List blocked addresses, newest first',
      responses: { 200: jsonAnswer('Blocks', z.object({ data: z.array(block) })), ...errorAnswers(401, 403) },
    }),
    async (context) => context.json({ data: await context.var.services.blocks.list() }, 200),
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/blocks',
      tags,
      summary: 'Block an address or a range; in force at every edge within a minute or so',
      request: {
        body: jsonBody(
          z.object({
            range: ipRange,
            reason,
            expires_at: rfcTime.nullish(),
          }),
        ),
      },
      responses: { 201: jsonAnswer('The block', block), ...errorAnswers(400, 401, 403) },
    }),
    async (context) => {
      const { range, reason: why, expires_at: expiresAt = null } = context.req.valid('json');
      const made = await context.var.services.blocks.create(
        { range, reason: why, expiresAt },
        actorOf(context),
      );
      return context.json(made, 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/blocks/{id}',
      tags,
      summary: 'Lift a block',
      request: {
        params,
        body: { content: { 'application/json': { schema: z.object({ reason: reason.optional() }) } } },
      },
      responses: {
        200: jsonAnswer('Lifted', z.object({ id: z.string(), message: z.string() })),
        ...errorAnswers(401, 403, 404),
      },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'block');
      const { reason: why = 'lifted' } = context.req.valid('json') ?? {};
      await context.var.services.blocks.lift(id, why, actorOf(context));
      return context.json({ id, message: 'The block is lifted' }, 200);
    },
  );
}
