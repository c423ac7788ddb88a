// A changed price: whom it hits and by how much is seen before, a reason is asked, and those who are there can keep theirs.

import { uuidv7 } from 'uuidv7';
import { beforeAll, expect, it } from 'vitest';
import {
  call,
  developerToken,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
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
  expect((await send({}, 'fr')).text).toMatch(/3 partenaires : \+40,00\s€ par mois au total/);
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
