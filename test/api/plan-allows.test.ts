// What a plan allows is the plan's: beyond the quota its holders choose only what it lists, by API, page or SQL; what has no
// price is not charged; and a key's own limits are at most the plan's, unless an operator set them.

import { uuidv7 } from 'uuidv7';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  developerToken,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { memberOf, operatorSignedIn } from '../support/portal.ts';

const ROUTE = '/v2/routes/list';
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const devOf = async (partner: TestPartner) => ({
  headers: { authorization: `Bearer ${await developerToken(partner)}` },
});
const patchBilling = async (partner: TestPartner, change: object) =>
  sendJson('/api/dev/billing', 'PATCH', change, await devOf(partner));
const actionOf = async ({ id }: TestPartner) =>
  (
    await query(
      `SELECT p.overage_action AS chosen, t.overage_action AS billed FROM partner p
       JOIN LATERAL (SELECT overage_action FROM partner_terms WHERE partner_id = p.id ORDER BY effective_at DESC LIMIT 1) t ON true
       WHERE p.id = $1`,
      [id],
    )
  )[0];
/** Statuses of so many calls, one after the other. */
async function callTimes(times: number, key: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) statuses.push((await call(ROUTE, { key })).status);
  return statuses;
}
const tell = (partner: TestPartner, limits: object) =>
  sendJson(
    `/api/admin/partners/${partner.id}/limits`,
    'PUT',
    { rate_limit_per_second: -1, rate_limit_per_day: 1, rate_limit_per_month: -1, ...limits },
    operator,
  );
async function makePlan(more: object): Promise<string> {
  const tier = `own-${uuidv7().slice(-12)}`;
  const plan = {
    tier,
    self_serve: true,
    prices: { EUR: { price: 9_000_000, overage_per_1000: 1 } },
    rate_limit_per_second: -1,
    rate_limit_per_day: -1,
    rate_limit_per_month: 1,
    ...more,
  };
  const { status, json } = await sendJson('/api/admin/plans', 'POST', plan, operator);
  expect(status, JSON.stringify(json)).toBe(201);
  return tier;
}

