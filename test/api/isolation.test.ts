// Nobody reaches what is another's: every route of every table is walked with another tenant's ids. A route without a
// case fails the test.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { adminApi } from '../../src/operator/admin-routes.ts';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import { dashboard } from '../../src/portal/api/dashboard-routes.ts';
import { developerApi } from '../../src/portal/api/dev-routes.ts';
import { portal } from '../../src/portal/web/pages.ts';
import { call, developerToken, eventually, makeKey, makePartner, query, sendJson } from '../support/api.ts';
import { memberOf, type Person, signedUp, visitor } from '../support/portal.ts';
import { routesOf } from '../support/routes.ts';

const FOREIGN_NAME = 'Theirs-7f3a';
const ids: Record<string, string> = {};
let me: Person;
let them: Person;
let myToken = '';
let myKey = '';
let before = '';

/** `foreign`: ids of another tenant are not found. `own`: no ids; needs to be signed in. */
type Case = { kind: 'foreign'; fields?: () => Record<string, unknown> } | { kind: 'own' | 'public' };
const foreign = (fields?: () => Record<string, unknown>): Case => ({ kind: 'foreign', fields });
const own: Case = { kind: 'own' };
const open: Case = { kind: 'public' };

const PORTAL: Record<string, Case> = {
  'GET /': open,
  'POST /preferences': open,
  'GET /outbox': open,
  'GET /outbox/:id': open,
  'GET /status': open,
  'GET /status.atom': open,
  'GET /sign-up': open,
  'POST /sign-up': open,
  'GET /verify': open,
  'POST /verify': open,
  'GET /sign-in': open,
  'POST /sign-in': open,
  'POST /sign-out': open,
  'GET /two-factor': open,
  'POST /two-factor': open,
  'GET /reset': open,
  'POST /reset': open,
  'GET /reset/:token': open,
  'POST /reset/:token': open,
  'POST /verify/confirm': open,
  'GET /prove': own,
  'POST /prove': own,
  'GET /second-factor': own,
  'POST /second-factor': own,
  'POST /second-factor/confirm': own,
  'POST /sign-in/identity': open,
  'GET /sign-in/identity/confirm': own,
  'POST /sign-in/identity/confirm': own,
  'GET /sign-in/identity/link': own,
  'POST /sign-in/identity/link': own,
  'GET /sign-in/identity/callback': open,
  'GET /invite/:token': open,
  'POST /invite/:token': foreign(),
  'GET /mails/:token': open,
  'POST /mails/:token': foreign(),
  'POST /mails/:token/resume': foreign(),
  'GET /email/:token': open,
  'POST /email/:token': foreign(),
  'GET /email/undo/:token': open,
  'POST /email/undo/:token': open,
  'GET /welcome': own,
  'POST /welcome': foreign(() => ({ invitation: ids.invitation ?? '' })),
  'GET /docs': open,
  'GET /docs/errors': open,
  'GET /docs/errors/:code': open,
  'GET /docs/reference': open,
  'GET /docs/api': open,
  'GET /docs/:guide': open,
  'GET /docs/search': open,
  'GET /docs/changelog.atom': open,
  'GET /docs.md': open,
  'GET /docs/:file{.+\\.md}': open,
  'GET /llms.txt': open,
  'GET /robots.txt': open,
  'GET /portal': own,
  'GET /portal/arrived': own,
  'POST /portal/partner': foreign(() => ({ partner: ids.partner ?? '' })),
  'GET /portal/live-access': own,
  'POST /portal/live-access': own,
  'GET /portal/search': own,
  'GET /portal/search/options': own,
  'GET /portal/apps': own,
  'POST /portal/apps': own,
  'GET /portal/apps/:app': foreign(),
  'POST /portal/apps/:app': foreign(() => ({ name: 'Mine now' })),
  'POST /portal/apps/:app/archive': foreign(() => ({ confirm: FOREIGN_NAME })),
  'POST /portal/apps/:app/restore': foreign(),
  'POST /portal/apps/:app/keys': foreign(),
  'POST /portal/apps/:app/reset': foreign(),
  'GET /portal/keys': own,
  'GET /portal/keys/:key': foreign(),
  'GET /portal/keys/:key/arrived': foreign(),
  'POST /portal/keys/:key': foreign(() => ({ name: 'Mine now', scopes: 'read:routes' })),
  'POST /portal/keys/:key/budget-keys': foreign(() => ({
    form: randomUUID(),
    name: 'Mine now',
    budget: '5',
    budget_in: 'units',
    scopes: 'read:routes',
  })),
  'POST /portal/keys/:key/rotate': foreign(() => ({ grace_days: '0' })),
  'POST /portal/keys/:key/revoke': foreign(() => ({ reason: 'mine now', confirm: FOREIGN_NAME })),
  'POST /portal/keys/:key/day': foreign(() => ({ to: 'spent' })),
  'GET /portal/usage': own,
  'GET /portal/usage.csv': own,
  'GET /portal/usage/checks': own,
  'GET /portal/versions': own,
  'GET /portal/requests': own,
  'GET /portal/requests/rows': own,
  'GET /portal/requests/find': own,
  'GET /portal/requests/:id': foreign(),
  'GET /portal/playground': own,
  'POST /portal/playground/key': own,
  'GET /portal/mcp': own,
  'GET /portal/authorize': own,
  'POST /portal/authorize': own,
  'POST /portal/authorize/refuse': own,
  'GET /portal/grants': own,
  'POST /portal/grants/:grant/revoke': foreign(),
  'GET /portal/sandbox': own,
  'GET /portal/webhooks': own,
  'POST /portal/webhooks': own,
  'GET /portal/webhooks/events': own,
  'GET /portal/webhooks/:endpoint': foreign(),
  'POST /portal/webhooks/:endpoint': foreign(() => ({ url: 'https://mine.example.com' })),
  'POST /portal/webhooks/:endpoint/rotate': foreign(),
  'POST /portal/webhooks/:endpoint/test': foreign(),
  'POST /portal/webhooks/:endpoint/state': foreign(() => ({ state: 'active' })),
  'POST /portal/webhooks/:endpoint/recover': foreign(() => ({ hours: '24' })),
  'POST /portal/webhooks/:endpoint/remove': foreign(),
  'GET /portal/deliveries/:delivery': foreign(),
  'GET /portal/deliveries/:delivery/tried': foreign(),
  'POST /portal/deliveries/:delivery/replay': foreign(),
  'GET /portal/alerts': own,
  'POST /portal/alerts/:rule': own,
  'GET /portal/billing': own,
  'POST /portal/billing': own,
  'POST /portal/billing/overage': own,
  'GET /portal/billing/plan': own,
  'GET /portal/billing/simulation': own,
  'POST /portal/billing/plan': own,
  'POST /portal/billing/undo': own,
  'POST /portal/billing/keep': own,
  'POST /portal/billing/currency': own,
  'GET /portal/invoices/:invoice': foreign(),
  'GET /portal/invoices/:invoice/pdf': foreign(),
  'GET /portal/invoices/:invoice/csv': foreign(),
  'GET /portal/audit': own,
  'GET /portal/audit.csv': own,
  'GET /portal/members': own,
  'POST /portal/members/invite': own,
  'POST /portal/members/invitations/:id/withdraw': foreign(),
  'POST /portal/members/role': foreign(() => ({ subject: ids.subject ?? '', role: 'viewer' })),
  'POST /portal/members/remove': foreign(() => ({ subject: ids.subject ?? '' })),
  'GET /portal/settings': own,
  'POST /portal/settings/account': own,
  'POST /portal/settings/partner': own,
  'POST /portal/settings/mails': own,
  'POST /portal/settings/email': own,
  'POST /portal/settings/email/cancel': own,
  'POST /portal/settings/tokens': own,
  'POST /portal/settings/tokens/:id/revoke': foreign(),
  'POST /portal/settings/delete': own,
  'POST /portal/settings/partner-factor': own,
  'POST /portal/settings/password': own,
  'POST /portal/settings/two-factor': own,
  'POST /portal/settings/two-factor/confirm': own,
  'POST /portal/settings/two-factor/codes': own,
  'POST /portal/settings/two-factor/off': own,
  'POST /portal/settings/identities/:id/unlink': foreign(),
  'POST /portal/settings/sessions/end-others': own,
  'POST /portal/settings/sessions/:id/end': foreign(),
};

