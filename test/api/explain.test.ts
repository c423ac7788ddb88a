// What became of a request, and why: five hundred random ones, each beside what this file counted itself, and what it read of the
// event and of the history. It shares no code with what explains.

import { expect, it } from 'vitest';
import {
  call,
  developerToken,
  eventCount,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  setFaults,
} from '../support/api.ts';
import { seeded } from '../support/seeded.ts';

const DAY = 260;
const MONTH = 5000;
const CALLS = 500;

interface Expected {
  id: string;
  status: number;
  /** Units of the partner's day and month before and after it, as they are counted here. */
  before: number;
  after: number;
  keyVersion: number;
  hit: boolean;
  via: string | null;
}

it('five hundred random requests are explained as they were', async () => {
  const random = seeded(20_261_130);
  const partner = await makePartner({ second: -1, day: DAY, month: MONTH, overage: 'block' });
  const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const key = await makeKey(partner.id, { scopes: ['read:stops'] });
  await query('UPDATE api_key_quotas SET burst_limit = -1, sustained_limit = -1 WHERE key_id = $1', [key.id]);
  const versionNow = async () =>
    Number((await query('SELECT version FROM api_key WHERE id = $1', [key.id]))[0]?.version);
  let keyVersion = await versionNow();
  let used = 0;
  const expected: Expected[] = [];
  const note = (id: unknown, status: number, hit: boolean, via: string | null) => {
    const isCounted = status < 400 || status === 422;
    expected.push({
      id: String(id),
      status,
      before: used,
      after: used + (isCounted ? 1 : 0),
      keyVersion,
      hit,
      via,
    });
    if (isCounted) used++;
  };
  const paths = [
    '/v2/stops/search?q=hann',
    '/v2/stops/s1/departures?upstream=fail',
    '/v2/routes/list',
    '/v2/stops/s1/departures',
  ];
  for (let i = 0; i < CALLS; i++) {
    if (random() < 0.01) {
      // Another version of the record, in force from the next call on.
      await sendJson(`/api/dev/keys/${key.id}`, 'PATCH', { name: `K${i}`, scopes: ['read:stops'] }, me);
      keyVersion = await versionNow();
    }
    if (random() < 0.15) {
      const params = { name: 'searchStops', arguments: { q: `tool ${i}` } };
      const headers = {
        authorization: `Bearer ${key.secret}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      };
      const answer = await call('/mcp', {
        method: 'POST',
        headers,
        body: JSON.stringify({ jsonrpc: '2.0', id: i, method: 'tools/call', params }),
      });
      const { result } = answer.json ?? JSON.parse(/^data: (.*)$/m.exec(answer.text)?.[1] ?? '{}');
      note(result._meta['passerelle/request_id'], result._meta['passerelle/status'], false, 'mcp');
    } else {
      const { status, headers } = await call(paths[Math.floor(random() * paths.length)] ?? '', {
        key: key.secret,
      });
      note(headers['x-request-id'], status, headers['x-cache-hit'] === 'true', null);
    }
  }
  expect(new Set(expected.map(({ status }) => status))).toEqual(new Set([200, 403, 429, 500]));
  await eventually(
    () => eventCount(partner.id),
    (count) => count >= CALLS,
    60_000,
  );
  // Each developer has a rate.
  const readers = [me];
  for (let i = 0; i < 4; i++)
    readers.push({ headers: { authorization: `Bearer ${await developerToken(partner)}` } });
  for (const [i, each] of expected.entries()) {
    const { json } = await call(`/api/dev/requests/${each.id}/explain`, readers[i % readers.length]);
    const [event] = await query('SELECT units, basis FROM api_usage_events WHERE id = $1', [each.id]);
    const limit = (name: string) => json.limits.find((one: { name: string }) => one.name === name);
    // After a failure its unit goes back; a caller reads what was left before that.
    const isFailed = each.status >= 500;
    const left = (most: number) => ({
      before: isFailed ? null : most - each.before,
      after: most - each.after - (isFailed ? 1 : 0),
    });
    expect([
      each.id,
      json.units,
      json.outcome,
      json.judged.key_version,
      json.cache.hit,
      json.via,
      { before: limit('day').before, after: limit('day').after },
      { before: limit('month').before, after: limit('month').after },
      [limit('day').limit, limit('day').level, limit('month').limit, limit('second').limit],
      json.price?.reason,
    ]).toEqual([
      each.id,
      Number(event?.units),
      each.status < 400 ? 'admitted' : isFailed ? 'failed' : 'refused',
      each.keyVersion,
      each.hit,
      each.via,
      left(DAY),
      left(MONTH),
      [DAY, 'partner', MONTH, null],
      each.status < 400 ? 'included' : 'not_counted',
    ]);
    if (each.status === 429)
      expect(json.summary).toContain(
        `Refused by the day limit of the partner, ${DAY}: ${DAY} were used, 1 asked for.`,
      );
    if (each.status === 403) expect(json.summary).toContain('lacks the scope read:routes');
  }
  const others = { headers: { authorization: `Bearer ${await developerToken(await makePartner())}` } };
  expect((await call(`/api/dev/requests/${expected[0]?.id}/explain`, others)).status).toBe(404);
}, 180_000);

it('five hundred more: by a child with a budget, by its tools, beyond a quota that is charged, by a record that was old, without the limiter', async () => {
  const BUDGET = 90;
  const INCLUDED = 200;
  const random = seeded(7);
  const partner = await makePartner({ tier: 'business', second: -1, month: INCLUDED, overage: 'charge' });
  const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const key = await makeKey(partner.id, { scopes: ['read:stops'] });
  await query(
    'UPDATE api_key_quotas SET burst_limit = -1, sustained_limit = -1, daily_quota = -1, monthly_quota = -1 WHERE key_id = $1',
    [key.id],
  );
  const made = await sendJson(
    `/api/dev/keys/${key.id}/budget-keys`,
    'POST',
    { name: 'agent', budget: { units: BUDGET } },
    me,
  );
  const child = { id: made.json.key_id, secret: made.json.api_key ?? made.json.secret };
  const [plan] = await query<{ price: string }>(
    `SELECT plan_price(t, p.currency, 'overage_per_1000') AS price FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = $1`,
    [partner.id],
  );
  let month = 0;
  let spent = 0;
  const expected: {
    id: string;
    status: number;
    price: string | undefined;
    budget: { before: number; after: number } | undefined;
    version?: number;
    via: string | null;
    isBlind: boolean;
  }[] = [];
  const versionOf = async (id: string) =>
    Number((await query('SELECT version FROM api_key WHERE key_id = $1', [id]))[0]?.version);
  for (let i = 0; i < CALLS; i++) {
    const isBlind = i >= CALLS - 10;
    const isChild = !isBlind && random() < 0.4;
    const isTool = isChild && random() < 0.4;
    if (i === CALLS - 10) await setFaults({ limiterDown: true });
    // Another edge, whose record was changed meanwhile, and whose KV does not know of it.
    const isOld = !isBlind && random() < 0.04;
    let version: number | undefined;
    if (isOld) {
      await setFaults({ kvFrozen: true });
      const change = { name: `Renamed ${i}` };
      await sendJson(`/api/dev/keys/${isChild ? child.id : key.id}`, 'PATCH', change, me);
      version = await versionOf(isChild ? child.id : key.id);
    }
    const { secret } = isChild ? child : key;
    const headers = { 'x-test-edge': isOld ? 'b' : 'a' };
    let status: number;
    let id: string;
    if (isTool) {
      const answer = await call('/mcp', {
        method: 'POST',
        headers: {
          ...headers,
          authorization: `Bearer ${secret}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: i,
          method: 'tools/call',
          params: { name: 'searchStops', arguments: { q: `t${i}` } },
        }),
      });
      const { result } = answer.json ?? JSON.parse(/^data: (.*)$/m.exec(answer.text)?.[1] ?? '{}');
      id = result._meta['passerelle/request_id'];
      status = result._meta['passerelle/status'];
    } else {
      const answer = await call(`/v2/stops/search?q=s${i}`, { key: secret, headers });
      id = String(answer.headers['x-request-id']);
      status = answer.status;
    }
    if (isOld) await setFaults({ kvFrozen: false });
    expect([i, status]).toEqual([i, isChild && spent >= BUDGET ? 402 : 200]);
    const isAdmitted = status === 200;
    const before = BUDGET - spent;
    if (isAdmitted) month++;
    if (isAdmitted && isChild) spent++;
    expected.push({
      id,
      status,
      price: !isAdmitted
        ? 'not_counted'
        : isBlind
          ? undefined
          : month > INCLUDED
            ? 'overage_charged'
            : 'included',
      budget: isChild ? { before, after: BUDGET - spent } : undefined,
      version,
      via: isTool ? 'mcp' : null,
      isBlind,
    });
  }
  await setFaults({ limiterDown: false });
  expect(new Set(expected.map(({ price }) => price))).toEqual(
    new Set(['included', 'overage_charged', 'not_counted', undefined]),
  );
  expect(expected.filter(({ version }) => version !== undefined).length).toBeGreaterThan(5);
  await eventually(
    () => eventCount(partner.id),
    (count) => count >= CALLS,
    60_000,
  );
  const readers = [me];
  for (let i = 0; i < 4; i++)
    readers.push({ headers: { authorization: `Bearer ${await developerToken(partner)}` } });
  for (const [i, each] of expected.entries()) {
    const { json } = await call(`/api/dev/requests/${each.id}/explain`, readers[i % readers.length]);
    const budget = json.limits?.find(({ name }: { name: string }) => name === 'budget');
    expect([
      each.id,
      json.price?.reason,
      json.price?.per_1000_minor ?? null,
      budget && { before: budget.before, after: budget.after, limit: budget.limit, level: budget.level },
      json.via,
      json.limits === null,
    ]).toEqual([
      each.id,
      each.price,
      each.price === 'overage_charged' ? Number(plan?.price) : null,
      each.budget && { ...each.budget, limit: BUDGET, level: 'key' },
      each.via,
      each.isBlind,
    ]);
    if (each.version !== undefined) expect(json.judged.key_version).toBe(each.version);
    if (each.status === 402)
      expect(json.summary).toBe(
        `Refused by the budget of the key, ${BUDGET}: ${BUDGET} were used, 1 asked for. It does not come back by itself.`,
      );
  }
}, 180_000);

