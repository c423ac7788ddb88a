// Every command of the portal. Doors of one command are sent the same wish, each in its own form.

import { randomUUID } from 'node:crypto';
import { archived, type Command, type Fields, inHours, nothing, revoked, rule } from './command.ts';
import { RECEIVER, type Situation } from './situation.ts';

const END = '2099-01-01';
const TO_THE_END = `${END}T23:59:59Z`;
/** What a program cannot say otherwise. */
const BY_PROGRAM = 'revoked from the dashboard API';

const newApp = ({ mark }: Situation) => ({
  name: `App ${mark}`,
  description: 'Till of the shop',
  website: 'https://shop.example',
});
const APPS: Command[] = [
  {
    does: 'an app is made',
    audit: ['app.created'],
    doors: { 'POST /portal/apps': newApp, 'POST /api/dev/apps': newApp },
  },
  {
    does: 'an app is changed',
    of: 'app',
    audit: ['app.changed'],
    doors: {
      'POST /portal/apps/:app': (at) => ({
        ...newApp(at),
        allowed_ips: '192.0.2.0/24',
        allowed_origins: 'https://shop.example',
      }),
      'PATCH /api/dev/apps/:appId': (at) => ({
        ...newApp(at),
        allowed_ips: ['192.0.2.0/24'],
        allowed_origins: ['https://shop.example'],
      }),
    },
  },
  {
    does: 'an app is archived',
    of: 'app',
    audit: ['app.archived'],
    doors: {
      'POST /portal/apps/:app/archive': ({ mark }) => ({ confirm: `App ${mark}` }),
      'DELETE /api/dev/apps/:appId': nothing,
    },
  },
  {
    does: 'an archived app is restored',
    of: 'app',
    given: archived,
    audit: ['app.restored'],
    doors: { 'POST /portal/apps/:app/restore': nothing, 'POST /api/dev/apps/:appId/restore': nothing },
  },
  {
    does: 'an app that is not archived is restored',
    of: 'app',
    isIdle: true,
    audit: [],
    doors: { 'POST /portal/apps/:app/restore': nothing, 'POST /api/dev/apps/:appId/restore': nothing },
  },
  {
    does: "an app's sandbox is emptied",
    of: 'app',
    audit: ['sandbox.reset'],
    doors: { 'POST /portal/apps/:app/reset': nothing, 'POST /api/dev/apps/:appId/sandbox/reset': nothing },
  },
];

/** A client of the partner that acts for people. */
const clientOf = ({ mark }: Situation): string => `oc_test_${mark}${mark}`;
const RETURN = 'https://app.example/back';
const programOf = (at: Situation): string =>
  `INSERT INTO api_key (key_id, partner_id, app_id, kind, environment, key_hash, key_prefix, name, scopes, client) VALUES
    ('${clientOf(at)}', '${at.partner}', '${at.app}', 'oauth', 'test', '${at.mark}', 'os_test_', 'Client ${at.mark}', '{read:routes}',
      '{"token_endpoint_auth_method": "client_secret", "redirect_uris": ["${RETURN}"]}');`;
const asksFor = (at: Situation): string =>
  `?${new URLSearchParams({
    response_type: 'code',
    client_id: clientOf(at),
    redirect_uri: RETURN,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  })}`;

