// /api/admin/reconciliations and /audit: what shows that counts and records are whole.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { AuditEntry } from '../audit/audit-store.ts';
import { AnyReconciliation } from '../billing/period-store.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, numberCursor, page, pageQuery } from '../http/api.ts';
import { text } from '../http/fields.ts';
import { rowSchema } from '../http/row-schema.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];

const listAudit = createRoute({
  method: 'get',
  path: '/audit',
  tags,
  summary:
    'List the audit of one partner or of all, newest first. With what the last check of its chains found',
  request: {
    query: pageQuery.extend({
      partner_id: z.uuid().optional(),
      /** How the action begins, such as `key.` or `app.created`. */
      action: text(50).optional(),
      /** An email address, or an actor's name or ID. */
      actor: text(600).optional(),
      from: z.iso.date().optional(),
      to: z.iso.date().optional(),
    }),
  },
  responses: {
    200: jsonAnswer(
      'Audit',
      z.object({
        data: z.array(rowSchema(AuditEntry)),
        next_cursor: z.string().nullable(),
        check: z
          .object({
            checked_at: z.string(),
            chains: z.number(),
            entries: z.number(),
            broken: z.array(z.object({ chain: z.string(), since: z.string(), reasons: z.array(z.string()) })),
          })
          .nullable(),
      }),
    ),
    ...errorAnswers(400, 401, 403),
  },
});

export function addAuditRoutes(api: OpenAPIHono<ApiEnv<Services>>): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/reconciliations',
      tags,
      summary: 'List the nightly comparisons of all partners, newest first. Of limiter, events and rollups',
      responses: {
        200: jsonAnswer('Results', z.object({ data: z.array(rowSchema(AnyReconciliation)) })),
        ...errorAnswers(401, 403),
      },
    }),
    async (context) => context.json({ data: await context.var.services.periods.reconciliations(100) }, 200),
  );
  api.openapi(listAudit, async (context) => {
    const { limit, cursor, partner_id, actor: who, ...filter } = context.req.valid('query');
    const { audit, auditChains } = context.var.services;
    const [rows, [check], broken] = await Promise.all([
      audit.list(partner_id ?? null, limit + 1, numberCursor(cursor), { ...filter, who }),
      auditChains.checks(1),
      auditChains.broken(100),
    ]);
    const found = check && {
      checked_at: check.checkedAt,
      chains: check.chains,
      entries: check.entries,
      broken: broken.map(({ chain, since, reasons }) => ({ chain, since, reasons })),
    };
    const entries = page(context, rows, limit, ({ id }) => id);
    return context.json({ ...entries, check: found ?? null }, 200);
  });
}
