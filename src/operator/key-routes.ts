// /api/admin/keys: state and limits of any key, and its end.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../http/api.ts';
import { limitValue, overageAction, reason } from '../http/fields.ts';
import { keyLimits } from '../http/key-schemas.ts';
import { etag, expectedBy, ifMatch, tagged } from '../http/versions.ts';
import { KEY_STATES } from '../keys/key-state.ts';
import type { KeyView } from '../keys/key-view-store.ts';
import { originOf } from '../web/web.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];
const params = z.object({ id: z.string() });
const keyAnswer = z.object({
  key_id: z.string(),
  is_active: z.boolean(),
  state: z.enum(KEY_STATES),
  limits: keyLimits,
  etag,
});
const showKey = ({ keyId, state, limits, etag: version }: KeyView): z.infer<typeof keyAnswer> => ({
  key_id: keyId,
  is_active: state === 'active',
  state,
  limits,
  etag: version,
});

const getKey = createRoute({
  method: 'get',
  path: '/keys/{id}',
  tags,
  summary: 'Retrieve any key: its state and its own limits',
  request: { params },
  responses: { 200: jsonAnswer('The key', keyAnswer), ...errorAnswers(401, 403, 404) },
});

export function addKeyRoutes(api: OpenAPIHono<ApiEnv<Services>>, actorOf: (context: Context) => Actor): void {
  api.openapi(getKey, async (context) => {
    const key = await context.var.services.keys.get(null, context.req.valid('param').id);
    return context.json(tagged(context, showKey(key)), 200);
  });

  api.openapi(
    createRoute({
      method: 'put',
      path: '/keys/{id}/limits',
      tags,
      summary: "Set a key's own limits. In force at once; null goes back to the plan's",
      request: {
        params,
        headers: ifMatch,
        body: jsonBody(
          z.object({
            burst_limit: limitValue.nullish(),
            sustained_limit: limitValue.nullish(),
            daily_quota: limitValue.nullish(),
            monthly_quota: limitValue.nullish(),
            overage_action: overageAction.optional(),
          }),
        ),
      },
      responses: { 200: jsonAnswer('The key', keyAnswer), ...errorAnswers(400, 401, 403, 404, 412, 503) },
    }),
    async (context) => {
      const wanted = context.req.valid('json');
      const limits = {
        burstLimit: wanted.burst_limit,
        sustainedLimit: wanted.sustained_limit,
        dailyQuota: wanted.daily_quota,
        monthlyQuota: wanted.monthly_quota,
        overageAction: wanted.overage_action,
      };
      const { id } = context.req.valid('param');
      const { keys } = context.var.services;
      const key = await keys.setLimits(id, limits, actorOf(context), expectedBy(context));
      return context.json(tagged(context, showKey(key)), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/keys/{id}/revoke',
      tags,
      summary: 'Revoke any key, at once and for good',
      request: { params, body: jsonBody(z.object({ reason })) },
      responses: { 200: jsonAnswer('The key', keyAnswer), ...errorAnswers(400, 401, 403, 404, 503) },
    }),
    async (context) => {
      const { reason: why } = context.req.valid('json');
      const { keys, config } = context.var.services;
      const { id } = context.req.valid('param');
      const key = await keys.revokeAny(id, why, actorOf(context), originOf(context, config));
      return context.json(tagged(context, showKey(key)), 200);
    },
  );
}