const keyIsMade = (kind: 'bearer' | 'signing', keyType: string): Command => ({
  does: `a ${kind} key is made`,
  of: 'app',
  audit: ['key.created'],
  events: ['key.created'],
  doors: {
    'POST /portal/apps/:app/keys': ({ mark }) => ({
      form: randomUUID(),
      name: `New ${mark}`,
      kind,
      environment: 'live',
      scopes: 'read:routes read:stops',
      expires: END,
      allowed_ips: '192.0.2.0/24',
      signature_rule: 'bound',
    }),
    'POST /api/dev/apps/:appId/keys': ({ mark }) => ({
      key_type: keyType,
      name: `New ${mark}`,
      environment: 'live',
      scopes: ['read:routes', 'read:stops'],
      expires_at: TO_THE_END,
      allowed_ips: ['192.0.2.0/24'],
      signature_rule: 'bound',
    }),
  },
});
const keyIsRevoked = (does: string, given?: Command['given']): Command => ({
  does,
  of: 'key',
  given,
  isIdle: given !== undefined,
  audit: given ? [] : ['key.revoked'],
  events: given ? [] : ['key.revoked'],
  doors: {
    'POST /portal/keys/:key/revoke': () => ({ reason: BY_PROGRAM }),
    'POST /api/dev/keys/:keyId/revoke': () => ({ reason: BY_PROGRAM }),
    'DELETE /dashboard/api-keys/:id': nothing,
  },
});
const KEYS: Command[] = [
  keyIsMade('bearer', 'bearer'),
  keyIsMade('signing', 'api_key'),
  {
    does: 'a key is changed',
    of: 'key',
    audit: ['key.changed', 'key.limits_changed'],
    doors: {
      'POST /portal/keys/:key': ({ mark }) => ({
        name: `Changed ${mark}`,
        scopes: 'read:routes read:stops',
        allowed_ips: '192.0.2.0/24',
        expires: END,
        daily_quota: '500',
      }),
      'PATCH /api/dev/keys/:keyId': ({ mark }) => ({
        name: `Changed ${mark}`,
        scopes: ['read:routes', 'read:stops'],
        allowed_ips: ['192.0.2.0/24'],
        expires_at: TO_THE_END,
        limits: { daily_quota: 500 },
      }),
    },
  },
  {
    does: 'a key makes a key with a budget',
    of: 'key',
    audit: ['key.created'],
    events: ['key.created'],
    doors: {
      'POST /portal/keys/:key/budget-keys': ({ mark }) => ({
        form: randomUUID(),
        name: `Agent ${mark}`,
        budget: '500',
        budget_in: 'units',
        scopes: 'read:routes',
        expires: END,
      }),
      'POST /api/dev/keys/:keyId/budget-keys': ({ mark }) => ({
        name: `Agent ${mark}`,
        budget: { units: 500 },
        scopes: ['read:routes'],
        expires_at: TO_THE_END,
      }),
    },
  },
  {
    does: 'a program is let in',
    given: programOf,
    audit: ['key.created'],
    events: ['key.created'],
    doors: {
      'POST /portal/authorize': (at) => ({
        request: asksFor(at),
        scopes: 'read:routes',
        app: at.app,
        environment: 'test',
        budget: '50',
        budget_in: 'units',
        days: '30',
      }),
    },
    only: 'a program sends people to it',
  },
  {
    does: 'a program is refused',
    given: programOf,
    isIdle: true,
    audit: [],
    doors: { 'POST /portal/authorize/refuse': (at) => ({ request: asksFor(at) }) },
    only: 'a program sends people to it',
  },
  {
    does: 'what a program may do is ended',
    of: 'spare',
    given: ({ spare, partner, app, me, mark }) =>
      `INSERT INTO api_key (id, key_id, partner_id, app_id, kind, environment, key_hash, key_prefix, name, scopes)
        VALUES ('${spare}', '${spare}', '${partner}', '${app}', 'grant', 'test', '${mark}', 'os_test_', 'Program ${mark}', '{read:routes}');
       INSERT INTO oauth_grant (api_key_id, subject, client_id) VALUES ('${spare}', '${me}', 'https://app.example/c.json');`,
    audit: ['key.revoked'],
    events: ['key.revoked'],
    doors: {
      'POST /portal/grants/:grant/revoke': nothing,
      'DELETE /api/dev/grants/:grantId': nothing,
    },
  },
  {
    does: 'a key is rotated',
    of: 'key',
    audit: ['key.rotated'],
    events: ['key.rotated'],
    doors: {
      'POST /portal/keys/:key/rotate': () => ({ grace_days: '3' }),
      'POST /api/dev/keys/:keyId/rotate': () => ({ grace_days: 3 }),
    },
  },
  keyIsRevoked('a key is revoked'),
  keyIsRevoked('a key that is revoked is revoked again', revoked),
  {
    does: "a test key's day is spent",
    of: 'key',
    audit: ['key.day_travelled'],
    doors: {
      'POST /portal/keys/:key/day': () => ({ to: 'spent' }),
      'POST /api/dev/keys/:keyId/day': () => ({ to: 'spent' }),
    },
  },
  {
    does: 'a key makes a key',
    audit: ['key.created'],
    events: ['key.created'],
    doors: { 'POST /dashboard/api-keys': ({ mark }) => ({ name: `Child ${mark}` }) },
    only: 'people make keys that stand by themselves',
  },
  {
    does: 'the playground gets a key of a day',
    audit: ['key.created'],
    events: ['key.created'],
    doors: { 'POST /portal/playground/key': nothing },
    only: "it is the page's own: a key that is made, or rotated and changed",
  },
];

