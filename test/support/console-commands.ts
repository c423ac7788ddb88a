// Every command of the console. Doors of one command are sent the same wish, each in its own form.

import { randomUUID } from 'node:crypto';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { type Command, type Fields, inHours, nothing, revoked, rule } from './command.ts';
import { BLOCKED, type Situation } from './situation.ts';

/** Why, in words that name the situation. */
const why = ({ mark }: Situation) => ({ reason: `because of ${mark}` });

const ofPartner = (does: string, audit: string, path: string, given?: Command['given']): Command => ({
  does,
  of: 'partner',
  given,
  audit: [audit],
  events: [audit],
  doors: {
    [`POST /operator/partners/:id/${path}`]: why,
    [`POST /api/admin/partners/:id/${path}`]: why,
  },
});
const standing = (status: string) => (at: Situation) =>
  `UPDATE partner SET status = '${status}' WHERE id = '${at.partner}'`;
const OWNERS = ['<myEmail>', '<other>@example.com', 'partner-<mark>@example.com'];
const ofAnyKey = (does: string, left: Omit<Command, 'does' | 'doors'>): Command => ({
  does,
  of: 'key',
  ...left,
  doors: { 'POST /operator/keys/:key/revoke': why, 'POST /api/admin/keys/:id/revoke': why },
});
/** In both languages. */
const saidForm = (mark: string) => ({ text_en: `It is ${mark}`, text_fr: `C’est ${mark}` });
const saidJson = (mark: string) => ({ text: { en: `It is ${mark}`, fr: `C’est ${mark}` } });
const UPSTREAM = 'http://127.0.0.1:9/offer';
const upstreamForm = { upstreams: `${UPSTREAM} 2`, credential: '', drop: 'true' };
/** As it is once it was adopted: so both doors keep the same. */
const offerOf = (id: string) =>
  adoptDocument(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Offer', version: '1' },
      paths: { '/things': { get: { responses: { 200: { description: 'Things' } } } } },
    }),
    { id },
  ).document;
const isOffered = ({ spare }: Situation) => `INSERT INTO api_document (api, document, created_by)
  VALUES ('${spare}', '${JSON.stringify(offerOf(spare))}', 'operator:x')`;
const FILED_PLAN = {
  prices: { EUR: { price: 1, overage_per_1000: 1 } },
  rate_limit_per_second: 1,
  rate_limit_per_day: 1,
  rate_limit_per_month: 1,
};
const hasPolicy = ({
  spare,
  partner,
}: Situation) => `INSERT INTO api_policy (id, api, partner_id, policy, settings, created_by)
  VALUES ('${spare}', 'transit', '${partner}', 'cache', '{"seconds": 5, "shared_by": "key"}', 'operator:x')`;