const ADMITTED = 3;
it.for([
  ['second', 'per_second', 'partner', { second: 0 }, '', 0],
  ['burst', 'burst', 'key', {}, `burst_limit = ${ADMITTED}, sustained_limit = 1`, ADMITTED],
  ['day', 'per_day', 'key', {}, `daily_quota = ${ADMITTED}`, ADMITTED],
  ['month', 'per_month', 'key', {}, `monthly_quota = ${ADMITTED}`, ADMITTED],
  ['day', 'per_day', 'partner', { day: ADMITTED }, '', ADMITTED],
  ['month', 'per_month', 'partner', { month: ADMITTED }, '', ADMITTED],
  ['month', 'per_month', 'cap', { tier: 'business', month: ADMITTED - 1, overage: 'charge' }, '', ADMITTED],
] as const)(
  'the %s limit (%s) of the %s is what it says refused',
  async ([name, type, level, wishes, own, limit]) => {
    const partner = await makePartner(wishes);
    const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const key = await makeKey(partner.id);
    if (own) await query(`UPDATE api_key_quotas SET ${own} WHERE key_id = $1`, [key.id]);
    if (level === 'cap')
      // As much as one unit beyond the quota costs, in whole minor units.
      await query(
        `UPDATE partner p SET spending_cap_minor = ceil(plan_price(t, p.currency, 'overage_per_1000') / 1000.0)
        FROM tier_config t WHERE t.tier = p.tier AND p.id = $1`,
        [partner.id],
      );
    const most = limit === 0 ? 0 : level === 'cap' ? await cappedAt(partner.id) : limit;
    const ids: string[] = [];
    for (let i = 0; i < most + 2; i++) {
      const { status, headers } = await call(`/v2/stops/search?q=l${i}`, { key: key.secret });
      expect([i, status]).toEqual([i, i < most ? 200 : 429]);
      ids.push(String(headers['x-request-id']));
    }
    await eventually(
      () => eventCount(partner.id),
      (count) => count === ids.length,
    );
    const owner = { key: 'the key', partner: 'the partner', cap: 'the spending cap' }[level];
    for (const [i, id] of ids.entries()) {
      const { json } = await call(`/api/dev/requests/${id}/explain`, me);
      const said = json.limits.find((each: { name: string }) => each.name === name);
      expect([i, json.outcome, said.limit, said.level]).toEqual([
        i,
        i < most ? 'admitted' : 'refused',
        most,
        level,
      ]);
      if (name !== 'burst' && i < most) expect([said.before, said.after]).toEqual([most - i, most - i - 1]);
      if (i < most) continue;
      const [event] = await query<{ failure: { limit_type: string; used: number; retry_at: string } }>(
        'SELECT failure FROM api_usage_events WHERE id = $1',
        [id],
      );
      expect(event?.failure).toMatchObject({ limit_type: type, limit: most, level });
      expect(json.summary).toBe(
        `Refused by the ${name} limit of ${owner}, ${most}: ${event?.failure.used} were used, 1 asked for. It would have passed from ${event?.failure.retry_at} on.`,
      );
    }
  },
);

