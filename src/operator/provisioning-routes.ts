// /api/admin/partners/{id}/apps, /keys and /invitations: what operators set up for a partner.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../http/api.ts';
import { email, keyName, lines, rfcTime, scopeList, signatureRule, webAddress } from '../http/fields.ts';
import { KINDS } from '../http/key-schemas.ts';
import { inviteByMail } from '../partners/invitation-mail.ts';
import { ROLES } from '../partners/permissions.ts';
import { createPartnerKey } from '../partners/provisioning.ts';
import { originOf } from '../web/web.ts';
import { idOf, params } from './partner-answers.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];

const newApp = z.object({
  name: keyName,
  description: lines(1000).nullish(),
  website: webAddress.nullish(),
});

const createAppRoute = createRoute({
  method: 'post',
  path: '/partners/{id}/apps',
  tags,
  summary: 'Create an app for a partner',
  request: { params, body: jsonBody(newApp) },
  responses: {
    201: jsonAnswer('The app', z.object({ id: z.string(), name: z.string(), created_at: z.string() })),
    ...errorAnswers(400, 401, 403, 404, 409),
  },
});

const createKeyRoute = createRoute({
  method: 'post',
  path: '/partners/{id}/keys',
  tags,
  summary: 'Create a key for a partner; its owners are told. The secret is in this answer and nowhere else',
  request: {
    params,
    body: jsonBody(
      z.object({
        app_id: z.uuid().nullish(),
        key_type: z.enum(['api_key', 'bearer', 'oauth_client']).default('bearer'),
        environment: z.enum(['test', 'live']),
        name: keyName,
        scopes: scopeList.optional(),
        expires_at: rfcTime.nullish(),
        signature_rule: signatureRule.optional(),
      }),
    ),
  },
  responses: {
    201: jsonAnswer(
      'The key',
      z.object({
        key_id: z.string(),
        app_id: z.string().nullable(),
        environment: z.string(),
        name: z.string(),
        key_prefix: z.string(),
        scopes: z.array(z.string()),
        expires_at: z.string().nullable(),
        secret: z.string(),
      }),
    ),
    ...errorAnswers(400, 401, 403, 404, 409),
  },
});

const createInvitationRoute = createRoute({
  method: 'post',
  path: '/partners/{id}/invitations',
  tags,
  summary: 'Invite someone to a partner by mail; the link works for seven days',
  request: {
    params,
    body: jsonBody(
      z.object({ email, role: z.enum(ROLES).default('owner'), language: z.enum(['en', 'fr']).default('en') }),
    ),
  },
  responses: {
    201: jsonAnswer('Sent', z.object({ id: z.string() })),
    ...errorAnswers(400, 401, 403, 404, 409, 429, 503),
  },
});

export function addProvisioningRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(createAppRoute, async (context) => {
    const { partners, apps } = context.var.services;
    const { id: partnerId } = await partners.get(idOf(context.req.valid('param').id));
    const { id, name, created_at } = await apps.create(
      partnerId,
      context.req.valid('json'),
      actorOf(context),
    );
    return context.json({ id, name, created_at }, 201);
  });

  api.openapi(createKeyRoute, async (context) => {
    const { services } = context.var;
    const wanted = context.req.valid('json');
    const { key, secret } = await createPartnerKey(
      services,
      idOf(context.req.valid('param').id),
      {
        appId: wanted.app_id,
        kind: KINDS[wanted.key_type],
        environment: wanted.environment,
        name: wanted.name,
        scopes: wanted.scopes,
        expiresAt: wanted.expires_at,
        signatureRule: wanted.signature_rule,
      },
      { actor: actorOf(context), origin: originOf(context, services.config) },
    );
    const { keyId: key_id, appId: app_id, keyPrefix: key_prefix, expiresAt: expires_at } = key;
    const { environment, name, scopes } = key;
    return context.json({ key_id, app_id, environment, name, key_prefix, scopes, expires_at, secret }, 201);
  });

  api.openapi(createInvitationRoute, async (context) => {
    const { services } = context.var;
    const { language, ...wanted } = context.req.valid('json');
    const partner = await services.partners.get(idOf(context.req.valid('param').id));
    const inviting = { actor: actorOf(context), origin: originOf(context, services.config), language };
    return context.json(await inviteByMail(services, partner, wanted, inviting), 201);
  });
}
