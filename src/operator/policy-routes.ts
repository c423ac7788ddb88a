// /api/admin/policies: what is asked of routes besides: refusals, changes, mocks, patience with upstreams.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { POLICY_NAMES } from '../catalog/policies/kinds.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, jsonBody } from '../http/api.ts';
import { reason, text } from '../http/fields.ts';
import type { Services } from './services.ts';

const tags = ['Operators: APIs'];
const params = z.object({ id: z.string() });
const settings = z
  .record(z.string(), z.unknown())
  .describe('As the policy has them; what is left out has its default')
  .meta({ example: { seconds: 30 } });
const position = z
  .int()
  .min(0)
  .max(1000)
  .default(0)
  .describe('The lower, the earlier, among those of the same place');
const place = {
  api: text(40, 1).nullable().default(null).describe('null: of all APIs').meta({ example: 'transit' }),
  route: text(600, 1)
    .nullable()
    .default(null)
    .describe('`GET /v1/things`; null: of all routes')
    .meta({ example: 'GET /v2/stops/search' }),
  partner_id: z.uuid().nullable().default(null).describe('null: for every partner').meta({ example: null }),
};
const policy = z.object({
  id: z.string(),
  api: z.string().nullable(),
  route: z.string().nullable(),
  partner_id: z.string().nullable(),
  partner_name: z.string().nullable(),
  position: z.number(),
  policy: z.string().meta({ example: 'cache' }),
  settings,
  created_at: z.string(),
  created_by: z.string(),
});

const changed = policy.extend({
  in_force: z
    .boolean()
    .describe('Whether every limiter has heard it; false: within a minute')
    .meta({ example: true }),
});

const listPolicies = createRoute({
  method: 'get',
  path: '/policies',
  operationId: 'listPolicies',
  tags,
  summary: 'List all policies, in the order of their places',
  responses: { 200: jsonAnswer('Policies', z.object({ data: z.array(policy) })), ...errorAnswers(401, 403) },
});
const installPolicy = createRoute({
  method: 'post',
  path: '/policies',
  operationId: 'installPolicy',
  tags,
  summary: 'Install a policy; in force at every edge within a second of the answer',
  request: {
    body: jsonBody(
      z.object({ ...place, position, policy: z.enum(POLICY_NAMES).meta({ example: 'cache' }), settings }),
    ),
  },
  responses: { 201: jsonAnswer('Installed', changed), ...errorAnswers(400, 401, 403, 409) },
});
const changePolicy = createRoute({
  method: 'put',
  path: '/policies/{id}',
  operationId: 'changePolicy',
  tags,
  summary: 'Change the settings of a policy, and its position',
  request: { params, body: jsonBody(z.object({ position, settings })) },
  responses: { 200: jsonAnswer('The policy', changed), ...errorAnswers(400, 401, 403, 404, 409) },
});
const removePolicy = createRoute({
  method: 'delete',
  path: '/policies/{id}',
  operationId: 'removePolicy',
  tags,
  summary: 'Remove a policy',
  request: { params, body: jsonBody(z.object({ reason })) },
  responses: {
    200: jsonAnswer(
      'Removed',
      z.object({ id: z.string(), message: z.string(), in_force: changed.shape.in_force }),
    ),
    ...errorAnswers(400, 401, 403, 404, 409),
  },
});

export function addPolicyRoutes(
  routes: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  routes.openapi(listPolicies, async (context) =>
    context.json({ data: await context.var.services.policies.list() }, 200),
  );
  routes.openapi(installPolicy, async (context) => {
    const { partner_id: partnerId, ...wanted } = context.req.valid('json');
    const made = await context.var.services.policies.install({ ...wanted, partnerId }, actorOf(context));
    return context.json(made, 201);
  });
  routes.openapi(changePolicy, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'policy');
    const { position: at, settings: given } = context.req.valid('json');
    return context.json(await context.var.services.policies.change(id, at, given, actorOf(context)), 200);
  });
  routes.openapi(removePolicy, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'policy');
    const { reason: why } = context.req.valid('json');
    const done = await context.var.services.policies.remove(id, why, actorOf(context));
    return context.json({ id, message: 'The policy is removed', ...done }, 200);
  });
}
