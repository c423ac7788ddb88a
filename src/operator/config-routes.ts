// /api/admin/config: the instance as a file names it. Planned, applied, compared and exported.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { documentOf } from '../catalog/catalog.ts';
import { entryOf, policyPlace } from '../configuration/config-fields.ts';
import { configFile } from '../configuration/config-file.ts';
import type { ConfigPlan } from '../configuration/config-plan.ts';
import { hostOf } from '../core/public-address.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../http/api.ts';
import { reason } from '../http/fields.ts';
import { originOf } from '../web/web.ts';
import type { Services } from './services.ts';

const tags = ['Operators: configuration'];

const file = configFile.describe('What the instance is to be. What is left out stays as it is');
const version = z
  .record(z.string(), z.string().max(200))
  .describe('What it was planned against: sent back with what is applied');
const owned = {
  owner: z.enum(['file', 'portal', 'sql']).describe('Who set what stands there now'),
  by: z.string().nullable(),
  at: z.string().nullable(),
};
const routes = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.object({ route: z.string(), fields: z.array(z.string()) })),
});
const change = z.object({
  path: z.string().describe('JSON pointer into the file'),
  before: z.unknown(),
  after: z.unknown(),
  ...owned,
  routes: routes.optional().describe('Of a document: what changes for those who call'),
});
const planned = z.object({
  changes: z.array(change),
  taken: z.array(z.string()).describe('Fields that become the file’s, as they are'),
  released: z.array(z.string()).describe('Fields of the file before that this one does not name'),
  price_impact: z.array(
    z.object({
      plan: z.string(),
      currency: z.string(),
      partners: z.number(),
      monthly_minor: z.number().describe('More, or less, of a month from all of them'),
    }),
  ),
  version,
});

const planConfig = createRoute({
  method: 'post',
  path: '/config/plan',
  operationId: 'planConfig',
  tags,
  summary: 'Plan a configuration file; shows what it would change, and changes nothing',
  request: { body: jsonBody(z.strictObject({ file })) },
  responses: { 200: jsonAnswer('What it would change', planned), ...errorAnswers(400, 401, 403) },
});
const applyConfig = createRoute({
  method: 'post',
  path: '/config/apply',
  operationId: 'applyConfig',
  tags,
  summary: 'Apply a configuration file: all of it, or nothing',
  request: {
    body: jsonBody(
      z.strictObject({
        file,
        version,
        reason: reason.optional().describe('Needed where a price changes that partners pay'),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(
      'Applied',
      planned.omit({ version: true }).extend({
        in_force: z.boolean().describe('Whether every partner’s limiter has heard of its APIs'),
      }),
    ),
    ...errorAnswers(400, 401, 403, 409),
  },
});
const driftOfConfig = createRoute({
  method: 'get',
  path: '/config/drift',
  operationId: 'getConfigDrift',
  tags,
  summary: 'List what was applied and is not so any more',
  responses: {
    200: jsonAnswer(
      'What differs',
      z.object({
        data: z.array(
          z.object({
            path: z.string(),
            applied: z.unknown(),
            applied_at: z.string(),
            applied_by: z.string(),
            now: z.unknown(),
            ...owned,
          }),
        ),
      }),
    ),
    ...errorAnswers(401, 403),
  },
});
const exportConfig = createRoute({
  method: 'get',
  path: '/config',
  operationId: 'exportConfig',
  tags,
  summary: 'Export the configuration as a file, with its documents in it',
  request: {
    query: z.object({
      partners: z.enum(['true', 'false']).default('false').describe('Whether partners are in it, too'),
    }),
  },
  responses: { 200: jsonAnswer('The file', z.looseObject({})), ...errorAnswers(400, 401, 403) },
});

const planView = ({ changes, taken, released, hits, routes: offered }: ConfigPlan) => ({
  changes: changes.map(({ path, kind, thing, field, before, after, owner, by, at }) => ({
    path,
    before,
    after,
    owner,
    by,
    at,
    ...(kind === 'apis' && field === 'document' && { routes: offered.get(thing) }),
  })),
  taken,
  released,
  price_impact: hits.map(({ monthlyMinor, ...hit }) => ({ ...hit, monthly_minor: monthlyMinor })),
});

/** Policies by API, by route, by what they are. */
function withPolicy(all: Record<string, Record<string, unknown>> = {}, thing: string, entry: object) {
  const { api, route, policy } = policyPlace(thing);
  const before = all[api]?.[route];
  return { ...all, [api]: { ...all[api], [route]: { ...(before as object | undefined), [policy]: entry } } };
}

export function addConfigRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  const askedBy = (context: Context<ApiEnv<Services>>) => ({
    actor: actorOf(context),
    askedAt: hostOf(new URL(context.req.url)),
    origin: originOf(context, context.var.services.config),
  });
  api.openapi(planConfig, async (context) => {
    const plan = await context.var.services.configuration.plan(context.req.valid('json').file, {
      ...askedBy(context),
    });
    return context.json({ ...planView(plan), version: plan.version }, 200);
  });
  api.openapi(applyConfig, async (context) => {
    const { file: wanted, version: seen, reason: why } = context.req.valid('json');
    const asking = { ...askedBy(context), reason: why };
    const { plan, isInForce } = await context.var.services.configuration.apply(wanted, seen, asking);
    return context.json({ ...planView(plan), in_force: isInForce }, 200);
  });
  api.openapi(driftOfConfig, async (context) => {
    const drift = await context.var.services.configuration.drift();
    const data = drift.map(({ appliedAt, appliedBy, ...each }) => ({
      ...each,
      applied_at: appliedAt,
      applied_by: appliedBy,
    }));
    return context.json({ data }, 200);
  });
  api.openapi(exportConfig, async (context) => {
    const { seen, documents } = await context.var.services.configuration.export({
      withPartners: context.req.valid('query').partners === 'true',
    });
    const exported: Record<string, Record<string, Record<string, unknown>>> = {};
    for (const { kind, thing, fields } of seen) {
      const document = kind === 'apis' ? documentOf({ documents }, thing) : undefined;
      const entry = { ...entryOf(fields ?? {}), ...(document && { document }) };
      exported[kind] =
        kind === 'policies'
          ? withPolicy(exported.policies, thing, entry)
          : { ...exported[kind], [thing]: entry };
    }
    return context.json(exported, 200);
  });
}