describe('beyond the quota', () => {
  it.for([
    ['free', 'warn', ['block']],
    ['free', 'charge', ['block']],
    ['business', 'warn', ['block', 'charge']],
    ['enterprise', 'warn', ['block', 'charge']],
  ] as const)('who is on %s cannot choose %s, by API, page or SQL', async ([tier, action, offered]) => {
    const partner = await makePartner({ tier, day: 2 });
    const refused = await patchBilling(partner, { overage_action: action, spending_cap_minor: 5 });
    expect([refused.status, refused.json.details]).toEqual([
      400,
      [{ field: 'overage_action', message: `The plan allows: ${offered.join(', ')}` }],
    ]);
    const { json } = await call('/api/dev/billing', await devOf(partner));
    expect(json).toMatchObject({
      overage_action: 'block',
      overage_actions: offered,
      spending_cap_minor: null,
    });
    const person = await memberOf(partner.id, 'billing');
    const page = await person.get('/portal/billing');
    const options = [...page.text.matchAll(/<option value="(block|warn|charge)"/g)].map(([, value]) => value);
    expect(options).toEqual(offered);
    // Money is of both environments.
    expect(page.text).not.toContain('test-banner');
    expect((await person.post('/portal/billing/overage', { overage_action: action })).status).toBe(400);
    await expect(
      query('UPDATE partner SET overage_action = $2 WHERE id = $1', [partner.id, action]),
    ).rejects.toThrow(/does not allow/);
    await expect(
      query(
        `UPDATE api_key_quotas q SET overage_action = $2 FROM api_key k WHERE k.key_id = q.key_id AND k.id = $1`,
        [(await makeKey(partner.id)).id, action],
      ),
    ).rejects.toThrow(/does not allow/);
    const key = await makeKey(partner.id);
    expect(await callTimes(4, key.secret)).toEqual([200, 200, 429, 429]);
  });

  it('warn is given by an operator, by API, console or SQL, and taken back', async () => {
    const person = await operatorSignedIn();
    const console_ = (partner: TestPartner) =>
      person.post(`/operator/partners/${partner.id}/limits`, {
        second: '-1',
        day: '1',
        month: '-1',
        overage: 'warn',
        reason: 'launch week',
      });
    const typed = ({ id }: TestPartner) =>
      query(
        `UPDATE partner SET overage_action = 'warn', granted_overage_actions = ARRAY['warn'], rate_limit_per_day = 1 WHERE id = $1`,
        [id],
      );
    const ways = [(partner: TestPartner) => tell(partner, { overage_action: 'warn' }), console_, typed];
    for (const give of ways) {
      const partner = await makePartner({ tier: 'free' });
      await give(partner);
      expect(await actionOf(partner)).toEqual({ chosen: 'warn', billed: 'warn' });
      expect((await patchBilling(partner, { overage_action: 'block' })).status).toBe(200);
      expect((await patchBilling(partner, { overage_action: 'warn' })).json.overage_actions).toEqual([
        'block',
        'warn',
      ]);
      const key = await makeKey(partner.id);
      expect(await callTimes(3, key.secret)).toEqual([200, 200, 200]);
      await call(`/api/admin/partners/${partner.id}/limits`, { ...operator, method: 'DELETE' });
      expect(await actionOf(partner)).toEqual({ chosen: 'block', billed: 'block' });
      expect((await patchBilling(partner, { overage_action: 'warn' })).status).toBe(400);
    }
  });

  it('a plan that does not allow what was chosen takes it away, as does a plan that no longer does', async () => {
    const partner = await makePartner({ tier: 'business', overage: 'charge' });
    await query(`UPDATE partner SET tier = 'free' WHERE id = $1`, [partner.id]);
    expect(await actionOf(partner)).toEqual({ chosen: 'block', billed: 'block' });
    const tier = await makePlan({ overage_actions: ['block', 'warn'] });
    await query(`UPDATE partner SET tier = $2, overage_action = 'warn' WHERE id = $1`, [partner.id, tier]);
    const [before] = await query('SELECT version FROM partner WHERE id = $1', [partner.id]);
    await query(`UPDATE tier_config SET overage_actions = ARRAY['block'] WHERE tier = $1`, [tier]);
    expect(await actionOf(partner)).toEqual({ chosen: 'block', billed: 'block' });
    const [after] = await query('SELECT version FROM partner WHERE id = $1', [partner.id]);
    expect(Number(after?.version)).toBeGreaterThan(Number(before?.version));
  });

  it('a plan that has no price in the currency that is asked for with it is not chosen', async () => {
    const partner = await makePartner({ tier: 'free' });
    const tier = await makePlan({ prices: { EUR: { price: 1, overage_per_1000: 1 } } });
    const refused = await patchBilling(partner, { tier, currency: 'XOF' });
    expect([refused.status, refused.json.error]).toEqual([409, 'conflict']);
    const [{ tier: still, next }] = (await query(
      'SELECT tier, next_tier AS next FROM partner WHERE id = $1',
      [partner.id],
    )) as [{ tier: string; next: string | null }];
    expect([still, next]).toEqual(['free', null]);
  });

  it('a dearer plan and what it allows are chosen in one request, and a refused one changes nothing', async () => {
    const partner = await makePartner({ tier: 'free' });
    const refused = await patchBilling(partner, { tier: 'business', overage_action: 'warn' });
    expect(refused.status).toBe(400);
    expect((await call('/api/dev/billing', await devOf(partner))).json.tier).toBe('free');
    const both = await patchBilling(partner, { tier: 'business', overage_action: 'charge' });
    expect(both.json).toMatchObject({
      tier: 'business',
      overage_action: 'charge',
      overage_in_force: 'charge',
    });
  });

  it('charge without a price refuses, is not billed, and is shown as refusal', async () => {
    const tier = await makePlan({ prices: { EUR: { price: 100, overage_per_1000: 0 } } });
    const partner = await makePartner({ tier, month: 2, overage: 'charge' });
    const key = await makeKey(partner.id);
    expect(await callTimes(4, key.secret)).toEqual([200, 200, 429, 429]);
    expect(await actionOf(partner)).toEqual({ chosen: 'charge', billed: 'block' });
    const { json } = await call('/api/dev/billing', await devOf(partner));
    expect(json).toMatchObject({ overage_action: 'charge', overage_in_force: 'block' });
    const page = (await (await memberOf(partner.id)).get('/portal/billing')).text;
    expect(page).toContain('requests over the quota are blocked');
    expect(page).not.toContain('€0.00 for 1,000');
    await query('UPDATE tier_config SET overage_price_per_1000_cents = 5 WHERE tier = $1', [tier]);
    expect((await call('/api/dev/billing', await devOf(partner))).json.overage_in_force).toBe('charge');
  });

  it('overage that is free is a plan that lists warn', async () => {
    const tier = await makePlan({
      prices: { EUR: { price: 100, overage_per_1000: 0 } },
      overage_actions: ['warn'],
    });
    const partner = await makePartner({ tier, month: 1 });
    expect((await patchBilling(partner, { overage_action: 'warn' })).json.overage_actions).toEqual([
      'block',
      'warn',
    ]);
    expect(await callTimes(3, (await makeKey(partner.id)).secret)).toEqual([200, 200, 200]);
  });
});

