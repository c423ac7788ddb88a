// /api/admin/exports: documents and usage, for the books of others.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { AppError } from '../core/errors.ts';
import { type ApiEnv, errorAnswers, uuidCursor } from '../http/api.ts';
import { rfcMoment } from '../http/fields.ts';
import type { Services } from './services.ts';

const tags = ['Operators: exports'];
const MAX_EXPORTED = 1000;
const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string().describe('Id of the partner'),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
});

export function addExportRoutes(api: OpenAPIHono<ApiEnv<Services>>): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/exports/{what}',
      tags,
      summary:
        'Export final documents, or daily usage, as CloudEvents; the same export twice has the same ids',
      request: {
        params: z.object({ what: z.enum(['invoices', 'usage']) }),
        query: z.object({
          from: rfcMoment,
          to: rfcMoment,
          limit: z.coerce.number().int().min(1).max(MAX_EXPORTED).default(MAX_EXPORTED),
          after: z.string().max(100).optional().describe('The id of the last event taken'),
        }),
      },
      responses: {
        200: {
          description: 'CloudEvents 1.0, JSON batch',
          content: {
            'application/cloudevents-batch+json': { schema: z.array(cloudEvent) },
          },
        },
        ...errorAnswers(400, 401, 403),
      },
    }),
    async (context) => {
      const { what } = context.req.valid('param');
      const { from, to, limit, after } = context.req.valid('query');
      const { exports } = context.var.services;
      if (
        what === 'usage' &&
        after !== undefined &&
        !/^usage:[0-9a-f-]{36}:\d{4}-\d{2}-\d{2}:\d+$/.test(after)
      )
        throw new AppError('invalid_request', 'after is not valid');
      const events =
        what === 'usage'
          ? await exports.usage(from, to, limit, after)
          : await exports.documents(from, to, limit, uuidCursor(after));
      return context.json(events, 200, { 'content-type': 'application/cloudevents-batch+json' });
    },
  );
}
