// Money on the running stack: plans, previews, caps at the limiter, documents, exports; and one number throughout.

import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { disagreements, simulateMonth } from '../../loadtest/simulated-month.ts';
import { rawSignature } from '../../src/leaks/github-signature.ts';
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
  since,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf, operatorSignedIn } from '../support/portal.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const devOf = async (partner: TestPartner) => ({
  headers: { authorization: `Bearer ${await developerToken(partner)}` },
});
const firstOfNextMonth = () => {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
};

describe('plans', () => {
  it('a dearer plan begins at once, a cheaper one with the next month, and keeping it cancels that', async () => {
    const partner = await makePartner({ tier: 'starter', second: 10, day: 10_000, month: 300_000 });
    const dev = await devOf(partner);
    const patch = (change: object) => sendJson('/api/dev/billing', 'PATCH', change, dev);
    expect((await patch({ tier: 'business' })).json).toMatchObject({ tier: 'business', next_tier: null });
    const [limits] = await query('SELECT rate_limit_per_month::int AS month FROM partner WHERE id = $1', [
      partner.id,
    ]);
    expect(limits).toEqual({ month: 1_500_000 });
    const down = (await patch({ tier: 'free' })).json;
    expect(down).toMatchObject({ tier: 'business', next_tier: 'free' });
    expect(Date.parse(down.next_change_at)).toBe(firstOfNextMonth());
    expect((await patch({ tier: 'business' })).json).toMatchObject({ next_tier: null, next_change_at: null });
    await patch({ tier: 'free', currency: 'XOF' });
    await control('cron', { cron: '* * * * *', at: firstOfNextMonth() + 60_000 });
    const { json } = await call('/api/dev/billing', dev);
    expect(json).toMatchObject({ tier: 'free', currency: 'XOF', next_tier: null, next_currency: null });
    const [terms] = await query(
      'SELECT tier, currency FROM partner_terms WHERE partner_id = $1 ORDER BY effective_at DESC LIMIT 1',
      [partner.id],
    );
    expect(terms).toEqual({ tier: 'free', currency: 'XOF' });
  });

  it('what is not possible any more when its month comes is dropped, and keeps nobody else waiting', async () => {
    const stuck = await makePartner({ tier: 'starter' });
    const other = await makePartner({ tier: 'starter' });
    await sendJson('/api/dev/billing', 'PATCH', { currency: 'USD' }, await devOf(stuck));
    await sendJson('/api/dev/billing', 'PATCH', { tier: 'free' }, await devOf(other));
    const tier = `euros-only-${stuck.id.slice(-8)}`;
    await query(
      `INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
       VALUES ($1, 1, 1, 1, 1, '{}')`,
      [tier],
    );
    await query('UPDATE partner SET tier = $2 WHERE id = $1', [stuck.id, tier]);
    await control('cron', { cron: '* * * * *', at: firstOfNextMonth() + 60_000 });
    const rows = await query(
      'SELECT tier, currency, next_currency, next_tier FROM partner WHERE id = ANY ($1) ORDER BY id = $2',
      [[stuck.id, other.id], other.id],
    );
    expect(rows).toEqual([
      { tier, currency: 'EUR', next_currency: null, next_tier: null },
      { tier: 'free', currency: 'EUR', next_currency: null, next_tier: null },
    ]);
  });

  it('what is not for everybody cannot be chosen; viewers and developers choose nothing', async () => {
    const partner = await makePartner({ tier: 'free' });
    const other = await makePartner();
    const dev = await devOf(partner);
    const tier = `custom-${partner.id.slice(-8)}`;
    const plan = {
      tier,
      partner_id: other.id,
      self_serve: true,
      prices: { EUR: { price: 100, overage_per_1000: 1 } },
      rate_limit_per_second: 1,
      rate_limit_per_day: 1,
      rate_limit_per_month: 1,
    };
    expect((await sendJson('/api/admin/plans', 'POST', plan, operator)).status).toBe(201);
    expect((await sendJson('/api/admin/plans', 'POST', plan, operator)).status).toBe(409);
    for (const wanted of ['enterprise', tier, 'nonsense'])
      expect((await sendJson('/api/dev/billing', 'PATCH', { tier: wanted }, dev)).status).toBe(403);
    expect((await call('/api/dev/plans', dev)).text).not.toContain(tier);
    expect(
      (await sendJson(`/api/admin/partners/${partner.id}/plan`, 'POST', { tier, reason: 'x' }, operator))
        .status,
    ).toBe(400);
    await query(`UPDATE partner_member SET role = 'developer' WHERE partner_id = $1`, [partner.id]);
    expect((await sendJson('/api/dev/billing', 'PATCH', { tier: 'starter' }, dev)).status).toBe(403);
  });

  it('a plan without a price in the currency of those on it is refused, and a bad one named by field', async () => {
    const partner = await makePartner();
    const tier = `euros-${partner.id.slice(-8)}`;
    const plan = {
      tier,
      prices: { EUR: { price: 100, overage_per_1000: 1 } },
      rate_limit_per_second: 1,
      rate_limit_per_day: 1,
      rate_limit_per_month: 1,
    };
    await sendJson('/api/admin/plans', 'POST', plan, operator);
    await query(`UPDATE partner SET currency = 'XOF' WHERE id = $1`, [partner.id]);
    const assigned = await sendJson(
      `/api/admin/partners/${partner.id}/plan`,
      'POST',
      { tier, reason: 'x' },
      operator,
    );
    expect(assigned.status).toBe(409);
    const bad = await sendJson(
      '/api/admin/plans',
      'POST',
      { ...plan, tier: 'Not Good', prices: {} },
      operator,
    );
    expect(bad.json.details.map(({ field }: { field: string }) => field).sort()).toEqual(['prices', 'tier']);
  });
});

