// /api/dev/requests: requests of all apps of the partner, and one by its id; a test key's day.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { DAY_MS } from '../../core/time.ts';
import { explanation } from '../../explain/explanation-schema.ts';
import { errorAnswers, idOr404, jsonAnswer, jsonBody, page, pageQuery, uuidCursor } from '../../http/api.ts';
import { rowSchema } from '../../http/row-schema.ts';
import { requestFilter } from '../../usage/request-filter.ts';
import { EventDetail, EventRow } from '../../usage/usage-reports.ts';
import { developerApi, developerOf } from './developer.ts';

const DAYS = 90;
const request = rowSchema(EventRow);
const wholeRequest = rowSchema(EventDetail);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/requests',
    tags: ['Usage'],
    summary: 'List recent requests with any key, newest first',
    request: {
      query: pageQuery.extend({
        environment: z.enum(['test', 'live']).optional(),
        key_id: z.string().max(100).optional(),
        route: z.string().max(300).optional(),
        ...requestFilter.shape,
      }),
    },
    responses: {
      200: jsonAnswer('Requests', z.object({ data: z.array(request), next_cursor: z.string().nullable() })),
      ...errorAnswers(400, 401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { reports, now } = context.var.services;
    const { limit, cursor, key_id: keyId, ...filter } = context.req.valid('query');
    const nowMs = now();
    const scope = {
      partnerId: partner.id,
      keyId,
      ...filter,
      fromMs: nowMs - DAYS * DAY_MS,
      toMs: nowMs + DAY_MS,
    };
    const rows = await reports.events(scope, limit + 1, uuidCursor(cursor));
    const shown = page(context, rows, limit, (row) => row.request_id);
    return context.json(shown, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/requests/{requestId}',
    tags: ['Usage'],
    summary: 'Retrieve a request, by its X-Request-Id',
    request: { params: z.object({ requestId: z.string() }) },
    responses: { 200: jsonAnswer('The request', wholeRequest), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const id = idOr404(context.req.valid('param').requestId, 'request');
    const row = await context.var.services.reports.event(partner.id, id);
    if (!row) throw new AppError('not_found', 'No such request');
    return context.json(row, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/requests/{requestId}/explain',
    operationId: 'explainRequest',
    tags: ['Usage'],
    summary:
      'Explain a request. By what it was judged, each limit before and after, and its price; what was not kept is null',
    request: { params: z.object({ requestId: z.string() }) },
    responses: { 200: jsonAnswer('The explanation', explanation), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { reports, explain } = context.var.services;
    const row = await reports.event(partner.id, idOr404(context.req.valid('param').requestId, 'request'));
    if (!row) throw new AppError('not_found', 'No such request');
    return context.json(await explain(row, partner.id), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/keys/{keyId}/day',
    operationId: 'setKeyDay',
    tags: ['Sandbox'],
    summary: "Spend a test key's day, or begin a new one",
    request: {
      params: z.object({ keyId: z.string() }),
      body: jsonBody(z.object({ to: z.enum(['spent', 'new_day']) })),
    },
    responses: {
      200: jsonAnswer('Done', z.object({ message: z.string() })),
      ...errorAnswers(400, 401, 403, 404, 409),
    },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { to } = context.req.valid('json');
    await context.var.services.keys.travel(partner.id, context.req.valid('param').keyId, to, actor);
    return context.json({ message: to === 'spent' ? 'The day is spent' : 'A new day has begun' }, 200);
  },
);
