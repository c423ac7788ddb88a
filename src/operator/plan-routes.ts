// /api/admin/plans: what partners pay and may use; and which plan a partner has.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import type { Plan } from '../billing/plan-store.ts';
import { currency } from '../http/amount-schemas.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, jsonBody } from '../http/api.ts';
import { reason, text } from '../http/fields.ts';
import { newPlan, plan, planView, toPlan } from '../http/plan-schemas.ts';
import { etag, expectedBy, ifMatch, tagged } from '../http/versions.ts';
import type { Services } from './services.ts';

const tags = ['Operators: plans'];

/** As operators see it, who change it. */
const taggedPlan = plan.extend({ etag });
const viewOf = (of: Plan): z.infer<typeof taggedPlan> => ({ ...planView(of), etag: of.etag });

const listPlans = createRoute({
  method: 'get',
  path: '/plans',
  tags,
  summary: 'List all plans',
  responses: { 200: jsonAnswer('Plans', z.object({ data: z.array(taggedPlan) })), ...errorAnswers(401, 403) },
});

const createPlan = createRoute({
  method: 'post',
  path: '/plans',
  tags,
  summary: 'Create a plan, for everybody or for one partner',
  request: { body: jsonBody(newPlan) },
  responses: { 201: jsonAnswer('The plan', taggedPlan), ...errorAnswers(400, 401, 403, 409) },
});

const getPlan = createRoute({
  method: 'get',
  path: '/plans/{tier}',
  tags,
  summary: 'Retrieve a plan',
  request: { params: z.object({ tier: z.string() }) },
  responses: { 200: jsonAnswer('The plan', taggedPlan), ...errorAnswers(401, 403, 404) },
});

const changePlan = createRoute({
  method: 'put',
  path: '/plans/{tier}',
  tags,
  summary: 'Update a plan; partners on it have its limits at once, and its prices unless they keep theirs',
  request: {
    params: z.object({ tier: z.string() }),
    headers: ifMatch,
    body: jsonBody(
      newPlan.omit({ tier: true, partner_id: true }).extend({
        reason: reason.optional().describe('Needed where a price changes that partners pay'),
        keep_prices: z
          .boolean()
          .default(false)
          .describe('Those who are on the plan keep its prices, on a copy that is closed to others'),
      }),
    ),
  },
  responses: { 200: jsonAnswer('The plan', taggedPlan), ...errorAnswers(400, 401, 403, 404, 409, 412) },
});

const assignPlan = createRoute({
  method: 'post',
  path: '/partners/{id}/plan',
  operationId: 'assignPlan',
  tags,
  summary: 'Assign a plan, tax and currency to a partner. The plan at once, the currency with the next month',
  request: {
    params: z.object({ id: z.string() }),
    headers: ifMatch,
    body: jsonBody(
      z.object({
        tier: text(50).optional(),
        tax_bps: z.int().min(0).max(10_000).optional(),
        currency: currency.optional(),
        reason,
      }),
    ),
  },
  responses: {
    200: jsonAnswer('Assigned', z.object({ tier: z.string(), currency: z.string(), tax_bps: z.number() })),
    ...errorAnswers(400, 401, 403, 404, 409, 412),
  },
});

export function addPlanRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(listPlans, async (context) =>
    context.json({ data: (await context.var.services.plans.plans()).map(viewOf) }, 200),
  );
  api.openapi(createPlan, async (context) => {
    const input = toPlan(context.req.valid('json'));
    const made = await context.var.services.plans.save(input, actorOf(context), true);
    return context.json(tagged(context, viewOf(made)), 201);
  });
  api.openapi(getPlan, async (context) => {
    const found = await context.var.services.plans.plan(context.req.valid('param').tier);
    return context.json(tagged(context, viewOf(found)), 200);
  });
  api.openapi(changePlan, async (context) => {
    const { reason: why, keep_prices: keepsPrices, ...typed } = context.req.valid('json');
    const input = toPlan({ ...typed, tier: context.req.valid('param').tier, partner_id: null });
    const change = { reason: why, keepsPrices, expected: expectedBy(context) };
    const saved = await context.var.services.plans.save(input, actorOf(context), false, change);
    return context.json(tagged(context, viewOf(saved)), 200);
  });
  api.openapi(assignPlan, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'partner');
    const { tax_bps: taxBps, ...change } = context.req.valid('json');
    const now = await context.var.services.plans.assign(
      id,
      { ...change, taxBps },
      actorOf(context),
      expectedBy(context),
    );
    return context.json({ tier: now.tier, currency: now.currency, tax_bps: now.taxBps }, 200);
  });
}
