// /api/admin/search: what the search of the console finds.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiEnv, errorAnswers, jsonAnswer } from '../http/api.ts';
import { text } from '../http/fields.ts';
import { MAX_WORDS_CHARS } from '../web/found.ts';
import { HIT_KINDS, search } from './search.ts';
import type { Services } from './services.ts';

export function addSearchRoutes(api: OpenAPIHono<ApiEnv<Services>>): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/search',
      tags: ['Operators'],
      summary:
        'Find a request, key, partner, member, invoice or IP address by ID, prefix, name, email or number',
      request: { query: z.object({ q: text(MAX_WORDS_CHARS, 2) }) },
      responses: {
        200: jsonAnswer(
          'What was found, by kind; `caller` is a key that was used from the address in the last hour',
          z.object({
            data: z.array(
              z.object({
                kind: z.enum(HIT_KINDS),
                id: z.string(),
                title: z.string(),
                detail: z.string(),
              }),
            ),
          }),
        ),
        ...errorAnswers(400, 401, 403, 429),
      },
    }),
    async (context) =>
      context.json({ data: await search(context.var.services, context.req.valid('query').q) }, 200),
  );
}
