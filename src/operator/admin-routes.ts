// /api/admin/*: for operators, by an access token with the role `operator` whose (issuer, sub) is on our list, and, where
// required, a verified client certificate.

import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Claims } from '../accounts/token-verifier.ts';
import { AppError } from '../core/errors.ts';
import {
  actorOf,
  createApi,
  errorAnswers,
  idOr404,
  jsonAnswer,
  jsonBody,
  numberCursor,
  page,
  pageQuery,
  uuidCursor,
} from '../http/api.ts';
import { announceAhead } from '../http/changes.ts';
import {
  email,
  ipRange,
  limitValue,
  origins,
  overageAction,
  reason,
  rfcTime,
  signatureRule,
  text,
} from '../http/fields.ts';
import { idempotent } from '../http/idempotent.ts';
import { addWebhookRoutes } from '../http/webhook-routes.ts';
import { inviteOwner } from '../partners/invitation-mail.ts';
import { originOf } from '../web/web.ts';
import { addKeyRoutes } from './key-routes.ts';
import { addLetterRoutes } from './letter-routes.ts';
import { addMoneyRoutes } from './money-routes.ts';
import type { Services } from './services.ts';

export const adminApi = createApi<Services>();
const operators = new WeakMap<Request, string>();

/** Only a certificate that Cloudflare verified counts: presented, SUCCESS, not revoked. */
export function checkCertificate(request: Pick<Request, 'cf'>): void {
  const presented = request.cf?.tlsClientAuth as
    | Partial<IncomingRequestCfPropertiesTLSClientAuth>
    | undefined;
  const isGood =
    presented?.certPresented === '1' && presented.certVerified === 'SUCCESS' && presented.certRevoked === '0';
  if (!isGood) throw new AppError('forbidden', 'A verified client certificate is required');
}

function lackingOf({ roles, email, hasSecondFactor }: Claims): string | undefined {
  if (!roles.includes('operator')) return 'This needs the role operator';
  if (!email) return 'This needs an e-mail address that the issuer has verified';
  return hasSecondFactor ? undefined : 'This needs a sign-in with a second factor (amr or acr)';
}

adminApi.use(async (context, next) => {
  const { verifyToken, config, idempotency, rates, operators: named } = context.var.services;
  if (config.REQUIRE_MTLS) checkCertificate(context.req.raw);
  const claims = await verifyToken(context.req.header('authorization'));
  const lacking = lackingOf(claims);
  if (lacking) throw new AppError('forbidden', lacking);
  rates.take('operator', claims.subject);
  // The issuer's word is never enough: it has a role of this name for whoever it likes.
  if (!(await named.isNamed(claims))) throw new AppError('forbidden', 'This token names no operator of ours');
  operators.set(context.req.raw, claims.subject);
  announceAhead(context);
  return idempotent(context, next, idempotency, {
    owner: 'operators',
    actor: `operator:${claims.subject}`,
  });
});

/** A partner is made, whether one more mail may go to its address or not: whoever signs up with it is sent the link. */
function unlessTooMany(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'rate_limit_exceeded')) throw error;
}

const actor = (context: Context) => actorOf(context, `operator:${operators.get(context.req.raw) ?? ''}`);

addMoneyRoutes(adminApi, actor);
addKeyRoutes(adminApi, actor);
addLetterRoutes(adminApi, actor);
addWebhookRoutes(adminApi, (context) => ({ owner: null, actor: actor(context) }));

const partner = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  company: z.string().nullable(),
  status: z.string(),
  tier: z.string(),
  rate_limit_per_second: z.number(),
  rate_limit_per_day: z.number(),
  rate_limit_per_month: z.number(),
  custom_limits: z.boolean(),
  overage_action: z.string(),
  signature_rule: z.string(),
  allowed_origins: z.array(z.string()),
  created_at: z.string(),
  last_active_at: z.string().nullable(),
});

const params = z.object({ id: z.string() });
const partnerAnswers = { 200: jsonAnswer('The partner', partner), ...errorAnswers(400, 401, 403, 404, 503) };

const idOf = (id: string): string => idOr404(id, 'partner');

adminApi.openapi(
  createRoute({
    method: 'get',
    path: '/partners',
    tags: ['Operators'],
    summary: 'Partners, newest first',
    request: { query: pageQuery.extend({ search: text(200).optional() }) },
    responses: {
      200: jsonAnswer('Partners', z.object({ data: z.array(partner), next_cursor: z.string().nullable() })),
      ...errorAnswers(400, 401, 403),
    },
  }),
  async (context) => {
    const { limit, cursor, search } = context.req.valid('query');
    const rows = await context.var.services.partners.list(limit + 1, uuidCursor(cursor), search);
    return context.json(
      page(rows, limit, ({ id }) => id),
      200,
    );
  },
);

