// A changed price: whom it hits and by how much is seen before, a reason is asked, and those who are there can keep theirs.

import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlanStore } from '../../src/billing/plan-store.ts';
import { createPriceNotices } from '../../src/billing/price-notice-service.ts';
import {
  call,
  control,
  developerToken,
  eventually,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';
import { operatorSignedIn, type Person } from '../support/portal.ts';

const operatorToken = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const devOf = async (partner: TestPartner) => ({
  headers: { authorization: `Bearer ${await developerToken(partner)}` },
});

let operator: Person;
beforeAll(async () => {
  operator = await operatorSignedIn();
});

const PLAN = {
  self_serve: true,
  prices: { EUR: { price: 10_000, overage_per_1000: 20 }, XOF: { price: 65_000, overage_per_1000: 130 } },
  rate_limit_per_second: 10,
  rate_limit_per_day: 1000,
  rate_limit_per_month: 30_000,
  names: { en: 'School', fr: 'École' },
};
const FORM = {
  second: '10',
  day: '1000',
  month: '30000',
  max_keys: '-1',
  charge: 'true',
  self_serve: 'true',
  name_en: 'School',
  name_fr: 'École',
  price_EUR: '120',
  overage_EUR: '0.20',
  price_XOF: '65000',
  overage_XOF: '130',
};

/** A plan with two partners who pay for it, one who is not approved, and one who pays in francs. */
async function planWithPartners(): Promise<{ tier: string; partners: TestPartner[] }> {
  const tier = `school-${uuidv7().slice(-10)}`;
  expect((await sendJson('/api/admin/plans', 'POST', { ...PLAN, tier }, operatorToken)).status).toBe(201);
  const partners = await Promise.all(
    ['active', 'active', 'sandbox_only', 'active'].map((status) => makePartner({ tier, status })),
  );
  await query(`UPDATE partner SET currency = 'XOF' WHERE id = $1`, [partners[3]?.id]);
  await query(`UPDATE partner SET name = 'Lycée Blaise' WHERE id = $1`, [partners[0]?.id]);
  return { tier, partners };
}
const tiersOf = async (partners: readonly TestPartner[]) =>
  (
    await query<{ tier: string }>('SELECT tier FROM partner WHERE id = ANY ($1) ORDER BY id', [
      partners.map(({ id }) => id),
    ])
  ).map(({ tier }) => tier);
const priceOf = async (tier: string) =>
  (await query<{ price: number }>('SELECT price_cents AS price FROM tier_config WHERE tier = $1', [tier]))[0]
    ?.price;

it('shows whom it hits and by how much before it is saved, and asks why', async () => {
  const { tier, partners } = await planWithPartners();
  const send = (fields: object, language = 'en') =>
    operator.post(`/operator/plans/${tier}`, { ...FORM, ...fields }, { 'accept-language': language });
  const seen = await send({});
  expect(seen.status).toBe(200);
  expect(seen.text).toMatch(/3 partners: \+€40\.00 per month together/);
  expect(seen.text).toContain('Lycée Blaise');
  expect(seen.text).toContain('value="120"');
  expect((await send({}, 'fr')).text).toMatch(/3 partenaires\u202f: \+40,00\s€ par mois au total/);
  const unsaid = await send({ confirmed: 'true', reason: '' });
  expect([unsaid.status, /say why they change/.test(unsaid.text)]).toEqual([400, true]);
  expect(await priceOf(tier)).toBe(10_000);
  expect((await send({ confirmed: 'true', reason: 'Costs rose' })).status).toBe(303);
  expect(await priceOf(tier)).toBe(12_000);
  expect(await tiersOf(partners)).toEqual([tier, tier, tier, tier]);
  const [audit] = await query(
    `SELECT details->>'reason' AS reason FROM dev_portal_audit WHERE action = 'plan.edited' AND target->>'tier' = $1 ORDER BY id DESC LIMIT 1`,
    [tier],
  );
  expect(audit).toEqual({ reason: 'Costs rose' });
  // A price that hits nobody, and a change that is none of a price, are simply saved.
  expect((await send({ price_EUR: '120', day: '2000' })).status).toBe(303);
});

it('is saved by the API for a reason only', async () => {
  const { tier } = await planWithPartners();
  const change = { ...PLAN, prices: { ...PLAN.prices, EUR: { price: 9000, overage_per_1000: 20 } } };
  const put = (more: object) =>
    sendJson(`/api/admin/plans/${tier}`, 'PUT', { ...change, ...more }, operatorToken);
  const refused = await put({});
  expect([refused.status, refused.json.details[0].field]).toEqual([400, 'reason']);
  expect((await put({ reason: 'Cheaper lines' })).status).toBe(200);
  expect(await priceOf(tier)).toBe(9000);
});

it('spares those who are there, where it is asked: they are billed on as they were, and nobody else can have their plan', async () => {
  const { tier, partners } = await planWithPartners();
  const [first] = partners as [TestPartner];
  const dev = await devOf(first);
  await query('UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1', [
    first.id,
    new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 1)),
  ]);
  const fields = { ...FORM, confirmed: 'true', reason: 'Costs rose', keep_prices: 'true' };
  expect((await operator.post(`/operator/plans/${tier}`, fields)).status).toBe(303);
  expect(await priceOf(tier)).toBe(12_000);
  const [kept] = await tiersOf(partners);
  expect(kept).toMatch(new RegExp(`^${tier}-\\d{8}-[0-9a-f]{4}$`));
  expect(new Set(await tiersOf(partners))).toEqual(new Set([kept]));
  // A whole month at the old price; a fraction of a cent is lost where its two parts meet.
  const { so_far } = (await call('/api/dev/billing/preview', dev)).json;
  expect(so_far[0].subtotal_minor).toBeGreaterThanOrEqual(9999);
  expect(so_far[0].subtotal_minor).toBeLessThanOrEqual(10_000);
  const tiersFor = async (partner: TestPartner) =>
    (await call('/api/dev/plans', await devOf(partner))).json.data.map((plan: { tier: string }) => plan.tier);
  expect(await tiersFor(first)).toEqual(expect.arrayContaining([kept, tier]));
  const stranger = await makePartner({ tier: 'free' });
  expect(await tiersFor(stranger)).not.toContain(kept);
  const asked = await sendJson('/api/dev/billing', 'PATCH', { tier: kept }, await devOf(stranger));
  expect(asked.status).toBe(403);
  const assigned = { tier: kept, reason: 'x' };
  expect(
    (await sendJson(`/api/admin/partners/${stranger.id}/plan`, 'POST', assigned, operatorToken)).status,
  ).toBe(400);
  const limits = await query(
    'SELECT DISTINCT rate_limit_per_month::int AS month FROM tier_config WHERE tier = ANY ($1)',
    [[kept, tier]],
  );
  expect(limits).toEqual([{ month: 30_000 }]);
  expect((await operator.get('/operator/plans')).text).toMatch(/School.*kept price/s);
});