const invite = (does: string, email: (at: Situation) => string, to: string): Command => ({
  does,
  audit: ['member.invited'],
  mails: { path: '/invite/', to: [to] },
  doors: {
    'POST /portal/members/invite': (at) => ({ email: email(at), role: 'developer' }),
    'POST /api/dev/members/invitations': (at) => ({ email: email(at), role: 'developer', language: 'fr' }),
  },
});
const sandboxOnly = ({ partner }: Situation): string =>
  `UPDATE partner SET status = 'sandbox_only' WHERE id = '${partner}'`;
const liveAccess = ({ mark }: Situation): Fields => ({
  company: `Shop ${mark}`,
  website: 'https://shop.example',
  use_case: 'A journey planner',
  monthly_requests: 50_000,
});
const roleIsChanged = (does: string, role: string): Command => ({
  does,
  of: 'other',
  audit: ['member.role_changed'],
  doors: {
    'POST /portal/members/role': ({ other }) => ({ subject: other, role }),
    'PATCH /api/dev/members/:subject': () => ({ role }),
  },
});
const MEMBERS: Command[] = [
  invite('a stranger is invited', ({ mark }) => `new-${mark}@example.com`, 'new-<mark>@example.com'),
  invite('somebody who has an account is invited', ({ guest }) => guest, '<guest>'),
  {
    does: 'an invitation is withdrawn',
    of: 'invitation',
    audit: ['invitation.withdrawn'],
    doors: {
      'POST /portal/members/invitations/:id/withdraw': nothing,
      'DELETE /api/dev/members/invitations/:invitationId': nothing,
    },
  },
  {
    does: 'an invitation is accepted',
    of: 'token',
    audit: ['member.joined'],
    doors: { 'POST /invite/:token': nothing },
    only: 'only the mail opens it, and for an account',
  },
  roleIsChanged('an owner is made a viewer', 'viewer'),
  {
    ...roleIsChanged('a viewer is made an owner', 'owner'),
    given: ({ other }) => `UPDATE partner_member SET role = 'viewer' WHERE subject = '${other}'`,
    mails: { path: '/portal/members', to: ['<myEmail>'] },
  },
  {
    does: 'a member is removed',
    of: 'other',
    audit: ['member.removed'],
    doors: {
      'POST /portal/members/remove': ({ other }) => ({ subject: other }),
      'DELETE /api/dev/members/:subject': nothing,
    },
  },
  {
    does: 'a member leaves',
    audit: ['member.removed'],
    doors: {
      'POST /portal/members/remove': ({ me }) => ({ subject: me }),
      'DELETE /api/dev/members/me': nothing,
    },
  },
  {
    does: 'a member chooses which mails they get',
    audit: ['member.mails_changed'],
    doors: {
      'POST /portal/settings/mails': () => ({ keys: 'true', webhooks: 'true', reminders: 'true' }),
      'PATCH /api/dev/members/me/mails': () => ({ usage: false }),
    },
  },
  {
    does: 'somebody gets a partner of their own',
    given: ({ guest }) => `DELETE FROM partner_member WHERE email = '${guest}';
      DELETE FROM partner_invitation WHERE email = '${guest}'; DELETE FROM partner WHERE email = '${guest}'`,
    audit: ['app.created', 'key.created', 'partner.registered'],
    events: ['key.created'],
    doors: { 'POST /welcome': nothing },
    only: 'whoever comes with a token for the first time is given one, whatever they ask',
  },
  {
    does: 'a partner asks for live access',
    given: sandboxOnly,
    audit: ['live_access.requested'],
    mails: { path: '/operator/partners/', to: ['operator@passerelle.example'] },
    doors: {
      'POST /portal/live-access': ({ mark }) => ({
        company: `Shop ${mark}`,
        website: 'https://shop.example',
        use_case: 'A journey planner',
        monthly_requests: '50 000',
      }),
      'POST /api/dev/live-access': (at) => liveAccess(at),
    },
  },
  {
    does: 'a partner asks for live access with the same answers again',
    given: (at) => `${sandboxOnly(at)};
      INSERT INTO live_access_request (partner_id, company, website, use_case, monthly_requests, asked_by)
        VALUES ('${at.partner}', 'Shop ${at.mark}', 'https://shop.example', 'A journey planner', 50000, 'x')`,
    isIdle: true,
    audit: [],
    doors: {
      'POST /portal/live-access': (at) => ({ ...liveAccess(at), monthly_requests: '50000' }),
      'POST /api/dev/live-access': (at) => liveAccess(at),
    },
  },
  {
    does: 'a member turns to another partner',
    audit: [],
    doors: { 'POST /portal/partner': ({ partner }) => ({ partner }) },
    only: 'it says which pages a person sees, and a token acts for the same partner',
  },
  {
    does: 'a partner is renamed',
    of: 'partner',
    audit: ['partner.changed'],
    doors: {
      'POST /portal/settings/partner': ({ mark }) => ({ name: `Renamed ${mark}`, company: 'Shop Ltd' }),
      'PATCH /api/admin/partners/:id': ({ mark }) => ({ name: `Renamed ${mark}`, company: 'Shop Ltd' }),
    },
  },
];