/** Units of a month at which its spending cap refuses, by the prices alone. */
async function cappedAt(partnerId: string): Promise<number> {
  const [row] = await query<{ month: number; cap: number; price: number }>(
    `SELECT p.rate_limit_per_month::int AS month, p.spending_cap_minor::int AS cap,
       plan_price(t, p.currency, 'overage_per_1000')::int AS price
     FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = $1`,
    [partnerId],
  );
  return (row?.month ?? 0) + Math.floor(((row?.cap ?? 0) * 1000) / (row?.price ?? 1));
}

it('says that it does not know what was not kept', async () => {
  const partner = await makePartner();
  const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const key = await makeKey(partner.id);
  const { headers } = await call('/v2/stops/search?q=old', { key: key.secret });
  await eventually(
    () => eventCount(partner.id),
    (count) => count === 1,
  );
  // As before 2026-11-30.
  await query('UPDATE api_usage_events SET basis = NULL, remaining = NULL WHERE id = $1', [
    headers['x-request-id'],
  ]);
  const { json } = await call(`/api/dev/requests/${headers['x-request-id']}/explain`, me);
  expect(json).toMatchObject({
    judged: null,
    limits: null,
    policies: null,
    price: null,
    units: 1,
    outcome: 'admitted',
  });
});

it('a test key is told at once, where it asks; a live key is not', async () => {
  const partner = await makePartner({ day: 3 });
  const [test, live] = [await makeKey(partner.id, { environment: 'test' }), await makeKey(partner.id)];
  const ask = async (key: string) => {
    const { headers } = await call('/v2/stops/search?q=hann', {
      key,
      headers: { 'passerelle-explain': '1' },
    });
    return headers['passerelle-explanation'] && JSON.parse(String(headers['passerelle-explanation']));
  };
  const told = await ask(test.secret);
  expect(told).toMatchObject({
    outcome: 'admitted',
    units: 1,
    price: { reason: 'test' },
    policies: expect.any(Array),
  });
  const day = (each: { limits: { name: string; before: number; after: number }[] }) =>
    each.limits.find(({ name }) => name === 'day');
  expect(day(told)).toMatchObject({ limit: 3, level: 'partner', before: 3, after: 2 });
  await ask(test.secret);
  await ask(test.secret);
  expect((await ask(test.secret)).summary).toMatch(
    /^Refused by the day limit of the partner, 3: 3 were used/,
  );
  expect(await ask(live.secret)).toBeUndefined();
  expect(
    (await call('/v2/stops/search?q=hann', { key: test.secret })).headers['passerelle-explanation'],
  ).toBeUndefined();
});
