// /api/admin/partners: who they are, and whether they may call.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { currency } from '../http/amount-schemas.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody, page, pageQuery, uuidCursor } from '../http/api.ts';
import { apiVersion, email, origins, reason, text } from '../http/fields.ts';
import { expectedBy, ifMatch, tagged } from '../http/versions.ts';
import type { AccessAction } from '../partners/access-service.ts';
import { createPartner } from '../partners/provisioning.ts';
import { originOf } from '../web/web.ts';
import { idOf, params, partner, partnerAnswers } from './partner-answers.ts';
import type { Services } from './services.ts';

const tags = ['Operators'];

const ACCESS: [AccessAction, string][] = [
  ['approve', 'Approve a partner. It may use live keys'],
  ['suspend', 'Suspend a partner. All of its keys are refused at once'],
  ['reinstate', 'Reinstate a suspended partner. It is what it was before'],
];

const listPartners = createRoute({
  method: 'get',
  path: '/partners',
  tags,
  summary: 'List partners, newest first',
  request: { query: pageQuery.extend({ search: text(200).optional() }) },
  responses: {
    200: jsonAnswer('Partners', z.object({ data: z.array(partner), next_cursor: z.string().nullable() })),
    ...errorAnswers(400, 401, 403),
  },
});

const createPartnerRoute = createRoute({
  method: 'post',
  path: '/partners',
  tags,
  summary: 'Create a partner; its address gets a link to become the owner',
  request: {
    body: jsonBody(
      z.object({
        name: text(255, 1),
        email,
        company: text(255).nullish(),
        tier: text(50, 1).default('free'),
        status: z.enum(['active', 'pending', 'sandbox_only']).default('active'),
        currency: currency.default('EUR'),
        /** Of the mail. */
        language: z.enum(['en', 'fr']).default('en'),
      }),
    ),
  },
  responses: {
    201: jsonAnswer(
      'The partner',
      partner.extend({
        invitation_mailed: z
          .boolean()
          .describe('false: it is there, and the link could not be mailed. Invite the address again'),
      }),
    ),
    ...errorAnswers(400, 401, 403, 409),
  },
});

const getPartner = createRoute({
  method: 'get',
  path: '/partners/{id}',
  tags,
  summary: 'Retrieve a partner',
  request: { params },
  responses: partnerAnswers,
});

const changePartner = createRoute({
  method: 'patch',
  path: '/partners/{id}',
  tags,
  summary: "Update a partner's name, company or allowed origins",
  request: {
    params,
    headers: ifMatch,
    body: jsonBody(
      z.object({
        name: text(255, 1).optional(),
        company: text(255).nullish(),
        allowed_origins: origins.optional(),
        api_version: apiVersion,
      }),
    ),
  },
  responses: { ...partnerAnswers, ...errorAnswers(412) },
});

export function addPartnerRoutes(
  api: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  api.openapi(listPartners, async (context) => {
    const { limit, cursor, search } = context.req.valid('query');
    const rows = await context.var.services.partners.list(limit + 1, uuidCursor(cursor), search);
    return context.json(
      page(context, rows, limit, ({ id }) => id),
      200,
    );
  });
  api.openapi(createPartnerRoute, async (context) => {
    const { services } = context.var;
    const { language, ...wanted } = context.req.valid('json');
    const inviting = { actor: actorOf(context), origin: originOf(context, services.config), language };
    const made = await createPartner(services, wanted, inviting);
    return context.json(tagged(context, { ...made.partner, invitation_mailed: made.isInvited }), 201);
  });
  api.openapi(getPartner, async (context) => {
    const found = await context.var.services.partners.get(idOf(context.req.valid('param').id));
    return context.json(tagged(context, found), 200);
  });
  api.openapi(changePartner, async (context) => {
    const { allowed_origins: allowedOrigins, api_version: pin, ...change } = context.req.valid('json');
    const id = idOf(context.req.valid('param').id);
    const wanted = { ...change, allowedOrigins, apiVersion: pin };
    const { partners } = context.var.services;
    const changed = await partners.change(id, wanted, actorOf(context), expectedBy(context));
    return context.json(tagged(context, changed), 200);
  });
  addStatusRoutes(api, actorOf);
}

function addStatusRoutes(api: OpenAPIHono<ApiEnv<Services>>, actorOf: (context: Context) => Actor): void {
  for (const [action, summary] of ACCESS) {
    const needsReason = action === 'suspend';
    api.openapi(
      createRoute({
        method: 'post',
        path: `/partners/{id}/${action}`,
        tags,
        summary,
        request: {
          params,
          body: {
            required: needsReason,
            content: {
              'application/json': { schema: z.object({ reason: needsReason ? reason : reason.optional() }) },
            },
          },
        },
        responses: partnerAnswers,
      }),
      async (context) => {
        const { reason: why = null } = context.req.valid('json') ?? {};
        const id = idOf(context.req.valid('param').id);
        const { partners, config } = context.var.services;
        const origin = originOf(context, config);
        const changed = await partners.changeAccess(id, action, why, actorOf(context), origin);
        return context.json(tagged(context, changed), 200);
      },
    );
  }
}