const DEVELOPER: Record<string, Case> = {
  'GET /apps': own,
  'POST /apps': own,
  'GET /apps/:appId': foreign(),
  'PATCH /apps/:appId': foreign(),
  'DELETE /apps/:appId': foreign(),
  'POST /apps/:appId/restore': foreign(),
  'GET /apps/:appId/keys': foreign(),
  'POST /apps/:appId/keys': foreign(),
  'GET /apps/:appId/usage': foreign(),
  'GET /apps/:appId/events': foreign(),
  'POST /apps/:appId/sandbox/reset': foreign(),
  'GET /grants': own,
  'DELETE /grants/:grantId': foreign(),
  'GET /keys/:keyId': foreign(),
  'PATCH /keys/:keyId': foreign(),
  'GET /keys/:keyId/budget-keys': foreign(),
  'POST /keys/:keyId/budget-keys': foreign(() => ({ name: 'Mine now', budget: { units: 5 } })),
  'POST /keys/:keyId/rotate': foreign(),
  'POST /keys/:keyId/revoke': foreign(),
  'POST /keys/:keyId/day': foreign(() => ({ to: 'spent' })),
  'GET /audit': own,
  'GET /checks': own,
  'GET /requests': own,
  'GET /requests/:requestId': foreign(),
  'GET /requests/:requestId/explain': foreign(),
  'GET /live-access': own,
  'POST /live-access': own,
  'GET /members': own,
  'GET /versions': own,
  'POST /members/invitations': own,
  'DELETE /members/invitations/:invitationId': foreign(),
  'PATCH /members/:subject': foreign(() => ({ role: 'viewer' })),
  'DELETE /members/me': own,
  'GET /members/me/mails': own,
  'PATCH /members/me/mails': own,
  'DELETE /members/:subject': foreign(),
  'GET /plans': own,
  'GET /plans/:tier/review': own,
  'GET /billing': own,
  'PATCH /billing': own,
  'POST /billing/undo': own,
  'GET /billing/preview': own,
  'GET /billing/simulation': own,
  'GET /invoices': own,
  'GET /invoices/:invoiceId': foreign(),
  'GET /alerts': own,
  'GET /alert-rules': own,
  'PUT /alert-rules/:rule': own,
  'GET /webhooks/event-types': own,
  'GET /webhooks': own,
  'POST /webhooks': own,
  'GET /webhooks/:endpointId': foreign(),
  'PATCH /webhooks/:endpointId': foreign(() => ({ url: 'https://example.com/mine-now' })),
  'DELETE /webhooks/:endpointId': foreign(),
  'POST /webhooks/:endpointId/rotate': foreign(),
  'POST /webhooks/:endpointId/test': foreign(),
  'POST /webhooks/:endpointId/recover': foreign(() => ({ since: '2026-01-01T00:00:00Z' })),
  'GET /webhooks/:endpointId/deliveries': foreign(),
  'GET /deliveries/:deliveryId': foreign(),
  'POST /deliveries/:deliveryId/replay': foreign(),
};

