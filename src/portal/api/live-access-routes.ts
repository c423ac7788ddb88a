// /api/dev/live-access: asking for live keys, and what became of it.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, jsonAnswer, jsonBody } from '../../http/api.ts';
import {
  answersOf,
  liveAccessAnswers,
  liveAccessQuestions,
  toAnswers,
} from '../../http/live-access-schemas.ts';
import { statusOf } from '../../partners/live-access-service.ts';
import { originOf } from '../../web/web.ts';
import { developerApi, developerOf } from './developer.ts';

const liveAccess = z.object({
  status: z.enum(['none', 'requested', 'declined', 'approved']),
  request: z.object({ ...liveAccessAnswers, declined_because: z.string().nullable() }).nullable(),
});

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/live-access',
    tags: ['Live access'],
    summary: 'Retrieve whether live keys may be created, and the last request for it',
    responses: { 200: jsonAnswer('Live access', liveAccess), ...errorAnswers(401) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const found = await context.var.services.liveAccess.of(partner.id);
    return context.json(
      {
        status: statusOf(partner.status, found),
        request: found ? { ...answersOf(found), declined_because: found.declineReason } : null,
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/live-access',
    tags: ['Live access'],
    summary: 'Request live access; asking again changes the answers of the request that waits',
    request: { body: jsonBody(liveAccessQuestions) },
    responses: {
      202: jsonAnswer('Requested', z.object({ status: z.literal('requested') })),
      ...errorAnswers(400, 401, 403, 409),
    },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { liveAccess: service, config } = context.var.services;
    await service.ask(partner, toAnswers(context.req.valid('json')), actor, originOf(context, config));
    return context.json({ status: 'requested' as const }, 202);
  },
);