describe("a key's own limits", () => {
  let partner: TestPartner;
  let dev: { headers: { authorization: string } };
  beforeAll(async () => {
    partner = await makePartner({ tier: 'business' });
    dev = await devOf(partner);
  });
  const choose = (id: string, limits: object) =>
    sendJson(`/api/dev/keys/${id}`, 'PATCH', { name: 'Mine', limits }, dev);
  const inForce = async (id: string) =>
    (
      await query(
        `SELECT tighter((q.chosen->>'daily_quota')::bigint, coalesce(q.daily_quota, t.key_daily_quota))::int AS day,
           tighter((q.chosen->>'sustained_limit')::bigint, coalesce(q.sustained_limit, t.sustained_limit))::int AS sustained
         FROM api_key k JOIN partner p ON p.id = k.partner_id JOIN tier_config t ON t.tier = p.tier
         JOIN api_key_quotas q ON q.key_id = k.key_id WHERE k.id = $1`,
        [id],
      )
    )[0];

  it.for([
    ['burst_limit', 1000],
    ['sustained_limit', 3000],
    ['daily_quota', 1_000_000],
  ] as const)('%s is chosen up to the %s of the plan, by its developers', async ([name, most]) => {
    const key = await makeKey(partner.id);
    for (const looser of [-1, most + 1, 2_000_000_000]) {
      const refused = await choose(key.id, { [name]: looser });
      expect([refused.status, refused.json.details]).toEqual([
        400,
        [{ field: `limits.${name}`, message: `The plan allows at most ${most}` }],
      ]);
    }
    expect((await call(`/api/dev/keys/${key.id}`, dev)).json).toMatchObject({
      name: 'Test',
      limits: { [name]: null },
    });
    for (const tighter of [0, 1, most])
      expect((await choose(key.id, { [name]: tighter })).json.limits[name]).toBe(tighter);
    expect((await choose(key.id, { [name]: null })).json.limits[name]).toBeNull();
  });

  it('are held to by the gateway, and on the page, too', async () => {
    const key = await makeKey(partner.id);
    const person = await memberOf(partner.id);
    const fields = { name: 'Mine', scopes: 'read:routes', daily_quota: '2' };
    const refused = await person.post(`/portal/keys/${key.id}`, { ...fields, daily_quota: '2000000000' });
    expect([refused.status, refused.text.includes('Cannot exceed what your plan allows')]).toEqual([
      400,
      true,
    ]);
    expect((await person.post(`/portal/keys/${key.id}`, fields)).status).toBe(303);
    expect(await callTimes(3, key.secret)).toEqual([200, 200, 429]);
  });

  it('are unlimited where the plan says so, and end where a lesser plan ends', async () => {
    const other = await makePartner({ tier: 'enterprise' });
    const key = await makeKey(other.id);
    const chosen = { limits: { daily_quota: -1, sustained_limit: 50_000 } };
    expect((await sendJson(`/api/dev/keys/${key.id}`, 'PATCH', chosen, await devOf(other))).status).toBe(200);
    expect(await inForce(key.id)).toEqual({ day: -1, sustained: 50_000 });
    await query(`UPDATE partner SET tier = 'free' WHERE id = $1`, [other.id]);
    expect(await inForce(key.id)).toEqual({ day: 1_000_000, sustained: 100 });
  });

  it('that an operator set are more than the plan, and of them its developers choose less', async () => {
    const key = await makeKey(partner.id);
    await choose(key.id, { daily_quota: 5, sustained_limit: 7 });
    const set = await sendJson(
      `/api/admin/keys/${key.id}/limits`,
      'PUT',
      { daily_quota: 5_000_000 },
      operator,
    );
    expect(set.json.limits).toMatchObject({ daily_quota: 5_000_000, sustained_limit: 7 });
    expect(await inForce(key.id)).toEqual({ day: 5_000_000, sustained: 7 });
    expect((await choose(key.id, { daily_quota: 4_000_000 })).status).toBe(200);
    expect((await choose(key.id, { daily_quota: -1 })).status).toBe(400);
    // Nor do they take away what an operator lowered.
    await query(`UPDATE api_key_quotas SET daily_quota = 3 WHERE key_id = $1`, [key.id]);
    expect(await inForce(key.id)).toMatchObject({ day: 3 });
    expect((await choose(key.id, { daily_quota: null })).json.limits.daily_quota).toBe(3);
    expect((await choose(key.id, { daily_quota: 4 })).status).toBe(400);
    const typed = { overage_action: 'warn' };
    expect(
      (await sendJson(`/api/admin/keys/${key.id}/limits`, 'PUT', typed, operator)).json.limits,
    ).toMatchObject(typed);
  });
});

