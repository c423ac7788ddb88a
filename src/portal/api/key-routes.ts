// /api/dev/apps/{appId}/keys and /api/dev/keys/{keyId}

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, idOr404, jsonAnswer, jsonBody } from '../../http/api.ts';
import {
  apiVersion,
  ipRanges,
  keyName,
  limitValue,
  lines,
  reason,
  rfcTime,
  scopeList,
  signatureRule,
} from '../../http/fields.ts';
import { KINDS, keyBudget } from '../../http/key-schemas.ts';
import { hasSecret, oauthClient } from '../../keys/oauth-client.ts';
import { developerApi, developerOf } from './developer.ts';
import { keyShape, SECRET_WARNING, showKey, withSecret } from './key-shape.ts';

const rotated = withSecret.extend({
  retired_until: z.string().nullable().describe('Until when the secret before works, too'),
});
const NO_SECRET = 'This client has no secret: it proves itself by its keys or its certificate.';

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/apps/{appId}/keys',
    tags: ['Keys'],
    summary: 'Create a key. The secret is in this answer and nowhere else',
    request: {
      params: z.object({ appId: z.string() }),
      body: jsonBody(
        z.object({
          /** `api_key` signs requests; `bearer` is sent as it is; `oauth_client` gets access tokens at /oauth/token. */
          key_type: z.enum(['api_key', 'bearer', 'oauth_client']),
          environment: z.enum(['test', 'live']),
          name: keyName,
          description: lines(1000).nullish(),
          scopes: scopeList.optional(),
          expires_at: rfcTime.nullish(),
          allowed_ips: ipRanges.nullish(),
          signature_rule: signatureRule.optional(),
          client: oauthClient.optional(),
        }),
      ),
    },
    responses: { 201: jsonAnswer('The key', withSecret), ...errorAnswers(400, 401, 403, 404) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { apps, keys } = context.var.services;
    const app = await apps.get(partner.id, idOr404(context.req.valid('param').appId, 'app'));
    const wanted = context.req.valid('json');
    const made = await keys.create(
      partner.id,
      {
        appId: app.id,
        kind: KINDS[wanted.key_type],
        environment: wanted.environment,
        name: wanted.name,
        description: wanted.description,
        scopes: wanted.scopes ?? (app.scopes.length > 0 ? app.scopes : undefined),
        expiresAt: wanted.expires_at,
        allowedIps: wanted.allowed_ips,
        signatureRule: wanted.signature_rule,
        client: wanted.client,
      },
      actor,
    );
    const secret = hasSecret(made.key) ? made.secret : null;
    const warning = secret === null ? NO_SECRET : SECRET_WARNING;
    return context.json({ ...showKey(made.key), secret, warning }, 201);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/apps/{appId}/keys',
    tags: ['Keys'],
    summary: 'List the keys of an app, newest first. Revoked ones are included',
    request: {
      params: z.object({ appId: z.string() }),
      query: z.object({ environment: z.enum(['test', 'live']).optional() }),
    },
    responses: { 200: jsonAnswer('Keys', z.object({ data: z.array(keyShape) })), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { apps, keys } = context.var.services;
    const app = await apps.get(partner.id, idOr404(context.req.valid('param').appId, 'app'));
    const { environment } = context.req.valid('query');
    return context.json(
      { data: (await keys.list(partner.id, { appId: app.id, environment })).map((key) => showKey(key)) },
      200,
    );
  },
);

const keyParams = z.object({ keyId: z.string() });

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/keys/{keyId}',
    tags: ['Keys'],
    summary: 'Retrieve a key',
    request: { params: keyParams },
    responses: { 200: jsonAnswer('The key', keyShape), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { keys } = context.var.services;
    const key = await keys.get(partner.id, context.req.valid('param').keyId);
    return context.json(showKey(key, await keys.budgets.standing(key)), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/keys/{keyId}/rotate',
    tags: ['Keys'],
    summary: 'Rotate a key. The secret before works for the grace period, older ones end',
    request: {
      params: keyParams,
      body: {
        content: {
          'application/json': { schema: z.object({ grace_days: z.int().min(0).max(90).optional() }) },
        },
      },
    },
    responses: { 200: jsonAnswer('The key', rotated), ...errorAnswers(400, 401, 404, 409) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { grace_days } = context.req.valid('json') ?? {};
    const { keyId } = context.req.valid('param');
    const { keys } = context.var.services;
    const made = await keys.rotate(partner.id, keyId, grace_days, actor);
    return context.json(
      {
        ...showKey(made.key, await keys.budgets.standing(made.key)),
        secret: made.secret,
        retired_until: made.retiredUntil,
        warning: SECRET_WARNING,
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/keys/{keyId}/revoke',
    tags: ['Keys'],
    summary: 'Revoke a key, at once and for good',
    request: { params: keyParams, body: jsonBody(z.object({ reason })) },
    responses: { 200: jsonAnswer('The key', keyShape), ...errorAnswers(400, 401, 404, 503) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { keyId } = context.req.valid('param');
    const key = await context.var.services.keys.revoke(
      partner.id,
      keyId,
      context.req.valid('json').reason,
      actor,
    );
    return context.json(showKey(key), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'patch',
    path: '/keys/{keyId}',
    tags: ['Keys'],
    summary: "Update a key. Its name, scopes, addresses, expiry, and its own limits, at most its plan's",
    request: {
      params: keyParams,
      body: jsonBody(
        z.object({
          name: keyName.optional(),
          description: lines(1000).nullish(),
          scopes: scopeList.optional(),
          allowed_ips: ipRanges.nullish(),
          expires_at: rfcTime.nullish(),
          signature_rule: signatureRule.optional(),
          api_version: apiVersion,
          client: oauthClient.optional(),
          budget: keyBudget.optional(),
          limits: z
            .object({
              burst_limit: limitValue.nullish(),
              sustained_limit: limitValue.nullish(),
              daily_quota: limitValue.nullish(),
              monthly_quota: limitValue.nullish(),
            })
            .optional(),
        }),
      ),
    },
    responses: { 200: jsonAnswer('The key', keyShape), ...errorAnswers(400, 401, 404, 503) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { keys } = context.var.services;
    const { keyId } = context.req.valid('param');
    const {
      limits: wanted,
      allowed_ips,
      expires_at,
      signature_rule,
      api_version,
      ...rest
    } = context.req.valid('json');
    const change = {
      ...rest,
      allowedIps: allowed_ips,
      expiresAt: expires_at,
      signatureRule: signature_rule,
      apiVersion: api_version,
    };
    // What may be refused first: then nothing is changed.
    await keys.checkChange(await keys.get(partner.id, keyId), change);
    if (wanted) {
      await keys.chooseLimits(
        partner.id,
        keyId,
        {
          burstLimit: wanted.burst_limit,
          sustainedLimit: wanted.sustained_limit,
          dailyQuota: wanted.daily_quota,
          monthlyQuota: wanted.monthly_quota,
        },
        actor,
      );
    }
    const key = await keys.change(partner.id, keyId, change, actor);
    return context.json(showKey(key, await keys.budgets.standing(key)), 200);
  },
);