const limits = { second: '7', day: '8', month: '9', overage: 'warn' };
const ACCESS: Command[] = [
  {
    ...ofPartner('a partner is approved', 'partner.approved', 'approve', standing('sandbox_only')),
    mails: { path: '/portal', to: OWNERS },
  },
  {
    ...ofPartner('a partner that is approved is approved again', 'partner.approved', 'approve'),
    isIdle: true,
    audit: [],
    events: [],
  },
  {
    does: "a partner's request for live access is declined",
    of: 'partner',
    given: ({ partner }) => `UPDATE partner SET status = 'sandbox_only' WHERE id = '${partner}';
      INSERT INTO live_access_request (partner_id, company, use_case, monthly_requests, asked_by)
        VALUES ('${partner}', 'Shop', 'A planner', 5, 'x')`,
    audit: ['live_access.declined'],
    mails: { path: '/portal/live-access', to: OWNERS },
    doors: {
      'POST /operator/partners/:id/decline': why,
      'POST /api/admin/partners/:id/decline': why,
    },
  },
  {
    ...ofPartner('a partner is suspended', 'partner.suspended', 'suspend'),
    mails: { path: '/portal', to: OWNERS },
  },
  {
    ...ofPartner('a partner is let in again', 'partner.reinstated', 'reinstate', standing('suspended')),
    events: ['partner.approved'],
    mails: { path: '/portal', to: OWNERS },
  },
  {
    ...ofPartner(
      'a partner that was never approved is reinstated to what it was',
      'partner.reinstated',
      'reinstate',
      (at) => `${standing('sandbox_only')(at)}; ${standing('suspended')(at)}`,
    ),
    events: [],
    mails: { path: '/portal', to: OWNERS },
  },
  {
    ...ofPartner('a partner that is not suspended is reinstated', 'partner.reinstated', 'reinstate'),
    isIdle: true,
    audit: [],
    events: [],
  },
  {
    does: 'a partner gets limits of its own',
    of: 'partner',
    audit: ['partner.limits_changed'],
    doors: {
      'POST /operator/partners/:id/limits': (at) => ({ ...limits, ...why(at) }),
      'PUT /api/admin/partners/:id/limits': (at) => ({
        rate_limit_per_second: 7,
        rate_limit_per_day: 8,
        rate_limit_per_month: 9,
        overage_action: 'warn',
        ...why(at),
      }),
    },
  },
  {
    does: "a partner goes back to its plan's limits",
    of: 'partner',
    given: ({ partner }) =>
      `UPDATE partner SET custom_limits = true, rate_limit_per_day = 8 WHERE id = '${partner}'`,
    audit: ['partner.limits_changed'],
    doors: {
      'POST /operator/partners/:id/limits': (at) => ({ ...limits, ...why(at), back_to_tier: '1' }),
      'DELETE /api/admin/partners/:id/limits': why,
    },
  },
  {
    does: 'a partner must sign whole requests',
    of: 'partner',
    audit: ['partner.signatures_changed'],
    doors: {
      'POST /operator/partners/:id/signatures': (at) => ({ rule: 'bound', ...why(at) }),
      'PUT /api/admin/partners/:id/signatures': (at) => ({ signature_rule: 'bound', ...why(at) }),
    },
  },
  ofAnyKey('an operator revokes a key', {
    audit: ['key.revoked'],
    events: ['key.revoked'],
    mails: { path: '/portal/audit', to: OWNERS },
  }),
  ofAnyKey('an operator revokes a key again', { given: revoked, isIdle: true, audit: [] }),
  {
    does: "an operator sets a key's limits",
    of: 'key',
    audit: ['key.limits_changed'],
    doors: { 'PUT /api/admin/keys/:id/limits': () => ({ daily_quota: 5 }) },
    only: 'the console shows them and sets those of partners',
  },
  {
    does: 'a partner is made',
    audit: ['member.invited', 'partner.created'],
    mails: { path: '/invite/', to: ['made-<mark>@example.com'] },
    doors: {
      'POST /operator/partners': ({ mark }) => ({
        name: `Made ${mark}`,
        email: `made-${mark}@example.com`,
        company: 'Shop Ltd',
        tier: 'business',
        currency: 'XOF',
        status: 'active',
        language: 'fr',
      }),
      'POST /api/admin/partners': ({ mark }) => ({
        name: `Made ${mark}`,
        email: `made-${mark}@example.com`,
        company: 'Shop Ltd',
        tier: 'business',
        currency: 'XOF',
        language: 'fr',
      }),
    },
  },
  {
    does: 'an operator creates an app for a partner',
    of: 'partner',
    audit: ['app.created'],
    doors: {
      'POST /operator/partners/:id/apps': ({ mark }) => ({ name: `Till ${mark}` }),
      'POST /api/admin/partners/:id/apps': ({ mark }) => ({ name: `Till ${mark}` }),
    },
  },
  {
    does: 'an operator creates a key for a partner',
    of: 'partner',
    audit: ['key.created'],
    events: ['key.created'],
    mails: { path: '/portal/keys/', to: OWNERS },
    doors: {
      'POST /operator/partners/:id/keys': ({ mark, app }) => ({
        form: randomUUID(),
        name: `Handed ${mark}`,
        app,
        kind: 'bearer',
        environment: 'live',
        scopes: 'read:routes',
      }),
      'POST /api/admin/partners/:id/keys': ({ mark, app }) => ({
        name: `Handed ${mark}`,
        app_id: app,
        environment: 'live',
        scopes: ['read:routes'],
        signature_rule: 'bound',
      }),
    },
  },
  {
    does: 'an operator invites somebody to a partner',
    of: 'partner',
    audit: ['member.invited'],
    mails: { path: '/invite/', to: ['asked-<mark>@example.com'] },
    doors: {
      'POST /operator/partners/:id/invitations': ({ mark }) => ({
        email: `asked-${mark}@example.com`,
        role: 'owner',
        language: 'en',
      }),
      'POST /api/admin/partners/:id/invitations': ({ mark }) => ({ email: `asked-${mark}@example.com` }),
    },
  },
  rule('operators set a rule', 'POST /operator/alerts/:rule', 'PUT /api/admin/alert-rules/:rule'),
  {
    does: 'an incident is reported',
    audit: ['incident.opened'],
    doors: {
      'POST /operator/incidents': ({ mark }) => ({
        ...saidForm(mark),
        title_en: `Late ${mark}`,
        title_fr: `Retard ${mark}`,
        api: 'transit',
        started_at: '2026-10-01T08:00',
        state: 'investigating',
      }),
      'POST /api/admin/incidents': ({ mark }) => ({
        ...saidJson(mark),
        title: { en: `Late ${mark}`, fr: `Retard ${mark}` },
        api: 'transit',
        started_at: '2026-10-01T08:00:00Z',
        state: 'investigating',
      }),
    },
  },
  {
    does: 'an incident is resolved',
    of: 'spare',
    given: ({ spare }) => `INSERT INTO incident (id, title_en, title_fr, started_at, created_by)
      VALUES ('${spare}', 'Late', 'Retard', now() - interval '90 days', 'operator:x');
      INSERT INTO incident_update (id, incident_id, state, text_en, text_fr)
      VALUES ('${spare}', '${spare}', 'monitoring', 'We look', 'Nous regardons')`,
    audit: ['incident.updated'],
    doors: {
      'POST /operator/incidents/:id/updates': ({ mark }) => ({ ...saidForm(mark), state: 'resolved' }),
      'POST /api/admin/incidents/:id/updates': ({ mark }) => ({ ...saidJson(mark), state: 'resolved' }),
    },
  },
  {
    does: 'an API is published',
    of: 'spare',
    given: ({ spare }) => `INSERT INTO api_draft (id, api, document, notes, created_by)
      VALUES ('${spare}', '${spare}', '${JSON.stringify(offerOf(spare))}', '[]', 'operator:x')`,
    audit: ['api.published'],
    doors: {
      'POST /operator/apis/drafts/:draft/publish': (at) => ({ ...upstreamForm, ...why(at) }),
      'PUT /api/admin/apis/:id': (at) => ({
        document: offerOf(at.spare),
        upstreams: [{ url: UPSTREAM, weight: 2, credential: null }],
        ...why(at),
      }),
    },
  },
  {
    does: 'an API gets another upstream',
    of: 'spare',
    given: isOffered,
    audit: ['api.upstreams_changed'],
    doors: {
      'POST /operator/apis/:api/upstreams': (at) => ({ ...upstreamForm, ...why(at) }),
      'PUT /api/admin/apis/:id/upstreams': (at) => ({
        upstreams: [{ url: UPSTREAM, weight: 2, credential: null }],
        ...why(at),
      }),
    },
  },
  {
    does: 'an API is retired',
    of: 'spare',
    given: isOffered,
    audit: ['api.retired'],
    doors: { 'POST /operator/apis/:api/retire': why, 'DELETE /api/admin/apis/:id': why },
  },
  {
    does: 'a configuration file is applied',
    of: 'spare',
    given: () => 'DELETE FROM config_field',
    audit: ['config.applied'],
    doors: {
      'POST /api/admin/config/apply': ({ spare }) => ({
        file: { plans: { [spare]: FILED_PLAN } },
        // Of a plan that is not there, where nothing was applied.
        version: { [`/plans/${spare}`]: 'd41d8cd98f00b204e9800998ecf8427e', '': '0 ' },
      }),
    },
    only: 'a file is on the disk of whoever applies it',
  },
  {
    does: 'a policy is installed',
    audit: ['policy.installed'],
    doors: {
      'POST /operator/policies/new': ({ partner }) => ({
        policy: 'cache',
        setting_seconds: '7',
        setting_shared_by: 'partner',
        api: 'transit',
        route: 'GET /v2/routes/list',
        partner_id: partner,
        position: '3',
      }),
      'POST /api/admin/policies': ({ partner }) => ({
        policy: 'cache',
        settings: { seconds: 7, shared_by: 'partner' },
        api: 'transit',
        route: 'GET /v2/routes/list',
        partner_id: partner,
        position: 3,
      }),
    },
  },
  {
    does: 'a policy is changed',
    of: 'spare',
    given: hasPolicy,
    audit: ['policy.changed'],
    doors: {
      'POST /operator/policies/:policy': () => ({
        setting_seconds: '9',
        setting_shared_by: 'key',
        position: '1',
      }),
      'PUT /api/admin/policies/:id': () => ({ settings: { seconds: 9, shared_by: 'key' }, position: 1 }),
    },
  },
  {
    does: 'a policy is removed',
    of: 'spare',
    given: hasPolicy,
    audit: ['policy.removed'],
    doors: { 'POST /operator/policies/:policy/remove': why, 'DELETE /api/admin/policies/:id': why },
  },
  {
    does: 'an address is blocked',
    audit: ['address.blocked'],
    doors: {
      'POST /operator/blocks': (at) => ({ range: BLOCKED, hours: '24', ...why(at) }),
      'POST /api/admin/blocks': (at) => ({
        range: BLOCKED,
        expires_at: inHours(24),
        ...why(at),
      }),
    },
  },
  {
    does: 'a block is lifted',
    of: 'spare',
    given: ({ spare }) => `INSERT INTO address_block (id, range, reason, created_by)
      VALUES ('${spare}', '${BLOCKED}', 'flood', 'operator:x')`,
    audit: ['address.unblocked'],
    doors: { 'POST /operator/blocks/:id/lift': why, 'DELETE /api/admin/blocks/:id': why },
  },
  {
    does: 'a dead letter is replayed',
    of: 'spare',
    given: ({ spare }) => `INSERT INTO dead_letter (id, queue, body) VALUES ('${spare}', 'passerelle-usage',
      convert_to('{"id": "${spare}", "events": [], "refusals": {}}', 'UTF8'))`,
    audit: ['dead_letter.replayed'],
    doors: {
      'POST /operator/dead-letters/:id/replay': why,
      'POST /api/admin/dead-letters/:id/replay': why,
    },
  },
];

