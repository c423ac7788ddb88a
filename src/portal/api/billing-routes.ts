// /api/dev/billing, /api/dev/plans, /api/dev/invoices, and alerts

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import type { Billing } from '../../billing/plan-service.ts';
import { addAlertRoutes } from '../../http/alert-routes.ts';
import { errorAnswers, idOr404, jsonAnswer, jsonBody, page, pageQuery, uuidCursor } from '../../http/api.ts';
import { billing, billingChange, draftView, planReview, preview } from '../../http/billing-schemas.ts';
import { invoice, invoiceSummary, invoiceView } from '../../http/invoice-schemas.ts';
import { plan, planView } from '../../http/plan-schemas.ts';
import { checkMay, developerApi, developerOf } from './developer.ts';

const tags = ['Billing'];

const billingView = (now: Billing) => ({
  tier: now.tier,
  currency: now.currency,
  overage_action: now.overageAction,
  overage_actions: now.overageActions,
  overage_in_force: now.overageInForce,
  spending_cap_minor: now.spendingCapMinor,
  tax_bps: now.taxBps,
  billing_email: now.billingEmail,
  billing_address: now.billingAddress,
  tax_id: now.taxId,
  next_tier: now.nextTier,
  next_currency: now.nextCurrency,
  next_change_at: now.nextChangeAt,
  undo_tier: now.undoTier,
  undo_until: now.undoUntil,
});

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/plans',
    tags,
    summary: 'List the plans to choose from',
    responses: { 200: jsonAnswer('Plans', z.object({ data: z.array(plan) })), ...errorAnswers(401) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    return context.json({ data: (await context.var.services.plans.plansFor(partner.id)).map(planView) }, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/plans/{tier}/review',
    tags,
    summary: 'Preview another plan. What is due now, the next invoice, and each month after',
    request: { params: z.object({ tier: z.string() }) },
    responses: { 200: jsonAnswer('Review', planReview), ...errorAnswers(401, 403, 409) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    checkMay(developerOf(context), 'subscribe');
    const review = await context.var.services.plans.review(partner.id, context.req.valid('param').tier);
    return context.json(
      {
        tier: review.to.tier,
        is_now: review.isNow,
        starts_at: review.startsAt,
        currency: review.currency,
        due_now_minor: review.dueNowMinor,
        next_invoice: review.nextInvoice && draftView(review.nextInvoice),
        invoiced_at: review.invoicedAt,
        monthly_minor: review.monthlyMinor,
        monthly_currency: review.monthlyCurrency,
        is_billed: review.isBilled,
        overage_action: review.overageAction,
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/billing/undo',
    tags,
    summary: 'Undo the change of plan of the last hour; it is billed as if it had never been',
    responses: { 200: jsonAnswer('Billing', billing), ...errorAnswers(401, 403, 409) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    checkMay(developerOf(context), 'subscribe');
    return context.json(billingView(await context.var.services.plans.undo(partner.id, actor)), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/billing',
    tags,
    summary: 'Retrieve how you are billed, and what waits for the next month',
    responses: { 200: jsonAnswer('Billing', billing), ...errorAnswers(401) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    return context.json(billingView(await context.var.services.plans.billing(partner.id)), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'patch',
    path: '/billing',
    tags,
    summary: 'Change plan, currency, overage, spending cap or where invoices go',
    request: { body: jsonBody(billingChange) },
    responses: { 200: jsonAnswer('Billing', billing), ...errorAnswers(400, 401, 403, 409) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { plans } = context.var.services;
    const change = context.req.valid('json');
    const { tier, currency, overage_action, spending_cap_minor } = change;
    if ([tier, currency, overage_action, spending_cap_minor].some((wanted) => wanted !== undefined))
      checkMay(developerOf(context), 'subscribe');
    // Before anything is changed: what is refused changes nothing.
    if (change.overage_action !== undefined)
      await plans.checkOverage(partner.id, change.overage_action, change.tier);
    if (change.currency !== undefined) await plans.checkCurrency(partner.id, change.currency, change.tier);
    // The plan first, because it says what may be chosen beyond its quota.
    if (change.tier !== undefined) await plans.choose(partner.id, change.tier, actor);
    if (change.currency !== undefined) await plans.chooseCurrency(partner.id, change.currency, actor);
    const now = await plans.setDetails(
      partner.id,
      {
        overageAction: change.overage_action,
        spendingCapMinor: change.spending_cap_minor,
        billingEmail: change.billing_email,
        billingAddress: change.billing_address,
        taxId: change.tax_id,
      },
      actor,
    );
    return context.json(billingView(now), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/billing/preview',
    tags,
    summary: 'Preview the next invoice, so far and at the pace of this month',
    responses: { 200: jsonAnswer('Preview', preview), ...errorAnswers(401) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { drafts, forecast, start, end, units, forecastUnits } =
      await context.var.services.invoices.preview(partner.id);
    return context.json(
      {
        period_start: start,
        period_end: end,
        units,
        forecast_units: forecastUnits,
        so_far: drafts.map(draftView),
        forecast: forecast.map(draftView),
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/invoices',
    tags,
    summary: 'List invoices and credit notes, newest first',
    request: { query: pageQuery },
    responses: {
      200: jsonAnswer(
        'Invoices',
        z.object({ data: z.array(invoiceSummary), next_cursor: z.string().nullable() }),
      ),
      ...errorAnswers(400, 401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { limit, cursor } = context.req.valid('query');
    const rows = await context.var.services.invoices.list(limit + 1, uuidCursor(cursor), {
      partnerId: partner.id,
    });
    return context.json(
      page(context, rows, limit, ({ id }) => id),
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/invoices/{invoiceId}',
    tags,
    summary: 'Retrieve an invoice with its lines',
    request: { params: z.object({ invoiceId: z.string() }) },
    responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const id = idOr404(context.req.valid('param').invoiceId, 'invoice');
    return context.json(invoiceView(await context.var.services.invoices.get(partner.id, id)), 200);
  },
);

addAlertRoutes(developerApi, (context) => {
  const { partner, actor } = developerOf(context);
  return { owner: partner.id, sees: partner.id, actor };
});