const billing = (does: string, audit: string, page: string, form: Fields, json: Fields): Command => ({
  does,
  audit: [audit],
  events: audit === 'plan.changed' ? [audit] : [],
  doors: { [`POST /portal/billing${page}`]: () => form, 'PATCH /api/dev/billing': () => json },
});
/** Whoever is told of money: where invoices go, and owners. */
const MONEY_MAILS = {
  path: '/portal/billing',
  to: ['<myEmail>', '<other>@example.com', 'partner-<mark>@example.com'],
};
const DETAILS = { billing_email: 'bills@example.com', billing_address: '1, rue A', tax_id: 'SN 1' };
const BILLING: Command[] = [
  billing('invoices go elsewhere', 'billing.changed', '', DETAILS, DETAILS),
  billing(
    'what is beyond the quota is charged, up to a cap',
    'billing.changed',
    '/overage',
    { overage_action: 'charge', cap: '12.50' },
    { overage_action: 'charge', spending_cap_minor: 1250 },
  ),
  {
    ...billing(
      'a dearer plan begins at once',
      'plan.changed',
      '/plan',
      { tier: 'business' },
      { tier: 'business' },
    ),
    mails: MONEY_MAILS,
  },
  {
    does: 'a plan that was chosen is undone',
    given: ({
      partner,
    }) => `UPDATE partner_terms SET effective_at = now() - interval '1 day' WHERE partner_id = '${partner}';
      UPDATE partner SET tier = 'business', plan_changed_at = now(), plan_before = '{"tier": "starter", "to": "business",
      "overage_action": "block", "next_tier": null, "next_change_at": null}' WHERE id = '${partner}'`,
    audit: ['plan.change_undone'],
    events: ['plan.changed'],
    mails: MONEY_MAILS,
    doors: { 'POST /portal/billing/undo': nothing, 'POST /api/dev/billing/undo': nothing },
  },
  {
    ...billing(
      'a cheaper plan waits for the next month',
      'plan.change_scheduled',
      '/plan',
      { tier: 'free' },
      { tier: 'free' },
    ),
    mails: MONEY_MAILS,
  },
  billing(
    'another currency waits for the next month',
    'plan.change_scheduled',
    '/currency',
    { currency: 'XOF' },
    { currency: 'XOF' },
  ),
  {
    ...billing(
      'what waited for the next month is called off',
      'plan.change_cancelled',
      '/keep',
      {},
      { tier: 'starter', currency: 'EUR' },
    ),
    given: ({ partner }) => `UPDATE partner SET next_tier = 'free', next_currency = 'XOF',
      next_change_at = date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month' WHERE id = '${partner}'`,
    audit: ['plan.change_cancelled', 'plan.change_cancelled'],
  },
];