it('calls end at the spending cap, to the unit, and the preview asks for the cap', async () => {
  // 5 included; 15 cents a thousand: a cap of one cent is 66 units.
  const partner = await makePartner({ tier: 'business', month: 5, overage: 'charge' });
  const key = await makeKey(partner.id);
  const dev = await devOf(partner);
  await sendJson('/api/dev/billing', 'PATCH', { spending_cap_minor: 1 }, dev);
  const statuses: number[] = [];
  for (let i = 0; i < 80; i++) statuses.push((await call('/v2/routes/list', { key: key.secret })).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(5 + 66);
  const last = await call('/v2/routes/list', { key: key.secret });
  expect([last.status, last.json.error, last.json.limit]).toEqual([429, 'monthly_quota_exceeded', 71]);
  const preview = await eventually(
    async () => (await call('/api/dev/billing/preview', dev)).json,
    ({ units }) => units === 71,
  );
  const [draft] = preview.so_far;
  const overage = draft.lines.find(({ kind }: { kind: string }) => kind === 'overage');
  // 66 units at 0.015 cents are 0.99: a fraction of a cent is not billed.
  expect(overage).toMatchObject({ quantity: 66, amount_minor: 0 });
  await sendJson('/api/dev/billing', 'PATCH', { spending_cap_minor: null }, dev);
  expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
});

describe('documents', () => {
  let partner: TestPartner;
  let invoice: { id: string; number: string; total_minor: number };
  beforeAll(async () => {
    partner = await makePartner({ tier: 'business', month: 1000, overage: 'charge' });
    await query(
      `UPDATE partner SET tax_bps = 1800, name = 'Société « Ñ » 🚌', billing_address = E'Rue 1\nDakar' WHERE id = $1`,
      [partner.id],
    );
    await since(partner.id, '2026-09-01');
    await query(
      `INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, units) VALUES ($1, 'monthly', '2026-09-01', '2026-09-30', 201000)`,
      [partner.id],
    );
    await control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 9, 1, 0, 5) });
    [invoice] = (await call('/api/dev/invoices', await devOf(partner))).json.data;
  });

  it('are pages, PDF and CSV, in French and in English', async () => {
    const person = await memberOf(partner.id);
    for (const [language, amount, tax] of [
      ['fr', /229,00\s€/, /TVA 18\s%/],
      ['en', /€229\.00/, /Tax \(18%\)/],
    ] as const) {
      const get = (path: string) => person.get(path, { 'accept-language': language });
      const page = await get(`/portal/invoices/${invoice.id}`);
      expect(page.text).toMatch(amount);
      expect(page.text).toMatch(tax);
      const pdf = await get(`/portal/invoices/${invoice.id}/pdf`);
      expect([pdf.status, pdf.headers['content-type'], pdf.text.slice(0, 5)]).toEqual([
        200,
        'application/pdf',
        '%PDF-',
      ]);
      const csv = await get(`/portal/invoices/${invoice.id}/csv`);
      expect(csv.text.split('\r\n')[2]).toMatch(/,"overage",.*,200000,"30\.00","EUR"$/);
    }
  });

  it('a credit note takes back at most what is left, the last one the rest of the tax', async () => {
    const credit = (amount: number) =>
      sendJson(
        `/api/admin/invoices/${invoice.id}/credit`,
        'POST',
        { amount_minor: amount, reason: 'outage' },
        operator,
      );
    const notes = [await credit(1), await credit(10_000), await credit(12_899)];
    expect(notes.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await credit(1)).status).toBe(409);
    expect(notes.reduce((sum, { json }) => sum + json.total_minor, 0)).toBe(-invoice.total_minor);
    expect(notes.map(({ json }) => json.number.slice(0, 8))).toEqual(['CN-2026-', 'CN-2026-', 'CN-2026-']);
    const now = (await call(`/api/admin/invoices/${invoice.id}`, operator)).json;
    expect(now).toMatchObject({ status: 'paid', credited_minor: invoice.total_minor });
    expect(
      (await sendJson(`/api/admin/invoices/${invoice.id}/void`, 'POST', { reason: 'x' }, operator)).status,
    ).toBe(409);
    await Promise.all([credit(1), credit(1)]);
    const [numbers] = await query(
      `SELECT count(*)::int AS count, max(right(number, 6)::int) AS last FROM invoice WHERE kind = 'credit_note'`,
    );
    expect(numbers?.count).toBe(numbers?.last);
  });

  it('are what another transaction makes of them that was first, whether they are credited or settled', async () => {
    const [copy] = await query<{ document: object }>(
      `SELECT to_jsonb(i) || jsonb_build_object('status', 'open', 'lines',
         (SELECT jsonb_agg(to_jsonb(l) - 'invoice_id') FROM invoice_line l WHERE l.invoice_id = i.id)) AS document
       FROM invoice i WHERE i.id = $1`,
      [invoice.id],
    );
    const another = async () => {
      const document = { ...copy?.document, id: randomUUID() };
      const [made] = await query<{ id: string }>('SELECT (issue_invoice($1)).id', [document]);
      return made?.id ?? '';
    };
    const note = (of: string) => ({
      ...copy?.document,
      id: randomUUID(),
      kind: 'credit_note',
      credits_id: of,
      subtotal_minor: -100,
      tax_minor: -18,
      total_minor: -118,
      lines: [
        {
          kind: 'credit',
          from_at: '2026-09-01T00:00:00Z',
          to_at: '2026-10-01T00:00:00Z',
          quantity: 0,
          amount_minor: -100,
          note: 'x',
        },
      ],
    });
    const ask = (id: string, what: string) =>
      sendJson(`/api/admin/invoices/${id}/${what}`, 'POST', { amount_minor: 100, reason: 'x' }, operator);
    const held = new pg.Client({ connectionString: stack.databaseUrl });
    await held.connect();
    /** The answer to a request that came while `statement` was not yet committed. */
    const behind = async (statement: string, values: unknown[], request: () => Promise<Answer>) => {
      await held.query('BEGIN');
      await held.query(statement, values);
      const answered = request();
      await eventually(
        () =>
          query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'invoice|credit'`),
        (waiting) => waiting.length > 0,
      );
      await held.query('COMMIT');
      return answered;
    };
    try {
      const [voided, paid, credited] = [await another(), await another(), await another()];
      const settle = `SELECT settle_invoice($1, $2, 'x')`;
      expect((await behind(settle, [voided, 'void'], () => ask(voided, 'credit'))).status).toBe(409);
      const owed = await behind(settle, [paid, 'paid'], () => ask(paid, 'credit'));
      expect([owed.status, owed.json.status]).toEqual([201, 'open']);
      const issue = `SELECT issue_credit_note($1, 'test', NULL, NULL)`;
      expect((await behind(issue, [note(credited)], () => ask(credited, 'void'))).status).toBe(409);
    } finally {
      await held.end();
    }
  });

  it('are handed on as CloudEvents, the same ids each time, page by page', async () => {
    const range = 'from=2026-09-30T00:00:00Z&to=2026-10-02T00:00:00Z';
    const take = async (more: string) => call(`/api/admin/exports/invoices?${range}${more}`, operator);
    const whole = await take('');
    expect(whole.headers['content-type']).toBe('application/cloudevents-batch+json');
    expect((await take('')).text).toBe(whole.text);
    const own = whole.json.find(({ id }: { id: string }) => id === invoice.id);
    expect(own).toMatchObject({
      specversion: '1.0',
      type: 'passerelle.invoice.finalised',
      subject: partner.id,
      data: { number: invoice.number, lines: expect.any(Array) },
    });
    const paged: string[] = [];
    for (;;) {
      const after = paged.at(-1);
      const { json } = await take(`&limit=1${after ? `&after=${after}` : ''}`);
      if (json.length === 0) break;
      paged.push(json[0].id);
    }
    expect(paged).toEqual(whole.json.map(({ id }: { id: string }) => id));
    const usage = await call(
      `/api/admin/exports/usage?from=2026-09-30T00:00:00Z&to=2026-10-01T00:00:00Z`,
      operator,
    );
    expect(usage.status).toBe(200);
    expect((await call(`/api/admin/exports/usage?${range}&after=nonsense`, operator)).status).toBe(400);
  });
});

it('operators make plans, note payments and void, in the console', async () => {
  const console_ = await operatorSignedIn();
  const tier = `console-${Date.now()}`;
  const fields = {
    tier,
    price_EUR: '49,90',
    overage_EUR: '0.20',
    price_XOF: '32 000',
    overage_XOF: '130',
    second: '10',
    day: '-1',
    month: '1000',
    max_keys: '3',
  };
  expect((await console_.post('/operator/plans', { ...fields, price_EUR: '49.999' })).status).toBe(400);
  expect((await console_.post('/operator/plans', { ...fields, price_XOF: '1.5' })).status).toBe(400);
  await console_.post('/operator/plans', fields);
  const [plan] = await query('SELECT price_cents, prices FROM tier_config WHERE tier = $1', [tier]);
  expect(plan).toEqual({ price_cents: 4990, prices: { XOF: { price: 32_000, overage_per_1000: 130 } } });
  const partner = await makePartner({ tier: 'starter' });
  await since(partner.id, '2026-09-01');
  await control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 10, 1, 0, 5) });
  const rows = await query<{ id: string }>(
    'SELECT id FROM invoice WHERE partner_id = $1 ORDER BY issued_at, number',
    [partner.id],
  );
  await console_.post(`/operator/invoices/${rows[0]?.id}/pay`);
  await console_.post(`/operator/invoices/${rows[1]?.id}/void`, { reason: 'twice' });
  const states = await query('SELECT status FROM invoice WHERE partner_id = $1 ORDER BY issued_at, number', [
    partner.id,
  ]);
  expect(states).toEqual([{ status: 'paid' }, { status: 'void' }]);
  // Money moves once for a form: one that does not say which it is moves none.
  const credit = `/operator/invoices/${rows[0]?.id}/credit`;
  const note = { amount: '1', reason: 'goodwill' };
  for (const form of [undefined, '', 'x'])
    expect((await console_.post(credit, { ...note, ...(form !== undefined && { form }) })).status).toBe(400);
  const form = randomUUID();
  for (let again = 0; again < 2; again++)
    expect((await console_.post(credit, { ...note, form })).status).toBe(303);
  const notes = await query(`SELECT 1 FROM invoice WHERE partner_id = $1 AND kind = 'credit_note'`, [
    partner.id,
  ]);
  expect(notes).toHaveLength(1);
});

it('a simulated month: what was admitted, what is shown and what is billed are one number', {
  timeout: 120_000,
}, async () => {
  const own = await openDatabaseOfItsOwn('simulated_month');
  try {
    const partners = await simulateMonth(own, 30_000);
    expect(partners.flatMap(disagreements)).toEqual([]);
    const [refused, paying, capped] = partners;
    expect(refused).toMatchObject({ admitted: 7500, overage: { units: 0 } });
    expect(paying?.overage.units).toBe((paying?.admitted ?? 0) - 6000);
    expect(capped).toMatchObject({ admitted: 7500, overage: { units: 4500, minor: 135 } });
  } finally {
    await own.close();
  }
});

describe('leaked keys', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const report = (leaks: object[], change: Record<string, string> = {}, body = JSON.stringify(leaks)) =>
    call('/leaks/github', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'github-public-key-identifier': 'one',
        'github-public-key-signature': sign('sha256', Buffer.from(body), privateKey).toString('base64'),
        'x-test-edge': 'leaks',
        ...change,
      },
    });
  beforeAll(async () => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const server = createServer((_request, response) => {
      response.end(JSON.stringify({ public_keys: [{ key_identifier: 'one', key: pem, is_current: true }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await sendJson('/__test', 'POST', { githubKeysUrl: `http://127.0.0.1:${port}/` });
    return () => server.close();
  });

  it('are out of use at once; their owner is told; rolling them ends it', async () => {
    const partner = await makePartner();
    const key = await makeKey(partner.id);
    const dev = await devOf(partner);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
    const leaks = [
      {
        token: key.secret,
        type: 'passerelle',
        url: 'https://github.com/x/y/blob/main/.env',
        source: 'content',
      },
      { token: 'pk_live_nonsense', type: 'passerelle', url: '' },
    ];
    const answer = await report(leaks);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json.map(({ label }: { label: string }) => label)).toEqual([
      'true_positive',
      'false_positive',
    ]);
    expect(answer.text).not.toContain(key.secret);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(401);
    const [mail] = await query('SELECT subject FROM outbox_mail WHERE recipient = $1', [partner.email]);
    expect(mail?.subject).toMatch(/found in public/);
    await report(leaks);
    const events = await query(
      `SELECT 1 FROM webhook_event WHERE partner_id = $1 AND type = 'key.quarantined'`,
      [partner.id],
    );
    expect(events).toHaveLength(1);
    const rolled = await sendJson(`/api/dev/keys/${key.id}/rotate`, 'POST', { grace_days: 7 }, dev);
    expect((await call('/v2/routes/list', { key: rolled.json.secret })).status).toBe(200);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(401);
  });

  it('reports that GitHub did not sign are refused', async () => {
    const partner = await makePartner();
    const key = await makeKey(partner.id);
    const leaks = [{ token: key.secret, type: 'x' }];
    const body = JSON.stringify(leaks);
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const forged: Record<string, string>[] = [
      { 'github-public-key-signature': sign('sha256', Buffer.from(body), foreign).toString('base64') },
      {
        'github-public-key-signature': sign('sha256', Buffer.from(`${body} `), privateKey).toString('base64'),
      },
      { 'github-public-key-signature': 'AAAA' },
      { 'github-public-key-signature': '' },
      { 'github-public-key-identifier': 'another' },
    ];
    for (const change of forged) expect((await report(leaks, change)).status).toBe(401);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
    expect((await report([], {}, 'no json')).status).toBe(400);
    expect((await report([{ token: 5 }])).status).toBe(400);
    expect((await report([], {}, `[${' '.repeat(1_100_000)}]`)).status).toBe(413);
  });

  it.for([
    '',
    '30',
    '3006020101020101ff',
    '300702010102030101',
    '30060201010201',
    '3106020101020101',
    `3045022100${'ff'.repeat(33)}`,
  ])('a signature that is no DER is none: %s', (hex) => {
    expect(rawSignature(Uint8Array.from(Buffer.from(hex, 'hex')))).toBeUndefined();
  });
});
