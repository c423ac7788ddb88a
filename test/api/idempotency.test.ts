// One Idempotency-Key, one effect: at every POST of both APIs, whoever asks at once, wherever a request dies, and however
// late it is repeated.

import { Hono } from 'hono';
import { uuidv7 } from 'uuidv7';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealEnvelope } from '../../src/crypto/envelope.ts';
import { ISSUER } from '../../src/dev/issuer.ts';
import { type Claimant, createIdempotencyStore } from '../../src/http/idempotency-store.ts';
import { idempotent } from '../../src/http/idempotent.ts';
import { createMailBudget } from '../../src/mail/mail-budget.ts';
import { adminApi } from '../../src/operator/admin-routes.ts';
import { createMemberService } from '../../src/partners/member-service.ts';
import { createAllowances } from '../../src/platform/allowances.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { developerApi } from '../../src/portal/api/dev-routes.ts';
import {
  type Answer,
  call,
  control,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { operatorSignedIn } from '../support/portal.ts';
import { openSocket, wait } from '../support/raw.ts';

const operator = { authorization: `Bearer ${stack.demo.operator.token}` };
/** In both languages. */
const SAID = { en: 'Said', fr: 'Dit' };
let partner: TestPartner;
let dev: Record<string, string>;
/** Another member of the same partner. */
let colleague: Record<string, string>;
let app: string;
let otherOperator: Record<string, string>;

const postsOf = (api: { routes: readonly { method: string; path: string }[] }): string[] => [
  ...new Set(api.routes.filter(({ method }) => method === 'POST').map(({ path }) => path)),
];

/** An invoice over 1,000.00, open. */
async function makeInvoice(): Promise<string> {
  const [invoice] = await query<{ id: string }>(
    `SELECT (issue_invoice(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', $1::uuid,
       'period_start', '2026-10-01', 'period_end', '2026-10-31', 'currency', 'EUR', 'subtotal_minor', 100000, 'tax_bps', 0,
       'tax_minor', 0, 'total_minor', 100000, 'status', 'open', 'issued_at', now(), 'due_at', now(), 'seller', '{"name": "S"}'::jsonb,
       'buyer', '{"name": "B"}'::jsonb, 'lines', jsonb_build_array(jsonb_build_object('kind', 'plan', 'from_at', now(),
       'to_at', now(), 'quantity', 0, 'amount_minor', 100000))))).id`,
    [partner.id],
  );
  return invoice?.id ?? '';
}
const testKey = async () => (await makeKey(partner.id, { environment: 'test' })).id;
const endpoint = async (): Promise<string> =>
  (
    await sendJson(
      '/api/dev/webhooks',
      'POST',
      { url: `https://hooks.example.com/${uuidv7()}` },
      { headers: dev },
    )
  ).json.id;

interface Case {
  /** The action of the audit row that it writes. */
  action: string;
  /** The value of the path's one parameter. */
  id?(): Promise<string> | string;
  body?(): object;
  /** Done again it finds what it did, and so it may answer after all. */
  isRepeatable?: boolean;
  atOnce?: number;
  after?(): Promise<unknown>;
}

const setStatus = (status: string) =>
  query('UPDATE partner SET status = $2 WHERE id = $1', [partner.id, status]);

/** What a plan that is not there yet is planned against, where nothing was applied. */
const unplanned = (tier: string) => ({ [`/plans/${tier}`]: 'd41d8cd98f00b204e9800998ecf8427e', '': '0 ' });

const ADMIN: Record<string, Case> = {
  '/plans': {
    action: 'plan.created',
    body: () => ({
      tier: `once-${Date.now()}`,
      prices: { EUR: { price: 1, overage_per_1000: 1 } },
      rate_limit_per_second: 1,
      rate_limit_per_day: 1,
      rate_limit_per_month: 1,
    }),
    atOnce: 50,
  },
  '/config/apply': {
    action: 'config.applied',
    body: () => {
      const tier = `once-config-${Date.now()}`;
      const limits = { rate_limit_per_second: 1, rate_limit_per_day: 1, rate_limit_per_month: 1 };
      const plan = { prices: { EUR: { price: 1, overage_per_1000: 1 } }, ...limits };
      return { file: { plans: { [tier]: plan } }, version: unplanned(tier) };
    },
    after: () => query('DELETE FROM config_field'),
  },
  '/partners/:id/plan': {
    action: 'plan.changed',
    id: () => partner.id,
    body: () => ({ tier: 'business', reason: 'agreed' }),
    atOnce: 50,
  },
  '/invoices/:id/pay': { action: 'invoice.paid', id: makeInvoice, isRepeatable: true, atOnce: 50 },
  '/invoices/:id/void': {
    action: 'invoice.voided',
    id: makeInvoice,
    body: () => ({ reason: 'twice' }),
    isRepeatable: true,
    atOnce: 50,
  },
  '/invoices/:id/credit': {
    action: 'credit_note.issued',
    id: makeInvoice,
    body: () => ({ amount_minor: 118, reason: 'outage' }),
    isRepeatable: true,
    atOnce: 50,
  },
  '/dead-letters/:id/replay': {
    action: 'dead_letter.replayed',
    id: async () => {
      const [letter] = await query<{ id: string }>(
        `INSERT INTO dead_letter (id, queue, body, reason) VALUES (gen_random_uuid(), 'passerelle-usage', convert_to($1, 'UTF8'), 'x')
         RETURNING id`,
        [JSON.stringify({ id: uuidv7(), events: [] })],
      );
      return letter?.id ?? '';
    },
  },
  '/policies': {
    action: 'policy.installed',
    body: () => ({ policy: 'cache', api: 'payments', settings: { seconds: 0 } }),
  },
  '/partners': {
    action: 'partner.created',
    body: () => ({ name: 'Once', email: `${uuidv7()}@example.com`, tier: 'starter' }),
  },
  '/partners/:id/approve': {
    action: 'partner.approved',
    id: async () => (await makePartner({ status: 'sandbox_only' })).id,
    body: () => ({}),
  },
  '/partners/:id/decline': {
    action: 'live_access.declined',
    id: async () => {
      const { id } = await makePartner({ status: 'sandbox_only' });
      await query(
        `INSERT INTO live_access_request (partner_id, company, use_case, monthly_requests, asked_by)
         VALUES ($1, 'Shop', 'A planner', 5, 'x')`,
        [id],
      );
      return id;
    },
    body: () => ({ reason: 'x' }),
  },
  '/partners/:id/apps': { action: 'app.created', id: () => partner.id, body: () => ({ name: 'Once' }) },
  '/partners/:id/keys': {
    action: 'key.created',
    id: () => partner.id,
    body: () => ({ name: 'Once', app_id: app, environment: 'test', scopes: ['read:routes'] }),
  },
  '/partners/:id/invitations': {
    action: 'member.invited',
    id: () => partner.id,
    body: () => ({ email: `${uuidv7()}@example.com` }),
  },
  '/partners/:id/suspend': {
    action: 'partner.suspended',
    id: async () => (await makePartner()).id,
    body: () => ({ reason: 'x' }),
  },
  '/partners/:id/reinstate': {
    action: 'partner.reinstated',
    id: async () => (await makePartner({ status: 'suspended' })).id,
    body: () => ({}),
  },
  '/keys/:id/revoke': {
    action: 'key.revoked',
    id: testKey,
    body: () => ({ reason: 'x' }),
    isRepeatable: true,
  },
  '/incidents': {
    action: 'incident.opened',
    body: () => ({ title: SAID, text: SAID, state: 'resolved', started_at: '2026-01-01T00:00:00Z' }),
  },
  '/incidents/:id/updates': {
    action: 'incident.updated',
    id: async () => {
      const wanted = { title: SAID, text: SAID, state: 'identified', started_at: '2026-01-01T00:00:00Z' };
      return (await sendJson('/api/admin/incidents', 'POST', wanted, { headers: operator })).json.id;
    },
    body: () => ({ text: SAID, state: 'resolved' }),
  },
  '/blocks': { action: 'address.blocked', body: () => ({ range: '203.0.113.77', reason: 'x' }) },
  '/webhooks': { action: 'webhook.created', body: () => ({ url: 'https://hooks.example.com/once' }) },
};

const WEBHOOKS: Record<string, Case> = {
  '/webhooks/:endpointId/rotate': { action: 'webhook.secret_rotated', id: endpoint },
  '/webhooks/:endpointId/test': { action: 'webhook.tested', id: endpoint },
  '/webhooks/:endpointId/recover': {
    action: 'webhook.recovered',
    id: endpoint,
    body: () => ({ since: '2026-01-01T00:00:00Z' }),
  },
  '/deliveries/:deliveryId/replay': {
    action: 'webhook.replayed',
    id: async () => {
      const id = await endpoint();
      const { json } = await sendJson(`/api/dev/webhooks/${id}/test`, 'POST', {}, { headers: dev });
      await query(`UPDATE webhook_endpoint SET state = 'paused' WHERE id = $1`, [id]);
      await query(`UPDATE webhook_delivery SET state = 'failed' WHERE id = $1`, [json.delivery_id]);
      return json.delivery_id;
    },
  },
};

const DEVELOPER: Record<string, Case> = {
  ...WEBHOOKS,
  '/webhooks': { action: 'webhook.created', body: () => ({ url: 'https://hooks.example.com/once' }) },
  '/apps': { action: 'app.created', body: () => ({ name: 'Once' }), atOnce: 50 },
  '/apps/:appId/keys': {
    action: 'key.created',
    id: () => app,
    body: () => ({ key_type: 'bearer', environment: 'test', name: 'Once' }),
    atOnce: 50,
  },
  '/apps/:appId/sandbox/reset': { action: 'sandbox.reset', id: () => app },
  '/keys/:keyId/rotate': { action: 'key.rotated', id: testKey },
  '/keys/:keyId/budget-keys': {
    action: 'key.created',
    id: testKey,
    body: () => ({ name: 'x', budget: { units: 5 } }),
  },
  '/keys/:keyId/revoke': {
    action: 'key.revoked',
    id: testKey,
    body: () => ({ reason: 'x' }),
    isRepeatable: true,
  },
  '/keys/:keyId/day': { action: 'key.day_travelled', id: testKey, body: () => ({ to: 'spent' }) },
  '/billing/undo': {
    action: 'plan.change_undone',
    id: async () => {
      await query(
        `UPDATE partner_terms SET effective_at = effective_at - interval '1 day' WHERE partner_id = $1`,
        [partner.id],
      );
      await query(
        `UPDATE partner SET tier = 'business', plan_changed_at = now(), plan_before = jsonb_build_object('tier', tier,
           'to', 'business', 'overage_action', overage_action) WHERE id = $1`,
        [partner.id],
      );
      return '';
    },
  },
  '/members/invitations': {
    action: 'member.invited',
    body: () => ({ email: `${uuidv7()}@example.com`, role: 'viewer' }),
  },
  '/apps/:appId/restore': {
    action: 'app.restored',
    id: async () => {
      const { json } = await sendJson('/api/dev/apps', 'POST', { name: 'Gone' }, { headers: dev });
      await call(`/api/dev/apps/${json.id}`, { method: 'DELETE', headers: dev });
      return json.id;
    },
  },
  '/live-access': {
    action: 'live_access.requested',
    id: async () => {
      await setStatus('sandbox_only');
      return '';
    },
    body: () => ({ company: 'Shop', use_case: 'A planner', monthly_requests: 5000 }),
    after: () => setStatus('active'),
  },
};

/** Those of operators' webhooks are the developers' routes, on endpoints that belong to nobody. */
const isWebhook = (path: string) => path in WEBHOOKS;

/** Each has a rate of its own, which all cases together pass. */
beforeEach(async () => {
  dev = { authorization: `Bearer ${await developerToken(partner)}` };
});

beforeAll(async () => {
  partner = await makePartner();
  dev = { authorization: `Bearer ${await developerToken(partner)}` };
  colleague = { authorization: `Bearer ${await developerToken(partner)}` };
  const sub = `other-${partner.id}`;
  await query('INSERT INTO operator_identity (issuer, subject) VALUES ($1, $2)', [ISSUER, sub]);
  const token = await control('token', { sub, email: 'other@example.com', roles: ['operator'] });
  otherOperator = { authorization: `Bearer ${token}` };
  app = (await sendJson('/api/dev/apps', 'POST', { name: 'Keys' }, { headers: dev })).json.id;
});

const lastEntry = async (): Promise<number> =>
  Number((await query('SELECT max(id) AS id FROM dev_portal_audit'))[0]?.id);
const effectsSince = async (entry: number, action: string): Promise<number> =>
  Number(
    (await query('SELECT count(*) FROM dev_portal_audit WHERE id > $1 AND action = $2', [entry, action]))[0]
      ?.count,
  );

const AGED = `created_at = created_at - interval '70 seconds'`;
/** As after a crash between the effect and the kept answer, 70 seconds ago. */
const loseAnswer = (key: string) =>
  query(`UPDATE idempotency_key SET status = NULL, answer_envelope = NULL, ${AGED} WHERE key = $1`, [key]);

async function once(
  path: string,
  { action, body, isRepeatable, atOnce = 12 }: Case,
  headers: Record<string, string>,
  others: Record<string, string>[] = [],
) {
  const key = uuidv7();
  const sent = body?.();
  const send = (json: object | undefined, by = headers): Promise<Answer> => {
    const options = { headers: { ...by, 'idempotency-key': key } };
    return json ? sendJson(path, 'POST', json, options) : call(path, { ...options, method: 'POST' });
  };
  const entry = await lastEntry();
  const answers = await Promise.all(Array.from({ length: atOnce }, () => send(sent)));
  const good = answers.filter(({ status }) => status < 300);
  const refused = answers.filter(({ status }) => status >= 300);
  expect(good.length, answers[0]?.text).toBeGreaterThan(0);
  expect(new Set(good.map(({ text }) => text)).size).toBe(1);
  expect(
    good.filter(({ headers: { 'idempotent-replayed': replayed } }) => replayed === undefined),
  ).toHaveLength(1);
  expect(new Set(refused.map(({ status, json }) => `${status} ${json.message}`))).toEqual(
    new Set(refused.length > 0 ? ['409 A request with this Idempotency-Key is still running'] : []),
  );
  expect((await send(sent)).text).toBe(good[0]?.text);
  const toOthers = async () => {
    for (const other of others) {
      const { status, json, headers: said } = await send(sent, other);
      expect([status, json.message, json.done, said['idempotent-replayed']]).toEqual([
        409,
        expect.stringMatching(/^Somebody else/),
        undefined,
        undefined,
      ]);
    }
  };
  await toOthers();
  await loseAnswer(key);
  await toOthers();
  const late = await send(sent);
  if (isRepeatable) expect([late.status, late.json.id]).toEqual([good[0]?.status, good[0]?.json.id]);
  else expect([late.status, late.json.done?.action]).toEqual([409, action]);
  expect((await send({ ...sent, reason: 'another' })).status).toBe(422);
  expect(await effectsSince(entry, action)).toBe(1);
}

/** Whoever repeats it hears the same. */
const CHANGES_NOTHING = ['/apis/check', '/config/plan'];

describe('one key at once many times, and again 70 seconds after its answer was lost, is done once', () => {
  const withId = async (path: string, { id }: Case) => path.replace(/:\w+/, (await id?.()) ?? '');
  it.for(postsOf(adminApi).filter((path) => !isWebhook(path) && !CHANGES_NOTHING.includes(path)))(
    '/api/admin%s',
    async (path) => {
      const known = ADMIN[path];
      if (!known) throw new Error(`${path} has no case`);
      await once(`/api/admin${await withId(path, known)}`, known, operator, [otherOperator]);
      await known.after?.();
    },
  );
  it.for(postsOf(developerApi))('/api/dev%s', async (path) => {
    const known = DEVELOPER[path];
    if (!known) throw new Error(`${path} has no case`);
    await once(`/api/dev${await withId(path, known)}`, known, dev, [colleague]);
    await known.after?.();
  });
});

it('a key of another owner is nobody’s, whatever it was answered', async () => {
  const headers = { 'idempotency-key': uuidv7() };
  const made = [];
  for (const { secret } of [await makeKey(partner.id), await makeKey(partner.id)])
    made.push(await sendJson('/dashboard/api-keys', 'POST', { name: 'Mine' }, { key: secret, headers }));
  expect(made.map(({ status, headers: said }) => [status, said['idempotent-replayed']])).toEqual([
    [201, undefined],
    [201, undefined],
  ]);
  expect(made[0]?.json.api_key).not.toBe(made[1]?.json.api_key);
});

it('a request that was refused before it did anything leaves its key to a better one', async () => {
  const headers = { ...dev, 'idempotency-key': uuidv7() };
  const send = (body: object) => sendJson('/api/dev/apps', 'POST', body, { headers });
  expect((await send({ name: '' })).status).toBe(400);
  expect((await send({ name: 'Better' })).status).toBe(201);
  expect((await send({ name: 'Other' })).status).toBe(422);
});

it('a credit note of a key is the only one for ever, also when nothing else knows the key any more', async () => {
  const invoice = await makeInvoice();
  const key = uuidv7();
  const credit = (amount: number) =>
    sendJson(
      `/api/admin/invoices/${invoice}/credit`,
      'POST',
      { amount_minor: amount, reason: 'outage' },
      { headers: { ...operator, 'idempotency-key': key } },
    );
  const first = await credit(118);
  await query('DELETE FROM idempotency_key WHERE key = $1', [key]);
  const [again, other] = [await credit(118), await credit(119)];
  expect([again.status, again.json.number]).toEqual([201, first.json.number]);
  await query('DELETE FROM idempotency_key WHERE key = $1', [key]);
  expect([other.status, (await credit(119)).json.error]).toEqual([422, 'idempotency_mismatch']);
  expect(await query('SELECT 1 FROM invoice WHERE credits_id = $1', [invoice])).toHaveLength(1);
});

it('a caller that breaks off at any moment, and repeats 70 seconds later, has one credit note', async () => {
  const invoice = await makeInvoice();
  const path = `/api/admin/invoices/${invoice}/credit`;
  const body = JSON.stringify({ amount_minor: 1, reason: 'outage' });
  const keys = Array.from({ length: 24 }, () => uuidv7());
  const headersOf = (key: string) => ({
    ...operator,
    'content-type': 'application/json',
    'idempotency-key': key,
  });
  await Promise.all(
    keys.map(async (key, n) => {
      const head = Object.entries({ host: 'x', ...headersOf(key), 'content-length': String(body.length) });
      const socket = await openSocket();
      socket.write(
        `POST ${path} HTTP/1.1\r\n${head.map((pair) => pair.join(': ')).join('\r\n')}\r\n\r\n${body}`,
      );
      await wait(n);
      socket.resetAndDestroy();
    }),
  );
  // Some are done, some died on the way, some only begin: those are asked after again.
  const repeated = async () => {
    await query(`UPDATE idempotency_key SET ${AGED} WHERE key = ANY ($1)`, [keys]);
    return Promise.all(keys.map((key) => call(path, { method: 'POST', headers: headersOf(key), body })));
  };
  const again = await eventually(repeated, (answers) => answers.every(({ status }) => status === 201));
  expect(again.map(({ status }) => status)).toEqual(keys.map(() => 201));
  expect(new Set(again.map(({ json }) => json.number)).size).toBe(keys.length);
  expect(await query('SELECT 1 FROM invoice WHERE credits_id = $1', [invoice])).toHaveLength(keys.length);
});

it('the form that credits an invoice makes one note, however often it is sent', async () => {
  const invoice = await makeInvoice();
  const person = await operatorSignedIn();
  const page = await person.get(`/operator/invoices/${invoice}`);
  const form = /name="form" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const fields = { form, amount: '1.18', reason: 'outage' };
  const send = () => person.post(`/operator/invoices/${invoice}/credit`, fields);
  const places = (await Promise.all([send(), send(), send()])).map(({ headers }) => headers.location);
  expect(new Set(places).size).toBe(1);
  expect(await query('SELECT 1 FROM invoice WHERE credits_id = $1', [invoice])).toHaveLength(1);
});

it('an answer whose key-encryption key is gone says that it was done, and is no failure', async () => {
  const key = uuidv7();
  const headers = { ...dev, 'idempotency-key': key };
  const send = () => sendJson('/api/dev/apps', 'POST', { name: 'Once' }, { headers });
  const { json } = await send();
  const gone = { current: 'gone', keys: { gone: Buffer.alloc(32, 7).toString('base64') } };
  const envelope = await sealEnvelope(gone, '{}', `partner:${partner.id}:${key}`);
  await query('UPDATE idempotency_key SET answer_envelope = $1 WHERE key = $2', [envelope, key]);
  const again = await send();
  expect([again.status, again.json.done]).toEqual([
    409,
    { action: 'app.created', target: { app_id: json.id } },
  ]);
});

describe('a request that dies', () => {
  const database = openDatabase(stack.databaseUrl, stack.endpoint);
  const keks = { current: 'local', keys: { local: stack.secrets.keyEncryptionKey } };
  const store = createIdempotencyStore(database, keks);
  const allowances = createAllowances(database);
  const members = createMemberService({
    database,
    allowances,
    mayMail: createMailBudget(allowances),
    notify: async () => true,
    announce: async () => undefined,
  });
  const invite = (email: string, requestId: string) =>
    members.invite(partner.id, email, 'viewer', { name: 'developer:x', ip: null, requestId });
  const invited = (email: string) => query('SELECT 1 FROM partner_invitation WHERE email = $1', [email]);
  const claimants = (count: number): Claimant[] => {
    const [owner, key] = [`test:${uuidv7()}`, uuidv7()];
    return Array.from({ length: count }, () => ({
      owner,
      actor: 'test',
      key,
      requestHash: 'hash',
      requestId: uuidv7(),
    }));
  };
  const age = ({ key }: Claimant) => query(`UPDATE idempotency_key SET ${AGED} WHERE key = $1`, [key]);

  it('before it did anything frees its key after a minute, and can do nothing any more itself', async () => {
    const email = `${uuidv7()}@example.com`;
    const [dead, next, last] = claimants(3) as [Claimant, Claimant, Claimant];
    expect(await store.begin(dead)).toEqual({ state: 'mine' });
    await expect(store.begin(next)).rejects.toMatchObject({ code: 'conflict' });
    await age(dead);
    expect(await store.begin(next)).toEqual({ state: 'mine' });
    await expect(invite(email, dead.requestId)).rejects.toMatchObject({ code: 'ID409' });
    await store.finish(dead, { status: 201, body: 'of the dead' });
    expect(await invited(email)).toHaveLength(0);
    await invite(email, next.requestId);
    await age(next);
    expect(await store.begin(last)).toMatchObject({ state: 'done', effect: { action: 'member.invited' } });
    await store.finish(next, { status: 201, body: 'of the next' });
    expect(await store.begin(last)).toEqual({
      state: 'answered',
      answer: { status: 201, body: 'of the next' },
    });
    expect(await invited(email)).toHaveLength(1);
  });

  it('while its statement is still on the way is refused when that arrives', async () => {
    const email = `${uuidv7()}@example.com`;
    const [failed, next] = claimants(2) as [Claimant, Claimant];
    await store.begin(failed);
    // The database did not answer in time, and the caller was told so.
    await store.release(failed);
    expect(await store.begin(next)).toEqual({ state: 'mine' });
    await expect(invite(email, failed.requestId)).rejects.toMatchObject({ code: 'ID409' });
    expect(await invited(email)).toHaveLength(0);
  });

  it('between its effect and its kept answer is not done again, however late it is repeated', async () => {
    const email = `${uuidv7()}@example.com`;
    const [{ owner, key }] = claimants(1) as [Claimant];
    const never = () => new Promise<never>(() => undefined);
    const ask = (kept: typeof store) => {
      const api = new Hono<{ Variables: { requestId: string } }>();
      api.use((context, next) => {
        context.set('requestId', uuidv7());
        return idempotent(context, next, kept, { owner, actor: 'test' });
      });
      api.post('/', async (context) => context.json(await invite(email, context.var.requestId)));
      // Told by its message, as the real one is by the table of errors.
      api.onError((error, context) => context.text(error.message, 409));
      return api.request('/', { method: 'POST', headers: { 'idempotency-key': key } });
    };
    void ask({ ...store, finish: never, release: never });
    await eventually(
      () => invited(email),
      (rows) => rows.length > 0,
    );
    expect(await (await ask(store)).text()).toMatch(/still running/);
    for (let minutes = 0; minutes < 3; minutes++) {
      await query(`UPDATE idempotency_key SET ${AGED} WHERE key = $1`, [key]);
      expect(await (await ask(store)).text()).toMatch(/was done before/);
    }
    expect(await invited(email)).toHaveLength(1);
  });
});
