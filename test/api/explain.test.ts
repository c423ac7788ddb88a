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