const INVOICE_MAILS = { path: '/portal/invoices/', to: OWNERS };
const planForm = { second: '3', day: '400', month: '5000', max_keys: '6', charge: 'true', webhooks: 'true' };
const planNames = { name_en: 'Own', name_fr: 'Propre' };
const planTexts = { ...planNames, price_EUR: '49.90', overage_EUR: '1.20', sla: '99 %', support: 'by mail' };
const plan = {
  prices: { EUR: { price: 4990, overage_per_1000: 120 } },
  overage_actions: ['charge'],
  rate_limit_per_second: 3,
  rate_limit_per_day: 400,
  rate_limit_per_month: 5000,
  max_keys: 6,
  features: { sla: '99 %', support: 'by mail', webhooks: true },
  names: { en: 'Own', fr: 'Propre' },
};
const ofInvoice = (
  does: string,
  audit: string,
  path: string,
  form: (at: Situation) => Fields = nothing,
  json = form,
): Command => ({
  does,
  of: 'invoice',
  audit: [audit],
  events: [audit],
  doors: {
    [`POST /operator/invoices/:invoice/${path}`]: form,
    [`POST /api/admin/invoices/:id/${path}`]: json,
  },
});
const MONEY: Command[] = [
  {
    does: 'a plan is made for a partner',
    audit: ['plan.created'],
    doors: {
      'POST /operator/plans': ({ tier, partner }) => ({
        ...planForm,
        ...planTexts,
        tier,
        partner_id: partner,
      }),
      'POST /api/admin/plans': ({ tier, partner }) => ({ ...plan, tier, partner_id: partner }),
    },
  },
  {
    does: 'a plan is changed',
    of: 'tier',
    given: ({ tier, partner }) => `
      INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features, partner_id)
        VALUES ('${tier}', 100, 1, 1, 1, '{}', '${partner}');
      UPDATE partner SET tier = '${tier}' WHERE id = '${partner}'`,
    audit: ['plan.edited'],
    doors: {
      'POST /operator/plans/:tier': (at) => ({ ...planForm, ...planTexts, confirmed: 'true', ...why(at) }),
      'PUT /api/admin/plans/:tier': (at) => ({ ...plan, ...why(at) }),
    },
  },
  {
    does: 'a partner is moved to another plan',
    of: 'partner',
    audit: ['plan.changed'],
    events: ['plan.changed'],
    mails: { path: '/portal/billing', to: OWNERS },
    doors: {
      'POST /operator/partners/:id/plan': (at) => ({
        tier: 'business',
        currency: 'EUR',
        tax: '0',
        ...why(at),
      }),
      'POST /api/admin/partners/:id/plan': (at) => ({ tier: 'business', ...why(at) }),
      'PUT /api/admin/partners/:id/tier': (at) => ({ tier: 'business', ...why(at) }),
    },
  },
  {
    does: 'a partner gets another tax and another currency',
    of: 'partner',
    audit: ['plan.changed'],
    events: ['plan.changed'],
    doors: {
      'POST /operator/partners/:id/plan': (at) => ({
        tier: 'starter',
        currency: 'XOF',
        tax: '18',
        ...why(at),
      }),
      'POST /api/admin/partners/:id/plan': (at) => ({ currency: 'XOF', tax_bps: 1800, ...why(at) }),
    },
  },
  ofInvoice('an invoice is paid', 'invoice.paid', 'pay'),
  { ...ofInvoice('an invoice is void', 'invoice.voided', 'void', why), mails: INVOICE_MAILS },
  {
    ...ofInvoice(
      'an invoice is credited',
      'credit_note.issued',
      'credit',
      (at) => ({ form: randomUUID(), amount: '1.50', ...why(at) }),
      (at) => ({ amount_minor: 150, ...why(at) }),
    ),
    mails: INVOICE_MAILS,
  },
];

export const CONSOLE_COMMANDS: readonly Command[] = [...ACCESS, ...MONEY];
