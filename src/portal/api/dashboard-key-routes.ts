// /dashboard/api-keys: a partner's keys, and making and revoking them with a key.

import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError } from '../../core/errors.ts';
import {
  actorOf,
  errorAnswers,
  fieldErrors,
  jsonAnswer,
  page,
  pageQuery,
  uuidCursor,
} from '../../http/api.ts';
import { keyName, lines, rfcTime, scopeList } from '../../http/fields.ts';
import { budgetShape, keyBudget } from '../../http/key-schemas.ts';
import { budgetOf } from '../../keys/key-budget-service.ts';
import type { KeyRecord } from '../../keys/key-record.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { hasTokens } from '../../keys/token-check.ts';
import { makeBudgetKey, requireOwnScopes } from '../budget-keys.ts';
import type { Services } from '../services.ts';
import { callerOf, dashboard, needScope, sightOf } from './dashboard.ts';

const WARNING = "Save this key now. You won't be able to see it again!";

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
  budget: budgetShape,
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
  budget: budgetOf(key, undefined),
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  last_used_at: key.lastUsedAt,
});

const listKeys = createRoute({
  method: 'get',
  path: '/api-keys',
  tags: ['Dashboard'],
  summary:
    'List keys of the partner, newest first. Revoked ones are included. Needs keys:read, which keys:write includes',
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
  // One with a budget knows of those that it made.
  const parentId = caller.budgets ? caller.id : undefined;
  const [rows, total] = await Promise.all([
    keys.list(caller.partnerId, { environment, parentId }, { limit: limit + 1, before: uuidCursor(cursor) }),
    keys.count(caller.partnerId, environment, parentId),
  ]);
  const { data, next_cursor } = page(context, rows, limit, ({ id }) => id);
  return context.json({ api_keys: data.map(showKey), total, next_cursor }, 200);
});

const newKey = z.object({
  name: keyName,
  description: lines(1000).nullish(),
  scopes: scopeList.optional(),
  expires_at: rfcTime.nullish(),
  environment: z.enum(['test', 'live']).optional(),
  budget: keyBudget.optional(),
});

const createKey = createRoute({
  method: 'post',
  path: '/api-keys',
  tags: ['Dashboard'],
  summary:
    'Create a key. It stays within the scopes, limits, addresses, app and expiry of the key that creates it, and ends with it. A key that signs whole requests only creates none. With a budget it counts in the limits of the key that creates it; a client, and a key with a budget, create only such keys. The secret is in this answer and nowhere else',
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
        budget: budgetShape,
        warning: z.string(),
      }),
    ),
    ...errorAnswers(400, 401, 403, 413),
  },
});

/** One that counts for itself. */
function makeKey(services: Services, caller: KeyRecord, wanted: z.output<typeof newKey>, actor: Actor) {
  const { gateway, keys } = services;
  const { scopes = gateway.catalog.keyScopes.bearer, environment = caller.environment } = wanted;
  requireOwnScopes(services, caller, scopes);
  if (caller.kind === 'signing' && caller.signatureRule === 'bound')
    throw new AppError('forbidden', 'A key that signs whole requests makes no keys that prove less');
  if (hasTokens(caller))
    throw new AppError(
      'forbidden',
      'A client, whose tokens end within minutes, makes only keys with a budget',
    );
  if (caller.budgets) throw new AppError('forbidden', 'A key with a budget makes only keys with a budget');
  if (environment === 'live' && caller.environment === 'test')
    throw new AppError('forbidden', 'A test key cannot make live keys');
  const { name, description, expires_at: expiresAt } = wanted;
  const { partnerId, appId, id: parentId } = caller;
  return keys.create(
    partnerId,
    { kind: 'bearer', name, description, scopes, environment, expiresAt, appId, parentId },
    actor,
  );
}

dashboard.post('/api-keys', async (context) => {
  const caller = callerOf(context);
  const actor = actorOf(context, `key:${caller.keyId}`);
  const parsed = newKey.safeParse(await readJson(context));
  if (!parsed.success)
    throw new AppError('validation_error', undefined, { details: fieldErrors(parsed.error) });
  needScope(caller, 'keys:write');
  const { key, secret } = await (parsed.data.budget
    ? makeBudgetKey(context.var.services, caller, { ...parsed.data, budget: parsed.data.budget }, actor)
    : makeKey(context.var.services, caller, parsed.data, actor));
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
      budget: budgetOf(key, key.counterId === null ? undefined : 0),
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

/** Whether a key is the caller's own, or was made by it, or by one that it made. */
async function isWithin({ keys }: Services, key: KeyView, { id, partnerId }: KeyRecord): Promise<boolean> {
  for (let each = key; ; each = await keys.get(partnerId, each.parentId)) {
    if (each.id === id) return true;
    if (each.parentId === null) return false;
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
  const isSeen = (sightOf(caller) ?? key.environment) === key.environment;
  if (!isSeen || (caller.budgets && !(await isWithin(context.var.services, key, caller))))
    throw new AppError('not_found', 'No such key');
  if (key.id !== caller.id) needScope(caller, 'keys:write');
  const actor = actorOf(context, `key:${caller.keyId}`);
  await context.var.services.keys.revoke(caller.partnerId, id, 'revoked from the dashboard API', actor);
  return context.json({ id: key.id, message: 'The key is revoked' }, 200);
});
