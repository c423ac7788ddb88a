// Alerts and their rules as JSON: the same routes for a partner's developers and for operators.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { AlertService } from '../alerts/alert-service.ts';
import type { Actor } from '../audit/audit-store.ts';
import { alert, alertRule, alertSetting } from './alert-schemas.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody, page, pageQuery, uuidCursor } from './api.ts';

const tags = ['Alerts'];

const listAlerts = createRoute({
  method: 'get',
  path: '/alerts',
  tags,
  summary: 'List alerts, newest first',
  request: { query: pageQuery.extend({ state: z.enum(['open', 'resolved']).optional() }) },
  responses: {
    200: jsonAnswer('Alerts', z.object({ data: z.array(alert), next_cursor: z.string().nullable() })),
    ...errorAnswers(400, 401),
  },
});

const listRules = createRoute({
  method: 'get',
  path: '/alert-rules',
  tags,
  summary: 'List the rules of alerts, as they stand for you',
  responses: { 200: jsonAnswer('Rules', z.object({ data: z.array(alertRule) })), ...errorAnswers(401) },
});

const setRule = createRoute({
  method: 'put',
  path: '/alert-rules/{rule}',
  tags,
  summary: 'Switch a rule on or off, or set its threshold',
  request: { params: z.object({ rule: z.string().max(50) }), body: jsonBody(alertSetting) },
  responses: {
    200: jsonAnswer('Saved', alertSetting),
    ...errorAnswers(400, 401, 403, 404),
  },
});

/** `ownerOf`: whose rules a request is about; `sees` undefined: everybody's alerts. */
export function addAlertRoutes<S extends { alerts: AlertService }>(
  api: OpenAPIHono<ApiEnv<S>>,
  ownerOf: (context: Context<ApiEnv<S>>) => { owner: string; sees: string | undefined; actor: Actor },
): void {
  api.openapi(listAlerts, async (context) => {
    const { limit, cursor, state } = context.req.valid('query');
    const filter = { before: uuidCursor(cursor), isOpen: state && state === 'open' };
    const rows = await context.var.services.alerts.list(ownerOf(context).sees, limit + 1, filter);
    return context.json(
      page(context, rows, limit, ({ id }) => id),
      200,
    );
  });
  api.openapi(listRules, async (context) => {
    const rules = await context.var.services.alerts.rules(ownerOf(context).owner);
    const data = rules.map(
      ({ rule, unit, windowMinutes, isEnabled, ownThreshold, threshold, isAdjustable }) => ({
        rule,
        unit,
        window_minutes: windowMinutes,
        enabled: isEnabled,
        threshold: ownThreshold ?? threshold,
        is_adjustable: isAdjustable,
      }),
    );
    return context.json({ data }, 200);
  });
  api.openapi(setRule, async (context) => {
    const { owner, actor } = ownerOf(context);
    const setting = context.req.valid('json');
    const threshold = setting.threshold ?? null;
    const { rule } = context.req.valid('param');
    await context.var.services.alerts.set(owner, rule, { isEnabled: setting.enabled, threshold }, actor);
    return context.json({ enabled: setting.enabled, threshold }, 200);
  });
}
