// /dashboard/*: for partners' programs, by API key. Not limited by quota, not counted, never cached. What a key sees and
// does here is its own environment's: a test key knows of test keys only.

import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import { isDenied } from '../../core/denied.ts';
import { sha256Hex } from '../../core/encoding.ts';
import { AppError } from '../../core/errors.ts';
import { DAY_MS, dayStart, isoDay, monthStart } from '../../core/time.ts';
import {
  actorOf,
  clientIp,
  createApi,
  errorAnswers,
  fieldErrors,
  jsonAnswer,
  page,
  pageQuery,
  uuidCursor,
} from '../../http/api.ts';
import { readBody } from '../../http/body.ts';
import { announceAhead, isChange } from '../../http/changes.ts';
import { keyName, lines, rfcTime, scopeList } from '../../http/fields.ts';
import { idempotent } from '../../http/idempotent.ts';
import { type KeyRecord, limitSubject } from '../../keys/key-record.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { type Gauge, isUnlimited } from '../../limits/limit.ts';
import { countedAddress } from '../../platform/counted-address.ts';
import type { Services } from '../services.ts';

const MOST_SIGNED_BODY_BYTES = 64 * 1024;
const WARNING = "Save this key now. You won't be able to see it again!";

export const dashboard = createApi<Services>();
const callers = new WeakMap<Request, KeyRecord>();

/** By what a caller is counted before anything is looked up. An id that is no secret counts for its address only. */
async function countedBy({ headers }: Request, ip: string): Promise<string> {
  const authorization = headers.get('authorization');
  if (authorization !== null) return sha256Hex(authorization);
  return `${countedAddress(ip)} ${(headers.get('x-api-key') ?? '').slice(0, 64)}`;
}

dashboard.use(async (context, next) => {
  const request = context.req.raw;
  const ip = clientIp(context) ?? '';
  context.var.services.rates.take('dashboard', await countedBy(request, ip));
  const copy = request.clone();
  const found = await context.var.services.authenticate(
    {
      request,
      rule: 'bound',
      // Nothing here looks at a header that a signature may leave out.
      isHeard: () => false,
      ip,
      keepAlive: (work) => context.executionCtx.waitUntil(work),
      body: () => readBody(copy, MOST_SIGNED_BODY_BYTES),
    },
    true,
  );
  if (isDenied(found)) {
    throw new AppError(found.denied, found.detail?.message, found.detail?.fields);
  }
  const { record, retiredHash } = found;
  if (retiredHash !== undefined && isChange(request.method))
    throw new AppError('forbidden', 'This secret was replaced: changes take the current one');
  callers.set(request, record);
  announceAhead(context);
  const claimant = { owner: `key:${record.id}`, actor: `key:${record.keyId}` };
  return idempotent(context, next, context.var.services.idempotency, claimant);
});

/** What a test key may know of; a live key knows of both. */
const sightOf = ({ environment }: KeyRecord) => (environment === 'test' ? environment : undefined);

function needScope(caller: KeyRecord, ...anyOf: [string, ...string[]]): void {
  if (!anyOf.some((scope) => caller.scopes.includes(scope)))
    throw new AppError('insufficient_permissions', undefined, { required_scope: anyOf[0] });
}

function callerOf(context: { req: { raw: Request } }): KeyRecord {
  const record = callers.get(context.req.raw);
  if (!record) throw new AppError('invalid_api_key');
  return record;
}

const keyRow = z.object({
  id: z.string(),
  name: z.string(),
  key_prefix: z.string(),
  description: z.string().nullable(),
  scopes: z.array(z.string()),
  is_active: z.boolean(),
  environment: z.string(),
  /** The key that made it, and with which it falls. */
  parent_id: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});

const showKey = (key: KeyView): z.infer<typeof keyRow> => ({
  id: key.id,
  name: key.name,
  key_prefix: key.keyPrefix,
  description: key.description,
  scopes: key.scopes,
  is_active: key.state === 'active',
  environment: key.environment,
  parent_id: key.parentId,
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  last_used_at: key.lastUsedAt,
});

const me = createRoute({
  method: 'get',
  path: '/me',
  tags: ['Dashboard'],
  summary: 'The partner that the key belongs to',
  responses: {
    200: jsonAnswer(
      'The partner',
      z.object({
        id: z.string(),
        name: z.string(),
        email: z.string(),
        company: z.string().optional(),
        status: z.string(),
        tier: z.string(),
        rate_limit_per_second: z.number(),
        rate_limit_per_day: z.number(),
        rate_limit_per_month: z.number(),
        created_at: z.string(),
        last_active_at: z.string().nullable(),
      }),
    ),
    ...errorAnswers(401, 503),
  },
});