const DASHBOARD: Record<string, Case> = {
  'GET /me': own,
  'GET /api-keys': own,
  'POST /api-keys': own,
  'DELETE /api-keys/:id': foreign(),
  'GET /usage': own,
  'GET /quota': own,
};

const fill = (path: string): string =>
  path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));

const snapshot = async (): Promise<string> =>
  JSON.stringify(
    await query(
      `SELECT (SELECT jsonb_agg(a ORDER BY id) FROM dev_apps a WHERE partner_id = $1) AS apps,
        (SELECT jsonb_agg(to_jsonb(k) - 'last_used_at' - 'announced_version' ORDER BY id) FROM api_key k WHERE partner_id = $1) AS keys,
        (SELECT jsonb_agg(m ORDER BY subject) FROM partner_member m WHERE partner_id = $1) AS members,
        (SELECT jsonb_agg(i ORDER BY id) FROM partner_invitation i WHERE partner_id = $1) AS invitations,
        (SELECT jsonb_agg(to_jsonb(w) ORDER BY id) FROM webhook_endpoint w WHERE partner_id = $1) AS endpoints,
        (SELECT count(*) FROM webhook_event WHERE partner_id = $1) AS events,
        (SELECT jsonb_agg(i ORDER BY id) FROM invoice i WHERE partner_id = $1) AS invoices,
        (SELECT count(*) FROM dev_portal_audit WHERE partner_id = $1) AS entries`,
      [ids.partner],
    ),
  );

