// /api/admin/invoices: invoices and credit notes of all partners.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { amount } from '../http/amount-schemas.ts';
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
import { ageing, invoice, invoiceSummary, invoiceView } from '../http/invoice-schemas.ts';
import type { Services } from './services.ts';

const tags = ['Operators: invoices'];

const listInvoices = createRoute({
  method: 'get',
  path: '/invoices',
  tags,
  summary: 'List invoices and credit notes of all partners, newest first',
  request: {
    query: pageQuery.extend({
      partner: z.uuid().optional(),
      status: z.enum(['open', 'overdue', 'paid', 'void']).optional(),
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
});

const getReceivables = createRoute({
  method: 'get',
  path: '/receivables',
  tags,
  summary: 'Retrieve what is overdue, by currency and days since it was due',
  responses: {
    200: jsonAnswer('Sums in minor units', z.object({ data: z.array(ageing) })),
    ...errorAnswers(401, 403),
  },
});

const getInvoice = createRoute({
  method: 'get',
  path: '/invoices/{id}',
  tags,
  summary: 'Retrieve an invoice with its lines',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(401, 403, 404) },
});

const payInvoice = createRoute({
  method: 'post',
  path: '/invoices/{id}/pay',
  tags,
  summary: 'Mark an invoice as paid',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(401, 403, 404, 409) },
});

const voidInvoice = createRoute({
  method: 'post',
  path: '/invoices/{id}/void',
  tags,
  summary: 'Void an invoice. Nothing is owed any more, and the number stays taken',
  request: { params: z.object({ id: z.string() }), body: jsonBody(z.object({ reason })) },
  responses: { 200: jsonAnswer('The invoice', invoice), ...errorAnswers(400, 401, 403, 404, 409) },
});

const creditInvoice = createRoute({
  method: 'post',
  path: '/invoices/{id}/credit',
  tags,
  summary: 'Credit an invoice, in part or in full, with a credit note',
  request: {
    params: z.object({ id: z.string() }),
    body: jsonBody(z.object({ amount_minor: amount.min(1).describe('Before tax'), reason })),
  },
  responses: { 201: jsonAnswer('The credit note', invoice), ...errorAnswers(400, 401, 403, 404, 409) },
});

export function addInvoiceRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(listInvoices, async (context) => {
    const { limit, cursor, partner: partnerId, ...filter } = context.req.valid('query');
    const rows = await context.var.services.invoices.list(limit + 1, uuidCursor(cursor), {
      ...filter,
      partnerId,
    });
    return context.json(
      page(context, rows, limit, ({ id }) => id),
      200,
    );
  });
  api.openapi(getReceivables, async (context) =>
    context.json({ data: await context.var.services.invoices.ageing() }, 200),
  );
  api.openapi(getInvoice, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'invoice');
    return context.json(invoiceView(await context.var.services.invoices.get(null, id)), 200);
  });
  api.openapi(payInvoice, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'invoice');
    return context.json(invoiceView(await context.var.services.invoices.pay(id, actorOf(context))), 200);
  });
  api.openapi(voidInvoice, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'invoice');
    const why = context.req.valid('json').reason;
    return context.json(
      invoiceView(await context.var.services.invoices.void(id, why, actorOf(context))),
      200,
    );
  });
  api.openapi(creditInvoice, async (context) => {
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
  });
}
