// What operators do by the console and by /api/admin is the same, and both say what is.

import { beforeAll, describe, expect, it } from 'vitest';
import { call, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';
import { mailedPath, memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

let operator: Person;
const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
beforeAll(async () => {
  operator = await operatorSignedIn();
});

describe.each(['console', 'API'])('owners are told, by the %s, each in its own language, once', (door) => {
  const mails = async (email: string) =>
    (
      await query<{ subject: string }>('SELECT subject FROM outbox_mail WHERE recipient = $1 ORDER BY id', [
        email,
      ])
    ).map(({ subject }) => subject);
  const frenchOwnerOf = async (partnerId: string) => {
    const owner = await memberOf(partnerId);
    await query(`UPDATE dev_accounts SET language = 'fr' WHERE email = $1`, [owner.email]);
    await query('DELETE FROM outbox_mail WHERE recipient = $1', [owner.email]);
    return owner;
  };
  const act = (path: string, reason: string) =>
    door === 'console'
      ? operator.post(`/operator${path}`, { reason })
      : sendJson(`/api/admin${path}`, 'POST', { reason }, api);

  it('of their approval', async () => {
    const partner = await makePartner({ status: 'sandbox_only' });
    const owner = await frenchOwnerOf(partner.id);
    const actions = ['approve', 'approve', 'suspend', 'reinstate'];
    for (const action of actions) await act(`/partners/${partner.id}/${action}`, 'papers seen');
    expect(await mails(owner.email)).toEqual([
      expect.stringContaining('peut maintenant utiliser des clés de production'),
    ]);
    expect(await mails(partner.email)).toEqual([expect.stringContaining('can now use live keys')]);
  });

  it('of a key that an operator revoked', async () => {
    const partner = await makePartner();
    const owner = await frenchOwnerOf(partner.id);
    const { id } = await makeKey(partner.id);
    for (const reason of ['leaked', 'leaked again']) await act(`/keys/${id}/revoke`, reason);
    expect(await mails(owner.email)).toEqual(['Votre clé Test a été révoquée']);
    expect(await mails(partner.email)).toEqual(['Your key Test was revoked']);
    expect(await mailedPath(partner.email)).toBe('/portal/audit');
  });
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

describe.each([
  ['PUT', 'tier'],
  ['POST', 'plan'],
])('a partner is moved to another plan by %s /partners/{id}/%s', (method, door) => {
  const move = (partnerId: string, tier: string) =>
    sendJson(`/api/admin/partners/${partnerId}/${door}`, method, { tier, reason: 'asked for' }, api);

  it('with the same checks and the same words', async () => {
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

  it('under the same name in the audit and as the same event', async () => {
    const partner = await makePartner({ tier: 'free' });
    expect(await move(partner.id, 'business')).toMatchObject({ status: 200, json: { tier: 'business' } });
    const trail = await query('SELECT action FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id', [
      partner.id,
    ]);
    expect(trail.map(({ action }) => action)).toEqual(['plan.changed']);
    const events = await query('SELECT type, data FROM webhook_event WHERE partner_id = $1', [partner.id]);
    expect(events).toEqual([{ type: 'plan.changed', data: expect.objectContaining({ tier: 'business' }) }]);
  });
});

it('a dead letter is replayed by either door, under one name in the audit', async () => {
  const ids: string[] = [];
  for (const n of [1, 2]) {
    const [letter] = await query<{ id: string }>(
      `INSERT INTO dead_letter (id, queue, body) VALUES (gen_random_uuid(), 'passerelle-usage', convert_to($1, 'UTF8')) RETURNING id`,
      [JSON.stringify({ id: `00000000-0000-7000-8000-0000000b00d${n}`, events: [], refusals: {} })],
    );
    ids.push(letter?.id ?? '');
  }
  const [byPage = '', byApi = ''] = ids;
  await operator.post(`/operator/dead-letters/${byPage}/replay`, { reason: 'mended' });
  expect((await sendJson(`/api/admin/dead-letters/${byApi}/replay`, 'POST', {}, api)).status).toBe(202);
  const trail = await query(
    `SELECT details FROM dev_portal_audit WHERE action = 'dead_letter.replayed' AND target->>'id' = ANY ($1) ORDER BY id`,
    [ids],
  );
  expect(trail.map(({ details }) => details)).toEqual([{ reason: 'mended' }, {}]);
  for (const id of ids)
    expect((await sendJson(`/api/admin/dead-letters/${id}/replay`, 'POST', {}, api)).status).toBe(409);
});