beforeAll(async () => {
  const partner = await makePartner();
  await query('UPDATE partner SET name = $1 WHERE id = $2', [FOREIGN_NAME, partner.id]);
  them = await memberOf(partner.id);
  const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const app = (await sendJson('/api/dev/apps', 'POST', { name: FOREIGN_NAME }, dev)).json.id;
  const wanted = { key_type: 'bearer', environment: 'test', name: FOREIGN_NAME };
  const made = (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, dev)).json;
  const hook = { url: 'https://theirs.example.com/hook' };
  const endpoint = (await sendJson('/api/dev/webhooks', 'POST', hook, dev)).json.id;
  await sendJson(`/api/dev/webhooks/${endpoint}/test`, 'POST', {}, dev);
  const [delivery] = await query('SELECT id FROM webhook_delivery WHERE endpoint_id = $1', [endpoint]);
  await query(`UPDATE webhook_endpoint SET state = 'paused', busy_since = NULL WHERE id = $1`, [endpoint]);
  const [invoice] = await query(
    `SELECT (issue_invoice(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', $1::uuid, 'period_start', '2026-10-01',
       'period_end', '2026-10-31', 'currency', 'EUR', 'subtotal_minor', 5, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 5, 'status', 'open',
       'issued_at', now(), 'due_at', now(), 'seller', '{"name": "S"}'::jsonb, 'buyer', jsonb_build_object('name', $2::text), 'lines',
       jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', $2::text, 'from_at', now(), 'to_at', now(), 'quantity', 0, 'amount_minor', 5))))).id`,
    [partner.id, FOREIGN_NAME],
  );
  const request = (await call('/v2/routes/list', { key: made.secret })).headers['x-request-id'];
  await eventually(
    () => query('SELECT 1 FROM api_usage_events WHERE id = $1', [request]),
    (rows) => rows.length > 0,
  );
  await them.post('/portal/members/invite', { email: 'someone@example.com', role: 'viewer' });
  const [invitation] = await query('SELECT id FROM partner_invitation WHERE partner_id = $1', [partner.id]);
  const [session] = await query(
    'SELECT s.id FROM dev_session s JOIN dev_accounts a ON a.id = s.account_id WHERE a.email = $1',
    [them.email],
  );
  const [subject] = await query('SELECT subject FROM partner_member WHERE partner_id = $1 LIMIT 1', [
    partner.id,
  ]);
  const grant = `og_test_${'g'.repeat(24)}`;
  await query(
    `WITH made AS (INSERT INTO api_key (partner_id, app_id, key_id, kind, environment, key_hash, key_prefix, name)
       VALUES ($1, $2, $3::text, 'grant', 'test', $3::text, 'os_test_', $4) RETURNING id)
     INSERT INTO oauth_grant (api_key_id, subject, client_id) SELECT id, $5, 'https://app.example/client.json' FROM made`,
    [partner.id, app, grant, FOREIGN_NAME, subject?.subject],
  );
  Object.assign(ids, {
    grant,
    grantId: grant,
    partner: partner.id,
    app,
    appId: app,
    key: made.key_id,
    keyId: made.key_id,
    requestId: request,
    invoice: invoice?.id,
    invoiceId: invoice?.id,
    rule: 'error_rate',
    what: 'invoices',
    tier: 'business',
    endpoint,
    endpointId: endpoint,
    delivery: delivery?.id,
    deliveryId: delivery?.id,
    invitation: invitation?.id,
    invitationId: invitation?.id,
    session: session?.id,
    subject: subject?.subject,
    token: 'x'.repeat(43),
  });
  me = await signedUp();
  await me.get('/portal');
  const mine = await makePartner();
  myToken = await developerToken(mine);
  myKey = (await makeKey(mine.id)).secret;
  before = await snapshot();
});

/** `:id` means different things in different paths. */
function useIds(path: string): void {
  if (path.includes('/requests/')) ids.id = ids.requestId ?? '';
  else if (path.includes('/invitations/')) ids.id = ids.invitation ?? '';
  else if (path.includes('/sessions/')) ids.id = ids.session ?? '';
  else ids.id = ids.key ?? '';
}

describe('every page of the portal', () => {
  it.for(routesOf(portal))('%s', async (route) => {
    const known = PORTAL[route];
    if (!known) throw new Error(`${route} has no case`);
    const [method = '', path = ''] = route.split(' ');
    useIds(path);
    if (known.kind === 'foreign') {
      const answer =
        method === 'GET'
          ? await me.get(fill(path))
          : await me.post(fill(path), (known.fields?.() ?? {}) as Record<string, string>);
      expect([answer.status, answer.text.includes(FOREIGN_NAME)]).toEqual([404, false]);
    } else if (known.kind === 'own') {
      const nobody = visitor();
      const answer = method === 'GET' ? await nobody.get(path) : await nobody.post(path);
      expect([answer.status, String(answer.headers.location)]).toEqual([
        303,
        expect.stringContaining('/sign-in'),
      ]);
      if (method !== 'GET') return;
      // Filters of another tenant's ids show nothing of it.
      const filtered = await me.get(
        `${path}?app=${ids.app}&key=${ids.key}&actor=developer:${ids.subject}&after=${ids.requestId}&partner=${ids.partner}`,
      );
      expect(filtered.status).toBeLessThan(500);
      expect(filtered.text).not.toContain(FOREIGN_NAME);
      // What is offered, everybody sees.
      if (path !== '/portal/mcp') expect(filtered.text).not.toContain('/v2/routes/list<');
    }
  });
});