/** Of a partner's endpoint, by its page and its API; and of the operators'. */
const webhook = (
  does: string,
  audit: string,
  [page, api]: [page: string, api: string],
  form: (at: Situation) => Fields = nothing,
  json: (at: Situation) => Fields = form,
  given?: Command['given'],
): Command => ({
  does,
  of: 'endpoint',
  given,
  audit: [audit],
  events: audit === 'webhook.tested' ? ['webhook.test'] : [],
  doors: {
    [`POST /portal/webhooks${page}`]: form,
    [api.replace(' ', ' /api/dev')]: json,
    [api.replace(' ', ' /api/admin')]: json,
  },
});
const endpoint = ({ mark }: Situation): Fields => ({
  url: `${RECEIVER}new/${mark}`,
  description: 'Till',
  environment: 'test',
});
const MESSAGES: Command[] = [
  webhook(
    'an endpoint is made',
    'webhook.created',
    ['', 'POST /webhooks'],
    (at) => ({ ...endpoint(at), events: 'key.expiring' }),
    (at) => ({ ...endpoint(at), events: ['key.expiring'] }),
  ),
  webhook(
    'an endpoint is changed',
    'webhook.changed',
    ['/:endpoint', 'PATCH /webhooks/:endpointId'],
    (at) => ({ ...endpoint(at), events: 'key.expiring\nkey.rotated' }),
    (at) => ({ ...endpoint(at), events: ['key.expiring', 'key.rotated'] }),
  ),
  webhook(
    'an endpoint is paused',
    'webhook.paused',
    ['/:endpoint/state', 'PATCH /webhooks/:endpointId'],
    () => ({ state: 'paused' }),
  ),
  webhook(
    'an endpoint is resumed',
    'webhook.resumed',
    ['/:endpoint/state', 'PATCH /webhooks/:endpointId'],
    () => ({ state: 'active' }),
    undefined,
    (at) =>
      `UPDATE webhook_endpoint SET state = 'disabled', failing_since = now() WHERE id = '${at.endpoint}'`,
  ),
  webhook('an endpoint gets another secret', 'webhook.secret_rotated', [
    '/:endpoint/rotate',
    'POST /webhooks/:endpointId/rotate',
  ]),
  webhook('an endpoint is tried', 'webhook.tested', ['/:endpoint/test', 'POST /webhooks/:endpointId/test']),
  webhook(
    'what did not arrive is sent again',
    'webhook.recovered',
    ['/:endpoint/recover', 'POST /webhooks/:endpointId/recover'],
    () => ({ hours: '24' }),
    () => ({ since: inHours(-24) }),
  ),
  webhook('an endpoint is deleted', 'webhook.deleted', ['/:endpoint/remove', 'DELETE /webhooks/:endpointId']),
  {
    does: 'a delivery is replayed',
    of: 'delivery',
    audit: ['webhook.replayed'],
    doors: {
      'POST /portal/deliveries/:delivery/replay': nothing,
      'POST /api/dev/deliveries/:deliveryId/replay': nothing,
      'POST /api/admin/deliveries/:deliveryId/replay': nothing,
    },
  },
  {
    ...rule('a partner sets a rule', 'POST /portal/alerts/:rule', 'PUT /api/dev/alert-rules/:rule'),
    of: 'partnerRule',
  },
];

export const PORTAL_COMMANDS: readonly Command[] = [...APPS, ...KEYS, ...MEMBERS, ...BILLING, ...MESSAGES];