dashboard.openapi(me, async (context) => {
  const partner = await context.var.services.partners.get(callerOf(context).partnerId);
  const {
    custom_limits: _,
    overage_action: __,
    allowed_origins: ___,
    signature_rule: ____,
    company,
    ...shown
  } = partner;
  return context.json({ ...shown, ...(company && { company }) }, 200);
});

const listKeys = createRoute({
  method: 'get',
  path: '/api-keys',
  tags: ['Dashboard'],
  summary:
    'Keys of the partner, newest first, revoked ones included. Needs keys:read, which keys:write includes',
  request: { query: pageQuery.extend({ limit: pageQuery.shape.limit.default(100) }) },
  responses: {
    200: jsonAnswer(
      'Keys',
      z.object({ api_keys: z.array(keyRow), total: z.number(), next_cursor: z.string().nullable() }),
    ),
    ...errorAnswers(400, 401, 403, 429, 503),
  },
});

dashboard.openapi(listKeys, async (context) => {
  const caller = callerOf(context);
  needScope(caller, 'keys:read', 'keys:write');
  const { keys } = context.var.services;
  const { limit, cursor } = context.req.valid('query');
  const environment = sightOf(caller);
  const [rows, total] = await Promise.all([
    keys.list(caller.partnerId, { environment }, { limit: limit + 1, before: uuidCursor(cursor) }),
    keys.count(caller.partnerId, environment),
  ]);
  const { data, next_cursor } = page(rows, limit, ({ id }) => id);
  return context.json({ api_keys: data.map(showKey), total, next_cursor }, 200);
});

const newKey = z.object({
  name: keyName,
  description: lines(1000).nullish(),
  scopes: scopeList.optional(),
  expires_at: rfcTime.nullish(),
  environment: z.enum(['test', 'live']).optional(),
});

const createKey = createRoute({
  method: 'post',
  path: '/api-keys',
  tags: ['Dashboard'],
  summary:
    'Make a key, within the scopes, limits, addresses, app and end of the one that makes it, and which falls with it. Not by a key that signs whole requests only. The secret is in this answer and nowhere else',
  request: { body: { content: { 'application/json': { schema: newKey } } } },
  responses: {
    201: jsonAnswer(
      'The key',
      z.object({
        id: z.string(),
        api_key: z.string(),
        key_prefix: z.string(),
        name: z.string(),
        scopes: z.array(z.string()),
        environment: z.string(),
        created_at: z.string(),
        expires_at: z.string().nullable(),
        warning: z.string(),
      }),
    ),
    ...errorAnswers(400, 401, 403, 413),
  },
});

dashboard.post('/api-keys', async (context) => {
  const caller = callerOf(context);
  const parsed = newKey.safeParse(await readJson(context));
  if (!parsed.success)
    throw new AppError('validation_error', undefined, { details: fieldErrors(parsed.error) });
  const {
    name,
    description,
    scopes = ['read:routes'],
    expires_at,
    environment = caller.environment,
  } = parsed.data;
  needScope(caller, 'keys:write');
  const beyond = scopes.find((scope) => !caller.scopes.includes(scope));
  if (beyond !== undefined) {
    throw new AppError('insufficient_permissions', 'A key can give only scopes that it has itself', {
      required_scope: context.var.services.keys.knownScopes.includes(beyond) ? beyond : undefined,
    });
  }
  if (caller.kind === 'signing' && caller.signatureRule === 'bound') {
    throw new AppError('forbidden', 'A key that signs whole requests makes no keys that prove less');
  }
  if (environment === 'live' && caller.environment === 'test') {
    throw new AppError('forbidden', 'A test key cannot make live keys');
  }
  const { key, secret } = await context.var.services.keys.create(
    caller.partnerId,
    {
      kind: 'bearer',
      name,
      description,
      scopes,
      environment,
      expiresAt: expires_at,
      appId: caller.appId,
      parentId: caller.id,
    },
    actorOf(context, `key:${caller.keyId}`),
  );
  return context.json(
    {
      id: key.id,
      api_key: secret,
      key_prefix: key.keyPrefix,
      name: key.name,
      scopes: key.scopes,
      environment: key.environment,
      created_at: key.createdAt,
      expires_at: key.expiresAt,
      warning: WARNING,
    },
    201,
  );
});
dashboard.openAPIRegistry.registerPath(createKey);

async function readJson(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch {
    throw new AppError('invalid_request', 'The body must be JSON');
  }
}

const revokeKey = createRoute({
  method: 'delete',
  path: '/api-keys/{id}',
  tags: ['Dashboard'],
  summary: 'Revoke a key, at once and for good',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: jsonAnswer('Revoked, now or before', z.object({ id: z.string(), message: z.string() })),
    ...errorAnswers(401, 403, 404, 429, 503),
  },
});