describe('who is told', () => {
  const mailsTo = (email: string) =>
    query<{ subject: string; body: string; html: string }>(
      `SELECT subject, body, html FROM outbox_mail WHERE recipient = $1 AND strpos(subject, 'School') + strpos(subject, 'École') > 0`,
      [email],
    );
  /** Until this partner's turn has come, among those of other tests. */
  const told = async (email: string) =>
    eventually(
      async () => {
        await control('cron', { cron: '* * * * *' });
        return mailsTo(email);
      },
      (mails) => mails.length > 0,
    );
  const waiting = (partners: readonly TestPartner[]) =>
    query('SELECT price_before, price_after FROM price_notice WHERE partner_id = ANY ($1)', [
      partners.map(({ id }) => id),
    ]);
  const put = (tier: string, eur: object, more: object) => {
    const prices = { ...PLAN.prices, EUR: { ...PLAN.prices.EUR, ...eur } };
    return sendJson(`/api/admin/plans/${tier}`, 'PUT', { ...PLAN, prices, ...more }, operatorToken);
  };

  it('is whom the new price hits, with both prices and the day; once, and nobody else', async () => {
    const { tier, partners } = await planWithPartners();
    const [first, , , inFrancs] = partners as [TestPartner, TestPartner, TestPartner, TestPartner];
    const pays = `pays-${first.email}`;
    await query(
      `INSERT INTO partner_member (partner_id, subject, email, role) VALUES ($1, $2, $2, 'billing'), ($1, $3, $3, 'viewer')`,
      [first.id, pays, `looks-${first.email}`],
    );
    const reason = 'Costs <b>rose</b>';
    expect((await put(tier, { price: 12_000, overage_per_1000: 25 }, { reason })).status).toBe(200);
    const [mail] = await told(pays);
    expect(mail?.subject).toBe('The price of your plan School changes');
    expect(mail?.body).toMatch(/per month: €120\.00 instead of €100\.00/);
    expect(mail?.body).toMatch(/quota: €0\.25 instead of €0\.20/);
    expect(mail?.body).toMatch(/change from \d+ \w+( \d{4})?, before tax/);
    expect(mail?.html).toContain('Costs &lt;b&gt;rose');
    expect(await waiting(partners)).toEqual([]);
    await control('cron', { cron: '* * * * *' });
    for (const email of [pays, first.email]) expect(await mailsTo(email)).toHaveLength(1);
    for (const email of [inFrancs.email, `looks-${first.email}`]) expect(await mailsTo(email)).toEqual([]);
  });

  it('is not who keeps the price, nor anybody when only limits change', async () => {
    const { tier, partners } = await planWithPartners();
    expect((await put(tier, {}, { rate_limit_per_day: 2000 })).status).toBe(200);
    expect((await put(tier, { price: 12_000 }, { reason: 'x', keep_prices: true })).status).toBe(200);
    expect(await waiting(partners)).toEqual([]);
  });
});

