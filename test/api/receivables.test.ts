// What is owed: how to pay it and whom to ask, reminders on their days and once, ageing; and that partners are told the reason
// of what operators do with their money and their access.

import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillingStore } from '../../src/billing/billing-store.ts';
import { createInvoiceService } from '../../src/billing/invoice-service.ts';
import { BRAND } from '../../src/brand/brand.ts';
import { partsOf } from '../../src/mail/mail-parts.tsx';
import { createMoneyRecipients } from '../../src/mail/recipients-store.ts';
import { MAILS } from '../../src/mail/texts.ts';
import { createMoneyMails } from '../../src/web/money-mails.ts';
import {
  call,
  developerToken,
  eventually,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

const DAY_MS = 86_400_000;
const operatorToken = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };

const ISSUE = `SELECT (issue_invoice(jsonb_build_object('id', $1::uuid, 'kind', 'invoice', 'partner_id', $2::uuid, 'period_start',
  '2026-10-01', 'period_end', '2026-10-31', 'currency', $3::text, 'subtotal_minor', $4::int, 'tax_bps', 0, 'tax_minor', 0,
  'total_minor', $4::int, 'status', 'open', 'issued_at', $5::timestamptz - interval '30 days', 'due_at', $5::timestamptz,
  'seller', '{"name": "S"}'::jsonb, 'buyer', '{"name": "B"}'::jsonb, 'lines', jsonb_build_array(jsonb_build_object('kind',
  'plan', 'tier', 'business', 'from_at', now(), 'to_at', now(), 'quantity', 0, 'amount_minor', $4::int))))).number`;

async function invoiceOf(
  partnerId: string,
  dueMs: number,
  minor = 12_000,
  currency = 'EUR',
): Promise<string> {
  const id = uuidv7();
  await query(ISSUE, [id, partnerId, currency, minor, new Date(dueMs)]);
  return id;
}

const mailsTo = (email: string, subject: string) =>
  eventually(
    () =>
      query<{ subject: string; body: string }>(
        'SELECT subject, body FROM outbox_mail WHERE recipient = $1 AND strpos(subject, $2) > 0',
        [email, subject],
      ),
    (rows) => rows.length > 0,
  );