dashboard.openapi(revokeKey, async (context) => {
  const caller = callerOf(context);
  const { id } = context.req.valid('param');
  const key = await context.var.services.keys.get(caller.partnerId, id);
  if ((sightOf(caller) ?? key.environment) !== key.environment)
    throw new AppError('not_found', 'No such key');
  if (key.id !== caller.id) needScope(caller, 'keys:write');
  const actor = actorOf(context, `key:${caller.keyId}`);
  await context.var.services.keys.revoke(caller.partnerId, id, 'revoked from the dashboard API', actor);
  return context.json({ id: key.id, message: 'The key is revoked' }, 200);
});

const usageStat = z.object({
  date: z.string(),
  /** All calls, also those that were refused. */
  total_requests: z.number(),
  /** What of them is counted and billed. */
  units: z.number(),
  successful: z.number(),
  failed: z.number(),
  avg_response_time_ms: z.number(),
  cache_hits: z.number(),
  cache_hit_rate: z.number(),
  p50_response_time_ms: z.number().nullable(),
  p95_response_time_ms: z.number().nullable(),
  p99_response_time_ms: z.number().nullable(),
});

const usage = createRoute({
  method: 'get',
  path: '/usage',
  tags: ['Dashboard'],
  summary: 'Usage by day, newest first',
  request: { query: z.object({ days: z.coerce.number().int().min(1).max(90).default(30) }) },
  responses: {
    200: jsonAnswer(
      'Usage',
      z.object({
        period: z.object({ days: z.number(), from: z.string(), to: z.string() }),
        stats: z.array(usageStat),
      }),
    ),
    ...errorAnswers(400, 401, 503),
  },
});

dashboard.openapi(usage, async (context) => {
  const caller = callerOf(context);
  const { days } = context.req.valid('query');
  const nowMs = context.var.services.now();
  const period = { from: isoDay(nowMs - (days - 1) * DAY_MS), to: isoDay(nowMs) };
  const scope = { partnerId: caller.partnerId, environment: caller.environment, ...period };
  const lines = await context.var.services.reports.lines(scope, 'day');
  return context.json(
    {
      period: { days, ...period },
      stats: lines.map((line) => ({
        date: line.group,
        total_requests: line.calls,
        units: line.units,
        successful: line.successful,
        failed: line.failed,
        avg_response_time_ms: line.avgLatencyMs,
        cache_hits: line.cacheHits,
        cache_hit_rate: line.calls === 0 ? 0 : Math.round((line.cacheHits / line.calls) * 10_000) / 10_000,
        p50_response_time_ms: line.p50,
        p95_response_time_ms: line.p95,
        p99_response_time_ms: line.p99,
      })),
    },
    200,
  );
});

/** Whose limit it is: the tightest is the one that is shown. */
const level = z.enum(['key', 'partner', 'cap']);
const limitRow = z.object({ limit: z.number(), used: z.number(), remaining: z.number(), level });
const quotaRow = z.object({
  requests: z.number(),
  successful: z.number(),
  failed: z.number(),
  limit: z.number(),
  remaining: z.number(),
  level,
});

const quota = createRoute({
  method: 'get',
  path: '/quota',
  tags: ['Dashboard'],
  summary: 'Quotas and rates as the limiter counts them',
  responses: {
    200: jsonAnswer(
      'Quotas',
      z.object({
        tier: z.string(),
        daily: quotaRow,
        monthly: quotaRow,
        rate_limits: z.object({ second: limitRow, burst: limitRow, day: limitRow, month: limitRow }),
      }),
    ),
    ...errorAnswers(401, 503),
  },
});

/** `used`: where nothing limits, so that there is nothing to reckon it from. */
const showLimit = ({ limit, remaining, level }: Gauge, used: number) => ({
  limit,
  used: isUnlimited(limit) ? used : limit - remaining,
  remaining,
  level,
});

dashboard.openapi(quota, async (context) => {
  const caller = callerOf(context);
  const { limiter, reports, now } = context.var.services;
  const { used } = await limiter.standing(limitSubject(caller));
  // What the next answer's headers will say: the tightest of the key's, the partner's and the cap.
  const gauges = await limiter.peek(limitSubject(caller));
  const failed = await reports.failedOf(
    caller.partnerId,
    caller.environment,
    isoDay(dayStart(now())),
    isoDay(monthStart(now())),
  );
  // The limiter's count is the count; how many of them failed is known once their events are folded.
  const counted = (requests: number, failures: number, { limit, remaining, level }: Gauge) => {
    const failedNow = Math.min(failures, requests);
    return { requests, successful: requests - failedNow, failed: failedNow, limit, remaining, level };
  };
  return context.json(
    {
      tier: caller.tier,
      daily: counted(used.day, failed.day, gauges.day),
      monthly: counted(used.month, failed.month, gauges.month),
      rate_limits: {
        second: showLimit(gauges.second, used.second),
        burst: showLimit(gauges.burst, 0),
        day: showLimit(gauges.day, used.day),
        month: showLimit(gauges.month, used.month),
      },
    },
    200,
  );
});