describe('with a clock of their own', () => {
  const actor = { name: 'job:test', ip: null, requestId: null };
  const partner = uuidv7();
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openDatabaseOfItsOwn('plan_price');
    await own.client.query(
      `INSERT INTO partner (id, name, email, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
       VALUES ($1, 'P', 'p@example.com', 'business', 1, 1, 1)`,
      [partner],
    );
  });
  afterAll(() => own.close());

  it('hears of the price that it knew and of the last one, until somebody was reached; of none that came back', async () => {
    const store = createPlanStore(own.database);
    const heard: [number, number][] = [];
    let isDown = true;
    const tell = createPriceNotices({
      database: own.database,
      notices: {
        priceChanged: async ({ priceBefore, priceAfter }) => {
          if (!isDown) heard.push([priceBefore, priceAfter]);
          return !isDown;
        },
      },
    });
    const business = await store.plans().then((plans) => plans.find(({ tier }) => tier === 'business'));
    if (!business) throw new Error('no plan');
    const before = business.prices.EUR?.price ?? 0;
    const change = (price: number) => {
      const prices = { ...business.prices, EUR: { price, overage_per_1000: 20 } };
      return store.save({ ...business, prices }, actor, false, { reason: 'x' });
    };
    await change(before + 1);
    await change(before + 2);
    expect(await tell()).toBe(0);
    await change(before + 3);
    isDown = false;
    expect(await Promise.all([tell(), tell()])).toEqual(expect.arrayContaining([1, 0]));
    expect(heard).toEqual([[before, before + 3]]);
    await change(before + 4);
    await change(before + 3);
    expect(await tell()).toBe(0);
    expect(heard).toHaveLength(1);
  });
});