describe('reminders', () => {
  let own: OwnDatabase;
  const sent: { email: string; mail: string; body: string }[] = [];
  let isDown = false;
  beforeAll(async () => {
    own = await openDatabaseOfItsOwn('receivables');
  });
  afterAll(() => own.close());

  function serviceWith(reminderDays: number[]) {
    const notices = createMoneyMails({
      recipients: createMoneyRecipients(own.database),
      now: () => Date.now(),
      brand: {
        links: { supportEmail: 'help@example.com' },
        payment: { XOF: { en: 'Wave: 77', fr: 'Par Wave : 77' } },
        seller: {},
      },
      notify: async ({ email, language }, mail, about) => {
        if (isDown) return false;
        const letter = MAILS[mail][language === 'fr' ? 'fr' : 'en']({
          product: 'P',
          url: about.path,
          ...about,
        });
        sent.push({ email, mail, body: partsOf(letter, 'en', BRAND).text });
        return true;
      },
    });
    const closing = { seller: {}, dueDays: 30, tell: async () => undefined, log: () => undefined };
    return createInvoiceService({
      database: own.database,
      store: createBillingStore(own.database),
      now: () => Date.now(),
      newId: uuidv7,
      closing,
      notices,
      reminderDays,
    });
  }

  async function owed(dueMs: number, status = 'open'): Promise<{ id: string; email: string }> {
    const [id, partner] = [uuidv7(), uuidv7()];
    const email = `${partner}@example.com`;
    await own.client.query(
      `INSERT INTO partner (id, name, email, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
       VALUES ($1, 'Owes', $2, 'free', 1, 1, 1)`,
      [partner, email],
    );
    await own.client.query(
      `INSERT INTO partner_member (partner_id, subject, email, role) VALUES ($1, $2, $2, 'billing'), ($1, $3, $3, 'viewer')`,
      [partner, `pays-${email}`, `looks-${email}`],
    );
    await own.client.query(ISSUE, [id, partner, 'XOF', 5000, new Date(dueMs)]);
    if (status !== 'open')
      await own.client.query('UPDATE invoice SET status = $2, settled_at = now() WHERE id = $1', [
        id,
        status,
      ]);
    return { id, email };
  }
  const of = (email: string) => sent.filter((each) => each.email === email);

  it('go out on each day of the schedule, once, to where invoices go and to those who pay', async () => {
    const { remind } = serviceWith([3, 7, 14]);
    const dueMs = Date.now();
    const { email } = await owed(dueMs);
    const paid = await owed(dueMs, 'paid');
    for (const [days, mails] of [
      [2.9, 0],
      [3, 1],
      [6.9, 1],
      [7, 2],
      [13, 2],
      [14, 3],
      [400, 3],
    ] as const) {
      await Promise.all([remind(dueMs + days * DAY_MS), remind(dueMs + days * DAY_MS)]);
      await remind(dueMs + days * DAY_MS);
      expect([of(email).length, of(`pays-${email}`).length], String(days)).toEqual([mails, mails]);
    }
    expect(of(`looks-${email}`)).toEqual([]);
    expect(of(paid.email)).toEqual([]);
    expect(of(email)[0]).toMatchObject({
      mail: 'invoiceOverdue',
      body: expect.stringMatching(/F\sCFA\s5,000.*\/portal\/invoices\/.*/s),
    });
    expect(of(email)[0]?.body).toMatch(/How to pay\nWave: 77.*help@example\.com/s);
  });

  it('that were missed are made up for by one; those that reached nobody are tried again; without a schedule there are none', async () => {
    const { email } = await owed(Date.now() - 20 * DAY_MS);
    expect(await serviceWith([]).remind(Date.now())).toBe(0);
    const { remind } = serviceWith([3, 7, 14]);
    isDown = true;
    await remind(Date.now());
    isDown = false;
    expect(of(email)).toEqual([]);
    await remind(Date.now());
    await remind(Date.now());
    expect(of(email)).toHaveLength(1);
  });

  it('ageing adds up what is left of what is overdue, by currency and age', async () => {
    const service = serviceWith([]);
    const before = await service.ageing();
    const sumOf = (rows: typeof before, name: 'up_to_30' | 'up_to_60' | 'up_to_90' | 'over_90' | 'total') =>
      rows.find(({ currency }) => currency === 'XOF')?.[name] ?? 0;
    const [, , , old] = await Promise.all(
      [-1, 30, 31, 61, 91].map((days) => owed(Date.now() - (days + 0.5) * DAY_MS)),
    );
    await owed(Date.now() - 5 * DAY_MS, 'void');
    await service.credit(
      old?.id ?? '',
      { netMinor: 2000, reason: 'late' },
      { name: 'job:t', ip: null, requestId: null },
    );
    const after = await service.ageing();
    const grown = (['up_to_30', 'up_to_60', 'up_to_90', 'over_90', 'total'] as const).map(
      (name) => sumOf(after, name) - sumOf(before, name),
    );
    expect(grown).toEqual([5000, 5000, 3000, 5000, 18_000]);
  });
});