adminApi.openapi(
  createRoute({
    method: 'post',
    path: '/partners',
    tags: ['Operators'],
    summary: 'Make a partner; its address gets a link to become the owner',
    request: {
      body: jsonBody(
        z.object({
          name: text(255, 1),
          email,
          company: text(255).nullish(),
          tier: text(50, 1).default('free'),
          status: z.enum(['active', 'pending', 'sandbox_only']).default('active'),
          /** Of the mail. */
          language: z.enum(['en', 'fr']).default('en'),
        }),
      ),
    },
    responses: { 201: jsonAnswer('The partner', partner), ...errorAnswers(400, 401, 403, 409) },
  }),
  async (context) => {
    const { services } = context.var;
    const { language, ...wanted } = context.req.valid('json');
    const made = await services.partners.create(wanted, actor(context));
    const origin = originOf(context, services.config);
    await inviteOwner(services, made.email, { actor: actor(context), origin, language }).catch(unlessTooMany);
    return context.json(made, 201);
  },
);

adminApi.openapi(
  createRoute({
    method: 'get',
    path: '/partners/{id}',
    tags: ['Operators'],
    summary: 'One partner',
    request: { params },
    responses: partnerAnswers,
  }),
  async (context) =>
    context.json(await context.var.services.partners.get(idOf(context.req.valid('param').id)), 200),
);

adminApi.openapi(
  createRoute({
    method: 'patch',
    path: '/partners/{id}',
    tags: ['Operators'],
    summary: "Change a partner's name, company or allowed origins",
    request: {
      params,
      body: jsonBody(
        z.object({
          name: text(255, 1).optional(),
          company: text(255).nullish(),
          allowed_origins: origins.optional(),
        }),
      ),
    },
    responses: partnerAnswers,
  }),
  async (context) => {
    const { allowed_origins: allowedOrigins, ...change } = context.req.valid('json');
    const id = idOf(context.req.valid('param').id);
    return context.json(
      await context.var.services.partners.change(id, { ...change, allowedOrigins }, actor(context)),
      200,
    );
  },
);

const STATUSES = {
  approve: ['active', 'Let a partner use live keys'],
  suspend: ['suspended', 'Refuse all keys of a partner, at once'],
  reinstate: ['active', 'Let a suspended partner in again'],
} as const;

