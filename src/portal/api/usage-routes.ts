// /api/dev/apps/{appId}/usage and events; audit; reset of the sandbox.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { AuditEntry } from '../../audit/audit-store.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import {
  errorAnswers,
  idOr404,
  jsonAnswer,
  numberCursor,
  page,
  pageQuery,
  uuidCursor,
} from '../../http/api.ts';
import { rowSchema } from '../../http/row-schema.ts';
import { EventRow, type UsageLine } from '../../usage/usage-reports.ts';
import { developerApi, developerOf } from './developer.ts';

const params = z.object({ appId: z.string() });
/** Of a status, its calls alone. */
const usageRow = z.object({
  day: z.string().optional(),
  route: z.string().optional(),
  key_id: z.string().optional(),
  status: z.number().optional(),
  calls: z.number(),
  errors: z.number().optional(),
  units: z.number().optional(),
  cache_hits: z.number().optional(),
  avg_latency_ms: z.number().optional(),
  p50_latency_ms: z.number().nullish(),
  p95_latency_ms: z.number().nullish(),
  p99_latency_ms: z.number().nullish(),
  bytes_in: z.number().optional(),
  bytes_out: z.number().optional(),
  unique_ips: z.number().optional(),
});

const show = (by: 'day' | 'route' | 'key', line: UsageLine) => ({
  [by === 'key' ? 'key_id' : by]: line.group,
  calls: line.calls,
  errors: line.failed,
  units: line.units,
  cache_hits: line.cacheHits,
  avg_latency_ms: line.avgLatencyMs,
  p50_latency_ms: line.p50,
  p95_latency_ms: line.p95,
  p99_latency_ms: line.p99,
  bytes_in: line.bytesIn,
  bytes_out: line.bytesOut,
  unique_ips: line.uniqueIps,
});

const period = (nowMs: number, days: number) => ({
  from: isoDay(nowMs - (days - 1) * DAY_MS),
  to: isoDay(nowMs),
});

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/apps/{appId}/usage',
    tags: ['Usage'],
    summary: 'Retrieve usage of an app, by day, route, key or status',
    request: {
      params,
      query: z.object({
        days: z.coerce.number().int().min(1).max(90).default(30),
        by: z.enum(['day', 'route', 'key', 'status']).default('day'),
        environment: z.enum(['test', 'live']).optional(),
      }),
    },
    responses: { 200: jsonAnswer('Usage', z.array(usageRow)), ...errorAnswers(400, 401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { apps, reports, now } = context.var.services;
    const app = await apps.get(partner.id, idOr404(context.req.valid('param').appId, 'app'));
    const { days, by, environment } = context.req.valid('query');
    const scope = { partnerId: partner.id, appId: app.id, environment, ...period(now(), days) };
    if (by === 'status') return context.json(await reports.byStatus(scope), 200);
    return context.json(
      (await reports.lines(scope, by)).map((line) => show(by, line)),
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/apps/{appId}/events',
    tags: ['Usage'],
    summary: 'List recent requests of an app, newest first',
    request: { params, query: pageQuery },
    responses: {
      200: jsonAnswer(
        'Requests',
        z.object({ data: z.array(rowSchema(EventRow)), next_cursor: z.string().nullable() }),
      ),
      ...errorAnswers(400, 401, 404),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { apps, reports, now } = context.var.services;
    const app = await apps.get(partner.id, idOr404(context.req.valid('param').appId, 'app'));
    const { limit, cursor } = context.req.valid('query');
    const nowMs = now();
    const scope = { partnerId: partner.id, appId: app.id, fromMs: nowMs - 90 * DAY_MS, toMs: nowMs + DAY_MS };
    const rows = await reports.events(scope, limit + 1, uuidCursor(cursor));
    return context.json(
      page(context, rows, limit, (row) => row.request_id),
      200,
    );
  },
);

const checkRow = z.object({
  day: z.string(),
  limiter_units: z.number().nullable(),
  event_units: z.number(),
  rollup_units: z.number(),
  quota_units: z.number(),
  month_units: z.number(),
  invoice_units: z.number(),
  corrected_units: z.number(),
  agrees: z.boolean(),
  checked_at: z.string(),
});

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/checks',
    tags: ['Usage'],
    summary: 'List the nightly comparisons, newest first. Of what was limited, stored, shown and invoiced',
    request: {
      query: z.object({
        environment: z.enum(['test', 'live']).default('live'),
        days: z.coerce.number().int().min(1).max(90).default(30),
      }),
    },
    responses: {
      200: jsonAnswer('Results', z.object({ data: z.array(checkRow) })),
      ...errorAnswers(400, 401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { environment, days } = context.req.valid('query');
    const { periods } = context.var.services;
    return context.json({ data: await periods.reconciliationsOf(partner.id, environment, days) }, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/audit',
    tags: ['Audit'],
    summary:
      'List who did what, newest first. The chain is checked each night: `breaks` is empty when it was whole',
    request: { query: pageQuery },
    responses: {
      200: jsonAnswer(
        'Audit',
        z.object({
          data: z.array(rowSchema(AuditEntry)),
          next_cursor: z.string().nullable(),
          breaks: z.array(z.number()).describe('Entries at which the chain was found broken'),
          checked_at: z.string().nullable(),
          broken_since: z.string().nullable(),
        }),
      ),
      ...errorAnswers(400, 401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { limit, cursor } = context.req.valid('query');
    const { audit, auditChains } = context.var.services;
    const [rows, chain] = await Promise.all([
      audit.list(partner.id, limit + 1, numberCursor(cursor)),
      auditChains.state(partner.id),
    ]);
    return context.json(
      {
        ...page(context, rows, limit, ({ id }) => id),
        breaks: chain.entries,
        checked_at: chain.checkedAt,
        broken_since: chain.brokenSince,
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/apps/{appId}/sandbox/reset',
    tags: ['Sandbox'],
    summary: 'Empty the sandbox of an app. All that it made there is forgotten',
    request: { params },
    responses: { 200: jsonAnswer('Reset', z.object({ message: z.string() })), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const app = await context.var.services.apps.get(
      partner.id,
      idOr404(context.req.valid('param').appId, 'app'),
    );
    await context.var.services.resetPayments(app.id);
    await context.var.services.audit.write(partner.id, actor, 'sandbox.reset', { app_id: app.id });
    return context.json({ message: 'The sandbox of this app is empty' }, 200);
  },
);