it('the search finds what a partner has by all that it is told by, and nothing of another', async () => {
  const [{ number, prefix } = {}] = await query(
    'SELECT (SELECT number FROM invoice WHERE id = $1) AS number, (SELECT key_prefix FROM api_key WHERE key_id = $2) AS prefix',
    [ids.invoice, ids.key],
  );
  const cases: [words: string | undefined, leadsTo: string][] = [
    [FOREIGN_NAME, `/portal/apps/${ids.app}`],
    [FOREIGN_NAME, `/portal/keys/${ids.key}`],
    [ids.key, `/portal/keys/${ids.key}`],
    [prefix, `/portal/keys/${ids.key}`],
    [prefix.slice(12, 16), `/portal/keys/${ids.key}`],
    [number, `/portal/invoices/${ids.invoice}`],
    [ids.requestId, `/portal/requests/${ids.requestId}`],
    ['theirs.example.com', `/portal/webhooks/${ids.endpoint}`],
    [them.email, '/portal/members'],
    [`roll ${FOREIGN_NAME}`, `/portal/keys/${ids.key}?dialog=roll`],
  ];
  for (const [words = '', leadsTo] of cases)
    for (const path of ['/portal/search', '/portal/search/options']) {
      const address = `${path}?${new URLSearchParams({ q: words })}`;
      const [own, foreign] = [await them.get(address), await me.get(address)];
      expect([words, own.status, own.text.includes(`href="${leadsTo}"`)]).toEqual([words, 200, true]);
      const options = (await me.get(`/portal/search/options?${new URLSearchParams({ q: words })}`)).text;
      expect([words, foreign.status, options.match(/href="\/portal\/[^"]*"/g)]).toEqual([words, 200, null]);
    }
});

describe("every page of the operators' console is for operators", () => {
  it.for(routesOf(operatorConsole))('%s', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    ids.id = path.includes('/partners/') ? (ids.partner ?? '') : (ids.requestId ?? '');
    const fields = {
      reason: 'x',
      tier: 'enterprise',
      second: '-1',
      day: '-1',
      month: '-1',
      overage: 'block',
    };
    const ask = (person: Person) =>
      method === 'GET' ? person.get(fill(path)) : person.post(fill(path), fields);
    const [refused, nobody] = [await ask(me), await ask(visitor())];
    expect([refused.status, refused.text.includes(FOREIGN_NAME)]).toEqual([403, false]);
    expect([nobody.status, String(nobody.headers.location)]).toEqual([
      303,
      expect.stringContaining('/sign-in'),
    ]);
  });
});

const send = (path: string, method: string, body: object, headers: Record<string, string>) =>
  method === 'GET' ? call(path, { headers }) : sendJson(path, method, body, { headers });

describe("every route of the developers' API", () => {
  it.for(routesOf(developerApi))('%s', async (route) => {
    const known = DEVELOPER[route];
    if (!known) throw new Error(`${route} has no case`);
    const [method = '', path = ''] = route.split(' ');
    const address = `/api/dev${fill(path)}`;
    expect((await send(address, method, {}, {})).status).toBe(401);
    if (known.kind !== 'foreign') return;
    const body = { key_type: 'bearer', environment: 'test', name: 'x', reason: 'x', ...known.fields?.() };
    const { status, text } = await send(address, method, body, { authorization: `Bearer ${myToken}` });
    expect([status, text.includes(FOREIGN_NAME)]).toEqual([404, false]);
  });
});

describe("every route of the operators' API is for operators", () => {
  it.for(routesOf(adminApi))('%s', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    ids.id = ids.partner ?? '';
    const { status, text } = await send(
      `/api/admin${fill(path)}`,
      method,
      {},
      { authorization: `Bearer ${myToken}` },
    );
    expect([status, text.includes(FOREIGN_NAME)]).toEqual([403, false]);
  });
});

describe('every route of the dashboard API', () => {
  it.for(routesOf(dashboard))('%s', async (route) => {
    const known = DASHBOARD[route];
    if (!known) throw new Error(`${route} has no case`);
    const [method = '', path = ''] = route.split(' ');
    ids.id = ids.key ?? '';
    expect((await send(`/dashboard${fill(path)}`, method, {}, {})).status).toBe(401);
    if (known.kind !== 'foreign') return;
    const { status } = await send(
      `/dashboard${fill(path)}`,
      method,
      {},
      { authorization: `Bearer ${myKey}` },
    );
    expect(status).toBe(404);
  });
});

it('after all of that, nothing of theirs has changed', async () => {
  expect(await snapshot()).toBe(before);
});
