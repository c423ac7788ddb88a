// /api/admin/partners/{id}: its tier, its own limits, and what its keys may sign.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, jsonBody } from '../http/api.ts';
import { limitValue, overageAction, reason, signatureRule, text } from '../http/fields.ts';
import { expectedBy, ifMatch, tagged } from '../http/versions.ts';
import { idOf, params, partnerAnswers } from './partner-answers.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];

const moveToTier = createRoute({
  method: 'put',
  path: '/partners/{id}/tier',
  tags,
  summary: 'Move a partner to another plan, as POST /partners/{id}/plan does',
  request: {
    params,
    headers: ifMatch,
    body: jsonBody(z.object({ tier: text(50, 1), reason: reason.optional() })),
  },
  responses: { ...partnerAnswers, ...errorAnswers(409, 412) },
});

const setLimits = createRoute({
  method: 'put',
  path: '/partners/{id}/limits',
  tags,
  summary: "Set a partner's own limits. In force at once; -1 is unlimited, 0 is nothing",
  request: {
    params,
    headers: ifMatch,
    body: jsonBody(
      z.object({
        rate_limit_per_second: limitValue,
        rate_limit_per_day: limitValue,
        rate_limit_per_month: limitValue,
        overage_action: overageAction.optional(),
        reason: reason.optional(),
      }),
    ),
  },
  responses: { ...partnerAnswers, ...errorAnswers(412) },
});

const resetLimits = createRoute({
  method: 'delete',
  path: '/partners/{id}/limits',
  tags,
  summary: "Reset a partner's limits to its plan's",
  request: {
    params,
    headers: ifMatch,
    body: { content: { 'application/json': { schema: z.object({ reason: reason.optional() }) } } },
  },
  responses: { ...partnerAnswers, ...errorAnswers(412) },
});

const setSignatures = createRoute({
  method: 'put',
  path: '/partners/{id}/signatures',
  tags,
  summary: 'Set what signing keys of a partner may sign. In force at once: `bound` is the whole request only',
  request: { params, headers: ifMatch, body: jsonBody(z.object({ signature_rule: signatureRule, reason })) },
  responses: { ...partnerAnswers, ...errorAnswers(412) },
});

export function addPartnerLimitRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(moveToTier, async (context) => {
    const id = idOf(context.req.valid('param').id);
    const { partners, plans } = context.var.services;
    await plans.assign(id, context.req.valid('json'), actorOf(context), expectedBy(context));
    return context.json(tagged(context, await partners.get(id)), 200);
  });
  api.openapi(setLimits, async (context) => {
    const wanted = context.req.valid('json');
    const limits = {
      perSecond: wanted.rate_limit_per_second,
      perDay: wanted.rate_limit_per_day,
      perMonth: wanted.rate_limit_per_month,
      overageAction: wanted.overage_action,
    };
    const id = idOf(context.req.valid('param').id);
    const change = { reason: wanted.reason, expected: expectedBy(context) };
    const changed = await context.var.services.partners.setLimits(id, limits, actorOf(context), change);
    return context.json(tagged(context, changed), 200);
  });
  api.openapi(resetLimits, async (context) => {
    const id = idOf(context.req.valid('param').id);
    const { reason: why } = context.req.valid('json') ?? {};
    const change = { reason: why, expected: expectedBy(context) };
    const changed = await context.var.services.partners.setLimits(id, null, actorOf(context), change);
    return context.json(tagged(context, changed), 200);
  });
  api.openapi(setSignatures, async (context) => {
    const { signature_rule: rule, reason: why } = context.req.valid('json');
    const id = idOf(context.req.valid('param').id);
    const { partners } = context.var.services;
    const change = { reason: why, expected: expectedBy(context) };
    const changed = await partners.setSignatureRule(id, rule, actorOf(context), change);
    return context.json(tagged(context, changed), 200);
  });
}
