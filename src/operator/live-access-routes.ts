// /api/admin/live-access: who asks for live keys, and declining it. Approving is the partner's own route.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../http/api.ts';
import { reason } from '../http/fields.ts';
import { answersOf, liveAccessAnswers } from '../http/live-access-schemas.ts';
import { originOf } from '../web/web.ts';
import { idOf, params } from './partner-answers.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];
const MAX_WAITING = 500;

export function addLiveAccessRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/live-access',
      tags,
      summary: 'Requests for live access that wait, the oldest first',
      responses: {
        200: jsonAnswer(
          'Requests',
          z.object({
            data: z.array(z.object({ partner_id: z.string(), partner: z.string(), ...liveAccessAnswers })),
          }),
        ),
        ...errorAnswers(401, 403),
      },
    }),
    async (context) => {
      const waiting = await context.var.services.liveAccess.queue(MAX_WAITING);
      const data = waiting.map((each) => ({
        partner_id: each.partnerId,
        partner: each.partner,
        ...answersOf(each),
      }));
      return context.json({ data }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/partners/{id}/decline',
      tags,
      summary: "Decline a partner's request for live access; its owners are told why",
      request: { params, body: jsonBody(z.object({ reason })) },
      responses: {
        200: jsonAnswer('Declined', z.object({ message: z.string() })),
        ...errorAnswers(400, 401, 403, 404),
      },
    }),
    async (context) => {
      const { liveAccess, config } = context.var.services;
      const id = idOf(context.req.valid('param').id);
      const { reason: why } = context.req.valid('json');
      await liveAccess.decline(id, why, actorOf(context), originOf(context, config));
      return context.json({ message: 'The request is declined' }, 200);
    },
  );
}
