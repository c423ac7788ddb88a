// What is so is said alike by every page and every API, and so is why something cannot be.

import { beforeAll, expect, it } from 'vitest';
import { call, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

let operator: Person;
const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
beforeAll(async () => {
  operator = await operatorSignedIn();
});

it.each([
  ['quarantined', { quarantined_at: '2026-01-01' }],
  ['expired', { expires_at: '2026-01-01' }],
  ['revoked', { is_active: false }],
])('a key that is %s is shown as that on every page, and by every API', async (state, set) => {
  const partner = await makePartner();
  const owner = await memberOf(partner.id);
  const { id } = await makeKey(partner.id, { set });
  const badge = new RegExp(`class="badge (?:bad|warn)">${state}<`);
  for (const path of [
    `/operator/keys/${id}`,
    `/operator/keys?search=${id}`,
    `/operator/partners/${partner.id}`,
  ])
    expect((await operator.get(path)).text, path).toMatch(badge);
  expect((await owner.get(`/portal/keys/${id}`)).text).toMatch(badge);
  const limited = await sendJson(`/api/admin/keys/${id}/limits`, 'PUT', { daily_quota: 5 }, api);
  expect(limited.json).toMatchObject({ is_active: false, state });
});

/** A plan of the partner alone, priced in euros. */
async function ownPlan(partnerId: string): Promise<string> {
  const tier = `own-${partnerId.slice(-12)}`;
  const made = await sendJson('/api/admin/plans', 'POST', { ...PLAN, tier, partner_id: partnerId }, api);
  expect(made.json).toMatchObject({ tier, partner_id: partnerId });
  return tier;
}
const PLAN = {
  prices: { EUR: { price: 1, overage_per_1000: 1 } },
  rate_limit_per_second: 1,
  rate_limit_per_day: 1,
  rate_limit_per_month: 1,
};

it('a plan that was changed is answered as it is, also whose it is', async () => {
  const partner = await makePartner();
  const tier = await ownPlan(partner.id);
  const changed = await sendJson(`/api/admin/plans/${tier}`, 'PUT', { ...PLAN, rate_limit_per_day: 2 }, api);
  const { json } = await call('/api/admin/plans', api);
  const kept = json.data.find((plan: { tier: string }) => plan.tier === tier);
  expect(changed).toMatchObject({ status: 200, json: { partner_id: partner.id, rate_limit_per_day: 2 } });
  expect(changed.json).toEqual(kept);
});

it.each(['en', 'fr'])('plans and problems are said in words in the console, in %s', async (language) => {
  const partner = await makePartner({ tier: 'business' });
  const tier = await ownPlan(partner.id);
  await query(`UPDATE tier_config SET names = '{"en": "School bus", "fr": "Car scolaire"}' WHERE tier = $1`, [
    tier,
  ]);
  await sendJson(`/api/admin/partners/${partner.id}/plan`, 'POST', { tier, reason: 'as agreed' }, api);
  const name = language === 'en' ? 'School bus' : 'Car scolaire';
  const get = async (path: string) => (await operator.get(path, { 'accept-language': language })).text;
  const list = await get(`/operator/partners?search=${partner.email}`);
  const facts =
    /<dl class="facts pad">.*?<\/dl>/s.exec(await get(`/operator/partners/${partner.id}`))?.[0] ?? '';
  const plans = (await get('/operator/plans')).replace(/<dialog.*?<\/dialog>/gs, '').replace(/<[^>]*>/g, ' ');
  for (const shown of [list, facts, plans]) {
    expect(shown).toContain(name);
    expect(shown.replace(/="[^"]*"/g, '')).not.toContain(tier);
  }
});

it.each([
  ['PUT', 'tier'],
  ['POST', 'plan'],
])('why a partner is not moved to a plan, by %s /partners/{id}/%s', async (method, door) => {
  const move = (partnerId: string, tier: string) =>
    sendJson(`/api/admin/partners/${partnerId}/${door}`, method, { tier, reason: 'asked for' }, api);
  const partner = await makePartner({ tier: 'free' });
  const unknown = await move(partner.id, 'platinum');
  expect([unknown.status, unknown.json.details]).toEqual([
    400,
    [{ field: 'tier', message: expect.stringMatching(/^Plans are: .*business/) }],
  ]);
  await query(`UPDATE partner SET currency = 'XOF' WHERE id = $1`, [partner.id]);
  expect(await move(partner.id, await ownPlan(partner.id))).toMatchObject({
    status: 409,
    json: { error: 'conflict', message: 'This plan has no price in this currency' },
  });
});
