// Operators' daily work: setting up partners, finding anything by what they are told, today, and requests for live access.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  control,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import {
  confirmAddress,
  mailedPath,
  memberOf,
  operatorSignedIn,
  PASSWORD,
  type Person,
  signedUp,
  visitor,
} from '../support/portal.ts';

let operator: Person;
const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
beforeAll(async () => {
  operator = await operatorSignedIn();
});

const unique = () => randomUUID().slice(0, 8);
const newPartner = (email: string) => ({
  name: `Shop ${email}`,
  email,
  company: 'Shop Ltd',
  tier: 'business',
  currency: 'EUR',
  status: 'active',
  language: 'en',
});

describe('setting up a partner in the console', () => {
  it('makes a partner, an app and a key that works, whose secret is shown once', async () => {
    const email = `owner-${unique()}@example.com`;
    const made = await operator.post('/operator/partners', newPartner(email));
    const path = String(made.headers.location).split('?')[0] ?? '';
    expect(path).toMatch(/^\/operator\/partners\/[0-9a-f-]{36}$/);
    expect(await mailedPath(email)).toMatch(/^\/invite\//);
    await operator.post(`${path}/apps`, { name: 'Till' });
    const id = path.split('/').at(-1);
    const [app] = await query('SELECT id FROM dev_apps WHERE partner_id = $1', [id]);
    const form = {
      form: randomUUID(),
      name: 'Handed over',
      app: String(app?.id),
      kind: 'bearer',
      environment: 'live',
      scopes: 'read:routes',
    };
    const shown = await operator.post(`${path}/keys`, form);
    const secret = /pk_live_\w+/.exec(shown.text.slice(shown.text.indexOf('data-secret')))?.[0] ?? '';
    expect((await call('/v2/routes/list', { key: secret })).status).toBe(200);
    const keyPath = await mailedPath(email, 'created the key');
    expect(keyPath).toMatch(/^\/portal\/keys\//);
    const [mail] = await query(
      `SELECT body FROM outbox_mail WHERE recipient = $1 AND strpos(body, 'created the key') > 0`,
      [email],
    );
    expect(mail?.body).not.toContain(secret);
    // Sent again, the form leads to the same key, without its secret.
    const again = await operator.post(`${path}/keys`, form);
    expect(again.headers.location).toContain('done=key_made_before');
    expect(await query('SELECT 1 FROM api_key WHERE partner_id = $1', [id])).toHaveLength(1);
  });

  it('says at its field what cannot be: an address that is taken, a plan that is not sold in the currency', async () => {
    const taken = await makePartner();
    const answer = await operator.post('/operator/partners', newPartner(taken.email));
    expect([answer.status, answer.text.includes('A partner with this e-mail exists')]).toEqual([409, true]);
    expect(answer.text).toMatch(/id="partner-email-error"/);
    const tier = `eur-${unique()}`;
    await query(
      `INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
       VALUES ($1, 100, 1, 1, 1, '{}')`,
      [tier],
    );
    const email = `owner-${unique()}@example.com`;
    const wanted = { ...newPartner(email), tier, currency: 'XOF' };
    const unpriced = await operator.post('/operator/partners', wanted, { 'accept-language': 'fr' });
    expect(unpriced.status).toBe(409);
    expect(unpriced.text).toMatch(/id="partner-currency-error">\s*Ce forfait n’a pas de prix/);
    expect(await query('SELECT 1 FROM partner WHERE email = $1', [email])).toEqual([]);
    await query('DELETE FROM tier_config WHERE tier = $1', [tier]);
  });

  it('makes a partner where no mail can be sent, and says so; an invitation comes back', async () => {
    const before = `unmailed-${unique()}`;
    const [byPage, byApi] = [`${before}-page@example.com`, `${before}-api@example.com`];
    await query(`ALTER TABLE outbox_mail ADD CONSTRAINT no_provider CHECK (recipient NOT LIKE '${before}%')`);
    try {
      const made = await operator.post('/operator/partners', newPartner(byPage));
      expect((await operator.get(String(made.headers.location))).text).toContain('could not be sent');
      const { status, json } = await sendJson('/api/admin/partners', 'POST', newPartner(byApi), api);
      expect([status, json.email, json.invitation_mailed]).toEqual([201, byApi, false]);
      expect(await query('SELECT 1 FROM partner WHERE email = ANY ($1)', [[byPage, byApi]])).toHaveLength(2);

      const wish = { email: byApi, role: 'owner', language: 'en' };
      const again = await operator.post(`/operator/partners/${json.id}/invitations`, wish);
      expect(again.status).toBe(503);
      expect(again.text).toMatch(/id="invite-email-error">\s*The mail of this invitation could not be sent/);
      const owner = await memberOf(json.id);
      const member = await owner.post('/portal/members/invite', { email: byPage, role: 'viewer' });
      expect([member.status, member.text.includes('The email could not be sent')]).toEqual([503, true]);
    } finally {
      await query('ALTER TABLE outbox_mail DROP CONSTRAINT no_provider');
    }
    const wish = { ...newPartner(`mailed-${unique()}@example.com`) };
    expect((await sendJson('/api/admin/partners', 'POST', wish, api)).json.invitation_mailed).toBe(true);
  });

  it('makes nothing for a partner that there is not, by page or by API', async () => {
    const nobody = randomUUID();
    const json = { name: 'Till' };
    expect((await operator.post(`/operator/partners/${nobody}/apps`, json)).status).toBe(404);
    for (const [path, body] of [
      ['apps', json],
      ['keys', { name: 'Key', environment: 'test' }],
      ['invitations', { email: 'a@example.com' }],
    ] as const)
      expect((await sendJson(`/api/admin/partners/${nobody}/${path}`, 'POST', body, api)).status, path).toBe(
        404,
      );
    // Another partner's app.
    const [mine, other] = [await makePartner(), await makePartner()];
    const app = (await sendJson(`/api/admin/partners/${other.id}/apps`, 'POST', json, api)).json;
    const wanted = { name: 'Key', environment: 'test', app_id: app.id };
    const refused = await sendJson(`/api/admin/partners/${mine.id}/keys`, 'POST', wanted, api);
    expect(refused.status).toBe(404);
    expect(await query('SELECT 1 FROM api_key WHERE partner_id = $1', [mine.id])).toEqual([]);
  });
});

describe('the search', () => {
  const found = (words: string) => operator.get(`/operator/search?q=${encodeURIComponent(words)}`);

  it('leads to a request, a key, a partner and an invoice by what they are told by', async () => {
    const partner = await makePartner();
    const { secret, id } = await makeKey(partner.id);
    const request = String((await call('/v2/routes/list', { key: secret })).headers['x-request-id']);
    const page = await eventually(
      () => found(request),
      ({ status }) => status === 303,
    );
    expect(page.headers.location).toBe(`/operator/requests/${request}`);
    const shown = await operator.get(`/operator/requests/${request}`);
    expect(shown.text).toContain(`/operator/partners/${partner.id}`);
    expect(shown.text).toContain(`/operator/keys/${id}`);
    expect((await found(partner.id)).headers.location).toBe(`/operator/partners/${partner.id}`);
    expect((await found(partner.email)).headers.location).toBe(`/operator/partners/${partner.id}`);
    expect((await found(id)).headers.location).toBe(`/operator/keys/${id}`);
    // What is pasted in whole is found by its beginning.
    const [{ key_prefix: prefix } = { key_prefix: '' }] = await query<{ key_prefix: string }>(
      'SELECT key_prefix FROM api_key WHERE id = $1',
      [id],
    );
    expect((await found(prefix)).headers.location ?? (await found(prefix)).text).toContain(id);
    const json = (await call(`/api/admin/search?q=${id}`, api)).json;
    expect(json.data).toEqual([expect.objectContaining({ kind: 'key', id })]);
  });

  it('lists what several match, and says when nothing does', async () => {
    const partner = await makePartner();
    const member = await memberOf(partner.id);
    const mark = unique();
    const names = [`One of ${mark}`, `Two of ${mark}`];
    for (const [i, { id }] of [partner, await makePartner()].entries())
      await query('UPDATE partner SET name = $2 WHERE id = $1', [id, names[i]]);
    const { status, text } = await found(mark);
    expect([status, names.filter((name) => text.includes(name))]).toEqual([200, names]);
    // What is alone is opened at once.
    expect((await found(member.email)).status).toBe(303);
    expect((await found(`nothing-${unique()}`)).text).toContain('Nothing found');
    expect((await found(`'; DROP TABLE partner -- ${unique()}`)).status).toBe(200);
  });

  it('shows who calls from an address, and which blocks it is under', async () => {
    // Other tests block addresses, here and for a while.
    const partner = await makePartner();
    const { secret, id } = await makeKey(partner.id);
    const ip = '192.0.2.177';
    await call('/v2/routes/list', { key: secret, headers: { 'cf-connecting-ip': ip } });
    const page = await eventually(
      () => found(ip),
      ({ text }) => text.includes(id),
      90_000,
    );
    expect(page.text).toContain('Keys used from this address');
    expect((await found('192.0.2.178')).text).not.toContain(id);
  });

  it('is for operators only, and so often', async () => {
    const person = await memberOf((await makePartner()).id);
    expect((await person.get('/operator/search?q=test')).status).toBe(403);
    expect(
      (
        await call('/api/admin/search?q=test', {
          headers: { authorization: `Bearer ${await developerToken()}` },
        })
      ).status,
    ).toBe(403);
    const busy = await operatorSignedIn();
    const answers = await Promise.all(Array.from({ length: 90 }, () => busy.get('/operator/search?q=zzzz')));
    expect(answers.some(({ status }) => status === 429)).toBe(true);
  });
});

const answers = (company: string) => ({
  company,
  website: 'https://shop.example',
  use_case: 'A journey planner for our riders.',
  monthly_requests: '50 000',
});

describe('live access', () => {
  it('is asked for, waits in the queue with its answers, and is approved', async () => {
    const partner = await makePartner({ status: 'sandbox_only', tier: 'free' });
    const owner = await memberOf(partner.id);
    const company = `Riders ${unique()}`;
    expect((await owner.get('/portal')).text).toContain('Request live access');
    const asked = await owner.post('/portal/live-access', answers(company));
    expect(asked.headers.location).toContain('done=live_access_requested');
    expect((await owner.get('/portal/live-access')).text).toContain('Your request is with our operators');
    expect((await operator.get('/operator/live-access')).text).toContain(company);
    const page = (await operator.get(`/operator/partners/${partner.id}`)).text;
    expect([page.includes(company), page.includes('A journey planner')]).toEqual([true, true]);
    const waiting = (await call('/api/admin/live-access', api)).json.data;
    expect(waiting).toContainEqual(
      expect.objectContaining({ partner_id: partner.id, company, monthly_requests: 50_000 }),
    );
    await operator.post(`/operator/partners/${partner.id}/approve`, { reason: 'papers seen' });
    expect((await operator.get('/operator/live-access')).text).not.toContain(company);
    expect((await owner.get('/portal/live-access')).text).toContain('you can create live keys');
  });

  it('is declined with a reason, and asked for again', async () => {
    const partner = await makePartner({ status: 'sandbox_only' });
    const token = await developerToken(partner);
    const mine = { headers: { authorization: `Bearer ${token}` } };
    const wanted = { ...answers('Riders'), monthly_requests: 10 };
    expect((await call('/api/dev/live-access', mine)).json).toEqual({ status: 'none', request: null });
    expect((await sendJson('/api/dev/live-access', 'POST', wanted, mine)).status).toBe(202);
    const path = `/operator/partners/${partner.id}/decline`;
    await operator.post(path, { reason: 'Which riders?' });
    expect((await call('/api/dev/live-access', mine)).json).toMatchObject({
      status: 'declined',
      request: { company: 'Riders', declined_because: 'Which riders?' },
    });
    expect(await mailedPath(partner.email, 'Which riders?')).toBe('/portal/live-access');
    // Nothing waits any more.
    expect((await operator.post(path, { reason: 'again' })).status).toBe(404);
    await sendJson('/api/dev/live-access', 'POST', wanted, mine);
    expect((await call('/api/dev/live-access', mine)).json.status).toBe('requested');
  });

  it('is an owner’s to ask for, and of a partner that has none yet', async () => {
    const partner = await makePartner({ status: 'sandbox_only' });
    const developer = await memberOf(partner.id, 'developer');
    expect((await developer.post('/portal/live-access', answers('Riders'))).status).toBe(403);
    const approved = await memberOf((await makePartner()).id);
    expect((await approved.post('/portal/live-access', answers('Riders'))).status).toBe(409);
    expect(await query('SELECT 1 FROM live_access_request WHERE partner_id = $1', [partner.id])).toEqual([]);
  });
});

it('today shows what waits, what was refused and what is overdue', async () => {
  const partner = await makePartner({ status: 'sandbox_only' });
  const owner = await memberOf(partner.id);
  await owner.post('/portal/live-access', answers(`Riders ${unique()}`));
  await query(
    `SELECT issue_invoice(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', $1::uuid, 'period_start', '2026-10-01',
       'period_end', '2026-10-31', 'currency', 'XOF', 'subtotal_minor', 700, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 700, 'status', 'open',
       'issued_at', now() - interval '40 days', 'due_at', now() - interval '10 days', 'seller', '{"name": "S"}'::jsonb, 'buyer', '{"name": "B"}'::jsonb,
       'lines', jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', 'business', 'from_at', now(), 'to_at', now(), 'quantity', 0,
       'amount_minor', 700))))`,
    [partner.id],
  );
  const { status, text } = await operator.get('/operator');
  expect(status).toBe(200);
  for (const words of [
    'Waiting for live access',
    'Open alerts',
    'Overdue invoices',
    'CFA',
    'Nightly comparison',
  ])
    expect(text).toContain(words);
});

const location = ({ headers }: { headers: Record<string, unknown> }) => headers.location;
const membersOf = (partnerId: string) =>
  query('SELECT email, role FROM partner_member WHERE partner_id = $1 ORDER BY email', [partnerId]);

describe('a sign-up', () => {
  it('makes an app and a test key, whose secret the overview shows once', async () => {
    const person = await signedUp();
    const page = (await person.get('/portal')).text;
    const secret = /pk_test_\w+/.exec(page.slice(page.indexOf('data-secret')))?.[0] ?? '';
    const light = /data-await="(\/portal\/keys\/[^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const answer = await call('/v2/stops/search?q=colobane', { key: secret });
    expect(answer.status).toBe(200);
    const again = await person.get('/portal');
    expect([again.status, again.text.includes(secret)]).toEqual([200, false]);
    await eventually(
      () => person.get(light),
      ({ text }) => text.includes('✓ 200'),
    );
    // Nobody gets another one by signing in again.
    const back = visitor(person.email);
    await back.post('/sign-in', { email: person.email, password: PASSWORD });
    await back.post('/welcome');
    const [made] = await query(
      `SELECT (SELECT count(*)::int FROM dev_apps WHERE partner_id = p.id) AS apps,
         (SELECT count(*)::int FROM api_key WHERE partner_id = p.id) AS keys FROM partner p WHERE email = $1`,
      [person.email],
    );
    expect(made).toEqual({ apps: 1, keys: 1 });
  });

  it('carries the secret for its own account only', async () => {
    const [mine, theirs] = [await signedUp(), await signedUp()];
    const cookie = [...mine.cookies].find(([name]) => name.includes('first-key'));
    if (!cookie) throw new Error('nothing is carried');
    theirs.cookies.set(...cookie);
    expect((await theirs.get('/portal')).text).not.toContain('data-secret');
    expect([...theirs.cookies.keys()].some((name) => name.includes('first-key'))).toBe(false);
  });

  it('with the verified address of a partner without members enters it, once the address is confirmed', async () => {
    const email = `owner-${unique()}@example.com`;
    const made = await operator.post('/operator/partners', newPartner(email));
    const id = String(location(made)).split(/[/?]/).at(3) ?? '';
    const person = visitor(email);
    await person.post('/sign-up', { name: 'Owner', email, password: PASSWORD });
    expect(await membersOf(id)).toEqual([]);
    expect(location(await confirmAddress(person))).toBe('/portal');
    expect(await membersOf(id)).toEqual([{ email, role: 'owner' }]);
    expect((await person.get('/portal')).status).toBe(200);
    // The link that was mailed to the same address is used up, and nothing was registered beside.
    expect((await person.post(await mailedPath(email, '/invite/'))).status).toBe(404);
    expect(await query('SELECT 1 FROM partner WHERE email = $1', [email])).toHaveLength(1);
    const audit = await query(`SELECT action FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id`, [id]);
    expect(audit.map(({ action }) => action)).toEqual(['partner.created', 'member.invited', 'member.joined']);
  });

  it('enters no partner that has members, nor a suspended one', async () => {
    for (const given of ['members', 'suspended']) {
      const person = await signedUp();
      const email = `owner-${unique()}@example.com`;
      const partner = await makePartner({ status: given === 'suspended' ? 'suspended' : 'active' });
      await query('UPDATE partner SET email = $2 WHERE id = $1', [partner.id, email]);
      if (given === 'members')
        await query(
          `INSERT INTO partner_member (partner_id, subject, email, role) SELECT $1, id, email, 'viewer' FROM dev_accounts WHERE email = $2`,
          [partner.id, person.email],
        );
      const before = await membersOf(partner.id);
      const newcomer = visitor(email);
      await newcomer.post('/sign-up', { name: 'New', email, password: PASSWORD });
      expect(location(await confirmAddress(newcomer))).toBe('/welcome');
      expect((await newcomer.post('/welcome')).status, given).toBe(409);
      expect(await membersOf(partner.id)).toEqual(before);
    }
  });

  it('is let in by a token whose issuer has verified the address, and by no other', async () => {
    const email = `owner-${unique()}@example.com`;
    const partner = await makePartner();
    await query('UPDATE partner SET email = $2 WHERE id = $1', [partner.id, email]);
    const tokenOf = (wrong?: object) =>
      control<string>('token', { sub: `holder-${unique()}`, email, ...(wrong && { wrong }) });
    const ask = async (token: string) =>
      (await call('/api/dev/members', { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await ask(await tokenOf({ email_verified: false }))).toBe(403);
    expect(await membersOf(partner.id)).toEqual([]);
    expect(await ask(await tokenOf())).toBe(200);
    expect(await membersOf(partner.id)).toEqual([{ email, role: 'owner' }]);
    // The next person of the same address finds a partner with members.
    expect(await ask(await tokenOf())).toBe(403);
  });

  it('of two at once, one enters', async () => {
    const email = `owner-${unique()}@example.com`;
    const partner = await makePartner();
    await query('UPDATE partner SET email = $2 WHERE id = $1', [partner.id, email]);
    const tokens = await Promise.all(
      [1, 2, 3].map(() => control<string>('token', { sub: `holder-${unique()}`, email })),
    );
    const answers = await Promise.all(
      tokens.map((token) => call('/api/dev/members', { headers: { authorization: `Bearer ${token}` } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
    expect(await membersOf(partner.id)).toHaveLength(1);
  });
});

describe('the audit', () => {
  it('names what was done to what, to operators and to the partner', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const path = `/operator/partners/${partner.id}`;
    await operator.post(`${path}/apps`, { name: 'Till of the shop' });
    const { id } = await makeKey(partner.id);
    await query(`UPDATE api_key SET name = 'Laptop <1>' WHERE id = $1`, [id]);
    await operator.post(`/operator/keys/${id}/revoke`, { reason: 'lost' });
    await operator.post(`${path}/invitations`, {
      email: 'asked@example.com',
      role: 'viewer',
      language: 'en',
    });
    for (const page of [await operator.get(path), await owner.get('/portal/audit')]) {
      expect(page.text).toMatch(/created an app\s*<strong class="break">Till of the shop<\/strong>/);
      expect(page.text).toMatch(/revoked a key\s*<strong class="break">Laptop &lt;1&gt;<\/strong>/);
      expect(page.text).toMatch(/invited someone\s*<strong class="break">asked@example.com<\/strong>/);
    }
  });

  it('is filtered by area, actor and days, as a page, as CSV and by the API', async () => {
    const partner = await makePartner();
    const path = `/operator/partners/${partner.id}`;
    await operator.post(`${path}/apps`, { name: 'Till' });
    await operator.post(`${path}/suspend`, { reason: 'unpaid' });
    const of = (filter: string) => operator.get(`/operator/audit?partner=${partner.id}&${filter}`);
    const today = new Date().toISOString().slice(0, 10);
    const kinds = async (filter: string) => {
      const { text } = await of(filter);
      return [text.includes('created an app'), text.includes('suspended the account')];
    };
    expect(await kinds('')).toEqual([true, true]);
    expect(await kinds('action=app.')).toEqual([true, false]);
    expect(await kinds(`who=${encodeURIComponent(operator.email)}`)).toEqual([true, true]);
    expect(await kinds('who=nobody@example.com')).toEqual([false, false]);
    expect(await kinds(`from=${today}&to=${today}`)).toEqual([true, true]);
    expect(await kinds('to=2020-01-01')).toEqual([false, false]);
    expect(await kinds('from=nonsense&action=nonsense')).toEqual([true, true]);
    const file = await operator.get(`/operator/audit.csv?partner=${partner.id}&action=app.`);
    expect(file.headers['content-type']).toContain('text/csv');
    expect(file.text.trim().split('\r\n')).toHaveLength(2);
    expect(file.text).toContain('"app.created","Till"');
    // Members narrow their own by the same words.
    const owner = await memberOf(partner.id);
    const own = async (filter: string) => {
      const { text } = await owner.get(`/portal/audit?${filter}`);
      return [text.includes('created an app'), text.includes('suspended the account')];
    };
    const actor = encodeURIComponent(`developer:${partner.id}`);
    for (const [filter, shown] of [
      ['', [true, true]],
      ['action=app.', [true, false]],
      [`who=${actor}`, [false, false]],
      [`from=${today}&to=${today}`, [true, true]],
      ['to=2020-01-01', [false, false]],
      ['from=2100-01-01', [false, false]],
      ['from=nonsense', [true, true]],
    ] as const)
      expect([filter, await own(filter)]).toEqual([filter, shown]);
    expect((await owner.get('/portal/audit?from=2026-01-05')).text).toContain('value="2026-01-05"');
    expect((await owner.get('/portal/audit.csv?to=2020-01-01')).text.trim().split('\r\n')).toHaveLength(1);
    const json = (
      await call(`/api/admin/audit?partner_id=${partner.id}&action=partner.&actor=${operator.email}`, api)
    ).json;
    expect(json.data).toMatchObject([{ action: 'partner.suspended', partner: 'Test' }]);
  });
});

it('usage of all partners has a range, and a file of every partner', async () => {
  const partner = await makePartner();
  await query(
    `INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, environment, calls, units)
     VALUES ((now() AT TIME ZONE 'UTC')::date - 40, $2, '/v2', $1, 'live', 7, 7)`,
    [partner.id, randomUUID()],
  );
  await query('UPDATE partner SET name = $2 WHERE id = $1', [partner.id, `Busy ${partner.id}`]);
  const has = async (path: string) => (await operator.get(path)).text.includes(`Busy ${partner.id}`);
  expect(await has('/operator/usage.csv?days=30')).toBe(false);
  expect(await has('/operator/usage.csv?days=90')).toBe(true);
  expect((await operator.get('/operator/usage?days=90')).text).toContain('aria-current="true"');
  expect((await operator.get('/operator/usage?days=nonsense')).status).toBe(200);
});