describe('a document that is owed', () => {
  let partner: TestPartner;
  let owner: Person;
  let operator: Person;
  beforeAll(async () => {
    partner = await makePartner({ tier: 'business' });
    owner = await memberOf(partner.id);
    operator = await operatorSignedIn();
  });

  it('says how to pay, what to quote, the terms and whom to ask, until it is paid; overdue is a badge', async () => {
    const id = await invoiceOf(partner.id, Date.now() - 3.5 * DAY_MS);
    const french = (path: string) => owner.get(path, { 'accept-language': 'fr' });
    const page = (await french(`/portal/invoices/${id}`)).text;
    expect(page).toMatch(/échue depuis 3 jours/);
    for (const text of ['IBAN FR76', 'Indiquez INV-', 'href="https://passerelle.example/terms"'])
      expect(page).toContain(text);
    expect(page).toContain('href="mailto:support@passerelle.example"');
    expect((await french('/portal/billing')).text).toMatch(/échue depuis 3 jours/);
    expect((await owner.get(`/portal/invoices/${id}/pdf`)).text.slice(0, 5)).toBe('%PDF-');
    await sendJson(`/api/admin/invoices/${id}/pay`, 'POST', {}, operatorToken);
    expect((await french(`/portal/invoices/${id}`)).text).not.toContain('IBAN FR76');
  });

  it('is found by operators as overdue, with the sums by age; the API says the same', async () => {
    const id = await invoiceOf(partner.id, Date.now() - 40 * DAY_MS);
    const ahead = await invoiceOf(partner.id, Date.now() + DAY_MS);
    const list = (await operator.get('/operator/invoices?status=overdue')).text;
    expect(list).toContain(`/operator/invoices/${id}`);
    expect(list).not.toContain(ahead);
    expect(list).toMatch(/31–60 days/);
    const { json } = await call(`/api/admin/invoices?status=overdue&partner=${partner.id}`, operatorToken);
    expect(
      json.data.map((each: { id: string; overdue_days: number }) => [each.id, each.overdue_days]),
    ).toEqual([[id, 40]]);
    const { data } = (await call('/api/admin/receivables', operatorToken)).json;
    const euros = data.find(({ currency }: { currency: string }) => currency === 'EUR');
    expect(euros.up_to_60).toBeGreaterThanOrEqual(12_000);
    const token = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    expect((await call('/api/admin/receivables', token)).status).toBe(403);
  });

  it('that is void or credited is told of with the reason', async () => {
    const [credited, voided] = [
      await invoiceOf(partner.id, Date.now() + DAY_MS),
      await invoiceOf(partner.id, Date.now() + DAY_MS),
    ];
    await sendJson(
      `/api/admin/invoices/${credited}/credit`,
      'POST',
      { amount_minor: 150, reason: 'Twelve minutes of outage' },
      operatorToken,
    );
    for (let twice = 0; twice < 2; twice++)
      await sendJson(`/api/admin/invoices/${voided}/void`, 'POST', { reason: 'Sent twice' }, operatorToken);
    const [credit] = await mailsTo(owner.email, 'Credit note CN-');
    expect(credit?.body).toMatch(/€1\.50 of invoice INV-.*Reason: Twelve minutes of outage/s);
    const annulled = await mailsTo(owner.email, 'was voided');
    expect(annulled).toHaveLength(1);
    expect(annulled[0]?.body).toMatch(/Reason: Sent twice.*support@passerelle\.example/s);
  });
});

it('who is suspended is told why, by mail and on every page, until it is let in again; nobody else is', async () => {
  const partner = await makePartner({ tier: 'business' });
  const owner = await memberOf(partner.id);
  const other = await memberOf((await makePartner()).id);
  const act = (what: string, reason: string) =>
    sendJson(`/api/admin/partners/${partner.id}/${what}`, 'POST', { reason }, operatorToken);
  await act('suspend', 'Invoice overdue by 60 days');
  await act('suspend', 'Invoice overdue by 60 days');
  const mails = await mailsTo(owner.email, 'is suspended');
  expect(mails).toHaveLength(1);
  expect(mails[0]?.body).toMatch(/Reason: Invoice overdue by 60 days.*support@passerelle\.example/s);
  for (const path of ['/portal', '/portal/billing']) {
    const { text } = await owner.get(path);
    expect(text).toMatch(/Suspended on \d+ \w+ \d{4}\..*Reason: Invoice overdue by 60 days/s);
    expect(text).toContain('mailto:support@passerelle.example');
    expect((await other.get(path)).text).not.toContain('Invoice overdue by 60 days');
  }
  await act('reinstate', 'Paid');
  expect((await owner.get('/portal')).text).not.toContain('Invoice overdue by 60 days');
  // By hand, nobody said why.
  await query(`UPDATE partner SET status = 'suspended' WHERE id = $1`, [partner.id]);
  expect((await owner.get('/portal')).text).toMatch(/Suspended on/);
  expect((await owner.get('/portal')).text).not.toContain('Reason:');
});