for (const [action, [status, summary]] of Object.entries(STATUSES)) {
  const needsReason = action === 'suspend';
  adminApi.openapi(
    createRoute({
      method: 'post',
      path: `/partners/{id}/${action}`,
      tags: ['Operators'],
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
      return context.json(await partners.setStatus(id, status, why, actor(context), origin), 200);
    },
  );
}

adminApi.openapi(
  createRoute({
    method: 'put',
    path: '/partners/{id}/tier',
    tags: ['Operators'],
    summary: 'Move a partner to another plan, as POST /partners/{id}/plan does',
    request: { params, body: jsonBody(z.object({ tier: text(50, 1) })) },
    responses: { ...partnerAnswers, ...errorAnswers(409) },
  }),
  async (context) => {
    const id = idOf(context.req.valid('param').id);
    const { partners, plans } = context.var.services;
    await plans.assign(id, context.req.valid('json'), actor(context));
    return context.json(await partners.get(id), 200);
  },
);

adminApi.openapi(
  createRoute({
    method: 'put',
    path: '/partners/{id}/limits',
    tags: ['Operators'],
    summary: "A partner's own limits, in force at once; -1 is unlimited, 0 is nothing",
    request: {
      params,
      body: jsonBody(
        z.object({
          rate_limit_per_second: limitValue,
          rate_limit_per_day: limitValue,
          rate_limit_per_month: limitValue,
          overage_action: overageAction.optional(),
        }),
      ),
    },
    responses: partnerAnswers,
  }),
  async (context) => {
    const wanted = context.req.valid('json');
    const limits = {
      perSecond: wanted.rate_limit_per_second,
      perDay: wanted.rate_limit_per_day,
      perMonth: wanted.rate_limit_per_month,
      overageAction: wanted.overage_action,
    };
    const id = idOf(context.req.valid('param').id);
    return context.json(await context.var.services.partners.setLimits(id, limits, actor(context)), 200);
  },
);

adminApi.openapi(
  createRoute({
    method: 'delete',
    path: '/partners/{id}/limits',
    tags: ['Operators'],
    summary: "Back to the tier's limits",
    request: { params },
    responses: partnerAnswers,
  }),
  async (context) => {
    const id = idOf(context.req.valid('param').id);
    return context.json(await context.var.services.partners.setLimits(id, null, actor(context)), 200);
  },
);

adminApi.openapi(
  createRoute({
    method: 'put',
    path: '/partners/{id}/signatures',
    tags: ['Operators'],
    summary: 'What signing keys of a partner may sign, in force at once: `bound` is the whole request only',
    request: { params, body: jsonBody(z.object({ signature_rule: signatureRule, reason })) },
    responses: partnerAnswers,
  }),
  async (context) => {
    const { signature_rule: rule, reason: why } = context.req.valid('json');
    const id = idOf(context.req.valid('param').id);
    return context.json(
      await context.var.services.partners.setSignatureRule(id, rule, actor(context), why),
      200,
    );
  },
);

adminApi.openapi(
  createRoute({
    method: 'get',
    path: '/reconciliations',
    tags: ['Operators'],
    summary: 'Nightly comparison of limiter, events and rollups, newest first',
    responses: {
      200: jsonAnswer('Results', z.object({ data: z.array(z.looseObject({})) })),
      ...errorAnswers(401, 403),
    },
  }),
  async (context) => context.json({ data: await context.var.services.periods.reconciliations(100) }, 200),
);

adminApi.openapi(
  createRoute({
    method: 'get',
    path: '/audit',
    tags: ['Operators'],
    summary: 'Audit of one partner or of all, newest first, and what the last check of its chains found',
    request: { query: pageQuery.extend({ partner_id: z.uuid().optional() }) },
    responses: {
      200: jsonAnswer(
        'Audit',
        z.object({
          data: z.array(z.looseObject({})),
          next_cursor: z.string().nullable(),
          check: z
            .object({
              checked_at: z.string(),
              chains: z.number(),
              entries: z.number(),
              broken: z.array(
                z.object({ chain: z.string(), since: z.string(), reasons: z.array(z.string()) }),
              ),
            })
            .nullable(),
        }),
      ),
      ...errorAnswers(400, 401, 403),
    },
  }),
  async (context) => {
    const { limit, cursor, partner_id } = context.req.valid('query');
    const { audit, auditChains } = context.var.services;
    const [rows, [check], broken] = await Promise.all([
      audit.list(partner_id ?? null, limit + 1, numberCursor(cursor)),
      auditChains.checks(1),
      auditChains.broken(100),
    ]);
    const found = check && {
      checked_at: check.checkedAt,
      chains: check.chains,
      entries: check.entries,
      broken: broken.map(({ chain, since, reasons }) => ({ chain, since, reasons })),
    };
    const entries = page(
      rows.map((row) => ({ ...row })),
      limit,
      ({ id }) => id,
    );
    return context.json({ ...entries, check: found ?? null }, 200);
  },
);

const block = z.object({
  id: z.string(),
  range: z.string(),
  reason: z.string(),
  created_by: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
});

adminApi.openapi(
  createRoute({
    method: 'get',
    path: '/blocks',
    tags: ['Operators'],
    summary: 'Blocked addresses, newest first',
    responses: { 200: jsonAnswer('Blocks', z.object({ data: z.array(block) })), ...errorAnswers(401, 403) },
  }),
  async (context) => context.json({ data: await context.var.services.blocks.list() }, 200),
);

adminApi.openapi(
  createRoute({
    method: 'post',
    path: '/blocks',
    tags: ['Operators'],
    summary: 'Block an address or a range; in force at every edge within a minute or so',
    request: {
      body: jsonBody(
        z.object({
          range: ipRange,
          reason,
          expires_at: rfcTime.nullish(),
        }),
      ),
    },
    responses: { 201: jsonAnswer('The block', block), ...errorAnswers(400, 401, 403) },
  }),
  async (context) => {
    const { range, reason: why, expires_at: expiresAt = null } = context.req.valid('json');
    const made = await context.var.services.blocks.create({ range, reason: why, expiresAt }, actor(context));
    return context.json(made, 201);
  },
);

adminApi.openapi(
  createRoute({
    method: 'delete',
    path: '/blocks/{id}',
    tags: ['Operators'],
    summary: 'Lift a block',
    request: {
      params,
      body: { content: { 'application/json': { schema: z.object({ reason: reason.optional() }) } } },
    },
    responses: {
      200: jsonAnswer('Lifted', z.object({ id: z.string(), message: z.string() })),
      ...errorAnswers(401, 403, 404),
    },
  }),
  async (context) => {
    const id = idOr404(context.req.valid('param').id, 'block');
    const { reason: why = 'lifted' } = context.req.valid('json') ?? {};
    await context.var.services.blocks.lift(id, why, actor(context));
    return context.json({ id, message: 'The block is lifted' }, 200);
  },
);