it('a plan of an impossible price, or for nobody, is refused by field', async () => {
  const partner = await makePartner();
  const plan = {
    tier: `bad-${partner.id.slice(-8)}`,
    prices: { EUR: { price: 1, overage_per_1000: 1 } },
    rate_limit_per_second: 1,
    rate_limit_per_day: 1,
    rate_limit_per_month: 1,
  };
  const save = (change: object) => sendJson('/api/admin/plans', 'POST', { ...plan, ...change }, operator);
  for (const [price, per1000] of [
    [2 ** 31, 1],
    [1, 2 ** 31],
    [1e12, 1],
  ]) {
    const prices = { EUR: { price, overage_per_1000: per1000 } };
    const { status, json } = await save({ prices });
    expect([status, json.error]).toEqual([400, 'validation_error']);
    expect((await sendJson('/api/admin/plans/starter', 'PUT', { ...plan, prices }, operator)).status).toBe(
      400,
    );
  }
  const unknown = await save({ partner_id: uuidv7() });
  expect([unknown.status, unknown.json.details]).toEqual([
    400,
    [{ field: 'partner_id', message: 'No such partner' }],
  ]);
  const nobody = `/api/admin/partners/${uuidv7()}/plan`;
  expect((await sendJson(nobody, 'POST', { tier: 'starter', reason: 'x' }, operator)).status).toBe(404);
  const person = await operatorSignedIn();
  const form = {
    tier: plan.tier,
    second: '1',
    day: '1',
    month: '1',
    max_keys: '1',
    price_EUR: '30000000.00',
  };
  expect((await person.post('/operator/plans', form)).status).toBe(400);
});
