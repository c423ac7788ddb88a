// /api/admin/dead-letters: what could not be folded, and how it is sent again.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { toBase64 } from '../core/encoding.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, page, pageQuery, uuidCursor } from '../http/api.ts';
import { reason } from '../http/fields.ts';
import type { DeadLetter } from '../usage/dead-letter-store.ts';
import { letterValue } from '../usage/dead-letters.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];

const letter = z.object({
  id: z.string(),
  queue: z.string(),
  body: z.unknown().describe('The event, or the message; null when the bytes are no JSON'),
  body_base64: z.string().nullable().describe('The bytes, when they are no JSON'),
  reason: z.string().nullable(),
  times: z.number().int().describe('How often it was set aside'),
  received_at: z.string(),
  replayed_at: z.string().nullable(),
});

function toView({ id, queue, body, reason, times, receivedAt, replayedAt }: DeadLetter) {
  const value = letterValue(body);
  return {
    id,
    queue,
    body: value ?? null,
    body_base64: value === undefined ? toBase64(body) : null,
    reason,
    times,
    received_at: receivedAt,
    replayed_at: replayedAt,
  };
}

/** A letter that is no JSON, or that would be refused again, is sent as somebody mended it. */
const replay = z.object({ body: z.record(z.string(), z.unknown()).optional(), reason: reason.optional() });

export function addDeadLetterRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/dead-letters',
      tags,
      summary: 'List dead letters, newest first. Usage that could not be folded',
      request: { query: pageQuery },
      responses: {
        200: jsonAnswer(
          'Dead letters',
          z.object({ data: z.array(letter), next_cursor: z.string().nullable() }),
        ),
        ...errorAnswers(400, 401, 403),
      },
    }),
    async (context) => {
      const { limit, cursor } = context.req.valid('query');
      const rows = await context.var.services.deadLetters.list(limit + 1, uuidCursor(cursor));
      return context.json(
        page(context, rows.map(toView), limit, ({ id }) => id),
        200,
      );
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/dead-letters/{id}/replay',
      tags,
      summary: 'Replay a dead letter, mended if need be; what was folded before is not folded twice',
      request: {
        params: z.object({ id: z.string() }),
        body: { required: false, content: { 'application/json': { schema: replay } } },
      },
      responses: {
        202: jsonAnswer('Sent', z.object({ id: z.string(), message: z.string() })),
        ...errorAnswers(400, 401, 403, 404, 409),
      },
    }),
    async (context) => {
      const { body: mended, reason: why } = context.req.valid('json') ?? {};
      const id = idOr404(context.req.valid('param').id, 'dead letter');
      await context.var.services.deadLetters.replay(id, { reason: why, mended }, actorOf(context));
      return context.json({ id, message: 'Sent to the queue' }, 202);
    },
  );
}
