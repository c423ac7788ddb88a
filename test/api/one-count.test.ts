// One count: after any burst, whatever crashed meanwhile and whatever the upstream did, what callers were admitted for is
// what is shown, limited by, stored and billed. Three hundred rounds; the seed is printed.

import { expect, it } from 'vitest';
import { call, eventually, inParallel, makeKey, makePartner, query, sendJson } from '../support/api.ts';
import { seeded } from '../support/seeded.ts';

const PARTNERS = 50;
const ROUNDS = 6;
const DAY_LIMIT = 100_000;
const ROUTE = '/v2/stops/0:X/departures';
/** Served; failed by the upstream itself; broken off by it. */
const FATES = ['', '', '', '', '?upstream=fail', '?upstream=reset'];

interface Subject {
  partnerId: string;
  keys: { secret: string; id: string }[];
  random: () => number;
  admitted: number;
  /** By the headers of the last answers. */
  remaining: number;
}

const crash = (binding: 'KEY_LIMITER' | 'PARTNER_LIMITER', name: string) =>
  sendJson('/__test/crash', 'POST', { binding, name });

async function round(subject: Subject): Promise<void> {
  const { random, keys, partnerId } = subject;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const gapMs = pick([0, 30]);
  const calls = Array.from({ length: pick([1, 5, 6, 10, 13, 24]) }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * gapMs));
    if (random() < 0.04) await crash('KEY_LIMITER', pick(keys).id);
    if (random() < 0.02) await crash('PARTNER_LIMITER', `${partnerId}:live`);
    return call(ROUTE + pick(FATES), { key: pick(keys).secret });
  });
  for (const { status } of await Promise.all(calls)) {
    expect([200, 500, 502, 503, 504]).toContain(status);
    if (status === 200) subject.admitted++;
  }
  if (random() < 0.2) await crash('KEY_LIMITER', pick(keys).id);
}

const stored = (ids: readonly string[]) =>
  query<{ id: string; events: number; rollups: number; day: number; month: number }>(
    `SELECT p.id, (SELECT coalesce(sum(units), 0)::int FROM api_usage_events WHERE partner_id = p.id) AS events,
       (SELECT coalesce(sum(units), 0)::int FROM api_usage_rollups_day WHERE partner_id = p.id) AS rollups,
       (SELECT coalesce(sum(units), 0)::int FROM quota_usage WHERE partner_id = p.id AND period_type = 'daily') AS day,
       (SELECT coalesce(sum(units), 0)::int FROM quota_usage WHERE partner_id = p.id AND period_type = 'monthly') AS month
     FROM unnest($1::uuid[]) p(id)`,
    [ids],
  );

async function numbersOf(subjects: readonly Subject[]): Promise<Record<string, number>[]> {
  const rows = new Map(
    (await stored(subjects.map(({ partnerId }) => partnerId))).map((row) => [row.id, row]),
  );
  return inParallel(subjects.length, 10, async (i) => {
    const { partnerId, keys } = subjects[i] as Subject;
    const { json } = await call('/dashboard/quota', { key: keys[0]?.secret });
    const { id: _, ...row } = rows.get(partnerId) ?? { id: '' };
    const { daily, monthly } = json;
    // Asked too often: again in a moment.
    if (!daily) return { ...row, quota: Number.NaN };
    return { ...row, quota: daily.requests, quotaMonth: monthly.requests, left: DAY_LIMIT - daily.remaining };
  });
}

it('three hundred rounds of bursts, crashes and failing upstreams: all numbers are one', async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`one-count seed ${seed}`);
  const subjects = await inParallel(PARTNERS, 10, async (i): Promise<Subject> => {
    const { id: partnerId } = await makePartner({ second: i % 2 ? -1 : 1000, day: DAY_LIMIT });
    const keys = [await makeKey(partnerId), await makeKey(partnerId)];
    return { partnerId, keys, random: seeded(seed + i), admitted: 0, remaining: DAY_LIMIT };
  });
  for (let i = 0; i < ROUNDS; i++) {
    await Promise.all(subjects.map(round));
    const expected = subjects.map(({ admitted: units }) => ({
      events: units,
      rollups: units,
      day: units,
      month: units,
      quota: units,
      quotaMonth: units,
      left: units,
    }));
    const isSo = (numbers: unknown) => JSON.stringify(numbers) === JSON.stringify(expected);
    // A settle that is not heard is tried again for seventeen seconds, and each try may wait for its time-out.
    const numbers = await eventually(() => numbersOf(subjects), isSo, 45_000);
    expect(numbers, `seed ${seed}, round ${i}`).toEqual(expected);
  }
}, 240_000);
