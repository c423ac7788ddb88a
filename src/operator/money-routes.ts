// /api/admin: plans, invoices, alerts, and the export of billing.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import { OPERATOR } from '../alerts/rules.ts';
import type { Actor } from '../audit/audit-store.ts';
import type { NewPlan } from '../billing/plan-store.ts';
import { AppError } from '../core/errors.ts';
import { addAlertRoutes } from '../http/alert-routes.ts';
import {
  type ApiEnv,
  errorAnswers,
  idOr404,
  jsonAnswer,
  jsonBody,
  page,
  pageQuery,
  uuidCursor,
} from '../http/api.ts';
import { reason, text } from '../http/fields.ts';
import {
  amount,
  currency,
  invoice,
  invoiceSummary,
  invoiceView,
  newPlan,
  plan,
  planView,
} from '../http/money-schemas.ts';
import type { Services } from './services.ts';

const tags = ['Operators: money'];
const MOST_EXPORTED = 1000;

const toPlan = (wish: z.infer<typeof newPlan>): NewPlan => ({
  tier: wish.tier,
  partnerId: wish.partner_id ?? null,
  selfServe: wish.self_serve,
  prices: wish.prices,
  overageActions: [...new Set(['block' as const, ...wish.overage_actions])],
  perSecond: wish.rate_limit_per_second,
  perDay: wish.rate_limit_per_day,
  perMonth: wish.rate_limit_per_month,
  maxKeys: wish.max_keys,
  features: wish.features,
});
export function addMoneyRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/plans',
      tags,
      summary: 'All plans',
      responses: { 200: jsonAnswer('Plans', z.object({ data: z.array(plan) })), ...errorAnswers(401, 403) },
    }),
    async (context) => context.json({ data: (await context.var.services.plans.plans()).map(planView) }, 200),
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/plans',
      tags,
      summary: 'Make a plan, for everybody or for one partner',
      request: { body: jsonBody(newPlan) },
      responses: { 201: jsonAnswer('The plan', plan), ...errorAnswers(400, 401, 403, 409) },
    }),
    async (context) => {
      const wish = toPlan(context.req.valid('json'));
      return context.json(planView(await context.var.services.plans.save(wish, actorOf(context), true)), 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'put',
      path: '/plans/{tier}',
      tags,
      summary: 'Change a plan; partners on it have its limits and prices at once',
      request: {
        params: z.object({ tier: z.string() }),
        body: jsonBody(newPlan.omit({ tier: true, partner_id: true })),
      },
      responses: { 200: jsonAnswer('The plan', plan), ...errorAnswers(400, 401, 403, 404, 409) },
    }),
    async (context) => {
      const wish = toPlan({
        ...context.req.valid('json'),
        tier: context.req.valid('param').tier,
        partner_id: null,
      });
      return context.json(
        planView(await context.var.services.plans.save(wish, actorOf(context), false)),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/partners/{id}/plan',
      tags,
      summary:
        'Assign a plan, tax and currency to a partner: the plan at once, the currency with the next month',
      request: {
        params: z.object({ id: z.string() }),
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
        200: jsonAnswer(
          'Assigned',
          z.object({ tier: z.string(), currency: z.string(), tax_bps: z.number() }),
        ),
        ...errorAnswers(400, 401, 403, 404, 409),
      },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'partner');
      const { tax_bps: taxBps, ...change } = context.req.valid('json');
      const now = await context.var.services.plans.assign(id, { ...change, taxBps }, actorOf(context));
      return context.json({ tier: now.tier, currency: now.currency, tax_bps: now.taxBps }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/invoices',
      tags,
      summary: 'Invoices and credit notes of all partners, newest first',
      request: {
        query: pageQuery.extend({
          partner: z.uuid().optional(),
          status: z.enum(['open', 'paid', 'void']).optional(),
          search: text(100).optional(),
        }),
      },
      responses: {
        200: jsonAnswer(
          'Invoices',
          z.object({ data: z.array(invoiceSummary), next_cursor: z.string().nullable() }),
        ),
        ...errorAnswers(400, 401, 403),
      },
    }),
    async (context) => {
      const { limit, cursor, partner: partnerId, ...filter } = context.req.valid('query');
      const rows = await context.var.services.invoices.list(limit + 1, uuidCursor(cursor), {
        ...filter,
        partnerId,
      });
      return context.json(
        page(rows, limit, ({ id }) => id),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/invoices/{id}',
      tags,
      summary: 'One invoice with its lines',
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(401, 403, 404) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'invoice');
      return context.json(invoiceView(await context.var.services.invoices.get(null, id)), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/invoices/{id}/pay',
      tags,
      summary: 'Note that it is paid',
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(401, 403, 404, 409) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'invoice');
      return context.json(invoiceView(await context.var.services.invoices.pay(id, actorOf(context))), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/invoices/{id}/void',
      tags,
      summary: 'Nothing is owed any more; the number stays taken',
      request: { params: z.object({ id: z.string() }), body: jsonBody(z.object({ reason })) },
      responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(400, 401, 403, 404, 409) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'invoice');
      const why = context.req.valid('json').reason;
      return context.json(
        invoiceView(await context.var.services.invoices.void(id, why, actorOf(context))),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/invoices/{id}/credit',
      tags,
      summary: 'Take back part of it, or all, with a credit note',
      request: {
        params: z.object({ id: z.string() }),
        body: jsonBody(z.object({ amount_minor: amount.min(1).describe('Before tax'), reason })),
      },
      responses: { 201: jsonAnswer('The credit note', invoice), ...errorAnswers(400, 401, 403, 404, 409) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').id, 'invoice');
      const { amount_minor: netMinor, reason: why } = context.req.valid('json');
      const actor = actorOf(context);
      const key = context.req.header('idempotency-key');
      const idempotencyKey = key === undefined ? null : `${actor.name}:${key}`;
      const note = await context.var.services.invoices.credit(
        id,
        { netMinor, reason: why, idempotencyKey },
        actor,
      );
      return context.json(invoiceView(note), 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/exports/{what}',
      tags,
      summary:
        'Final documents, or daily usage, as a batch of CloudEvents; the same export twice has the same ids',
      request: {
        params: z.object({ what: z.enum(['invoices', 'usage']) }),
        query: z.object({
          from: z.iso.datetime({ offset: true }),
          to: z.iso.datetime({ offset: true }),
          limit: z.coerce.number().int().min(1).max(MOST_EXPORTED).default(MOST_EXPORTED),
          after: z.string().max(100).optional().describe('The id of the last event taken'),
        }),
      },
      responses: {
        200: {
          description: 'CloudEvents 1.0, JSON batch',
          content: {
            'application/cloudevents-batch+json': { schema: z.array(z.looseObject({ id: z.string() })) },
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
  addAlertRoutes(api, (context) => ({ owner: OPERATOR, sees: undefined, actor: actorOf(context) }));
}
