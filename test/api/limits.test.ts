// Acceptance 2: limits are exact on the running gateway, also when the objects crash in the middle of it.

import { describe, expect, it } from 'vitest';
import {
  call,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  type TestPartner,
} from '../support/api.ts';

const CLIENTS = 50;
const ROUTE = '/v2/stops/0:X/departures';

const crashKey = (keyId: string) =>
  sendJson('/__test/crash', 'POST', { binding: 'KEY_LIMITER', name: keyId });

async function crash(partner: TestPartner, keyId: string): Promise<void> {
  await crashKey(keyId);
  await sendJson('/__test/crash', 'POST', { binding: 'PARTNER_LIMITER', name: `${partner.id}:live` });
}

/** What a refused client of these waits: all together they still ask a thousand times a second. */
const PAUSE_MS = 50;

/** A gap between two answers of any of the clients that is longer is the machine's, not the limiter's. */
const GAP_MS = 100;

/** 50 clients that ask again as soon as they are answered. `stalledMs`: how long nobody was answered. */
async function hammer(key: string, durationMs: number, midway?: () => Promise<void>) {
  const startMs = performance.now();
  const counts = { admitted: 0, refused: 0, other: 0 };
  let stalledMs = 0;
  let lastMs = startMs;
  const disturbance = midway && new Promise((resolve) => setTimeout(resolve, durationMs / 2)).then(midway);
  await inParallel(CLIENTS, CLIENTS, async () => {
    while (performance.now() - startMs < durationMs) {
      const { status } = await call(ROUTE, { key });
      const nowMs = performance.now();
      if (nowMs - lastMs > GAP_MS) stalledMs += nowMs - lastMs;
      lastMs = nowMs;
      counts[status === 200 ? 'admitted' : status === 429 ? 'refused' : 'other']++;
      if (status === 429) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  });
  await disturbance;
  return { ...counts, stalledMs, elapsedMs: performance.now() - startMs };
}

describe('rates, 50 clients at once', () => {
  it.for([
    [2, false],
    [10, false],
    [50, false],
    [2, true],
    [10, true],
    [50, true],
  ] as const)(
    'admits %i a second and no more, using at least 95 per cent (crashed midway: %s)',
    async ([second, crashes]) => {
      const partner = await makePartner({ second });
      const key = await makeKey(partner.id);
      const result = await hammer(key.secret, 4000, crashes ? () => crash(partner, key.id) : undefined);
      expect(result.refused).toBeGreaterThan(0);
      // Exactly one limit for each full second since the first call, and the one that had begun.
      const most = second * (Math.floor(result.elapsedMs / 1000) + 1);
      expect(result.admitted).toBeLessThanOrEqual(most);
      // And in any sliding second, by the moments at which they were counted.
      await eventually(
        () => eventCount(partner.id),
        (count) => count >= result.admitted + result.refused + result.other,
      );
      const [busiest] = await query(
        `SELECT max(inside)::int AS calls FROM (SELECT count(*) OVER (ORDER BY occurred_at
         RANGE BETWEEN CURRENT ROW AND INTERVAL '999 milliseconds' FOLLOWING) AS inside
       FROM api_usage_events WHERE partner_id = $1 AND status_code = 200) windows`,
        [partner.id],
      );
      expect(busiest?.calls).toBe(second);
      expect(result.admitted).toBeGreaterThanOrEqual(
        Math.floor(0.95 * second * Math.floor((4000 - result.stalledMs) / 1001)),
      );
    },
  );
});

describe('a quota of 100 a day', () => {
  it.for([false, true])(
    'is used up to the last unit and never passed (crashed midway: %s)',
    async (crashes) => {
      const partner = await makePartner({ day: 100 });
      const key = await makeKey(partner.id);
      const answers = await inParallel(300, CLIENTS, async (index) => {
        if (crashes && index === 50) await crash(partner, key.id);
        return call(ROUTE, { key: key.secret });
      });
      const admitted = answers.filter(({ status }) => status === 200).length;
      const others = new Set(
        answers.filter(({ status }) => ![200, 429].includes(status)).map(({ text }) => text),
      );
      if (!crashes) expect([...others]).toEqual([]);
      expect(admitted).toBeLessThanOrEqual(100);
      // A crash loses the answers that were under way, whose units stay spent: never one too many.
      expect(admitted).toBeGreaterThanOrEqual(crashes ? 100 - CLIENTS : 99);
      const refused = await call(ROUTE, { key: key.secret });
      expect(refused.status).toBe(429);
      expect(refused.json).toMatchObject({
        error: 'daily_quota_exceeded',
        limit_type: 'per_day',
        limit: 100,
      });
      expect(refused.headers['x-ratelimit-remaining-day']).toBe('0');
    },
  );

  it('loses nothing when only the object of the key crashes, again and again', async () => {
    const partner = await makePartner({ day: 100 });
    const key = await makeKey(partner.id);
    const answers = await inParallel(300, CLIENTS, async (index) => {
      if (index % 30 === 15) await crashKey(key.id);
      return call(ROUTE, { key: key.secret });
    });
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  });

  it('is not lowered by calls that the rate refuses', async () => {
    const partner = await makePartner({ second: 2, day: 1000 });
    const key = await makeKey(partner.id);
    const answers = await inParallel(20, 20, () => call(ROUTE, { key: key.secret }));
    const admitted = answers.filter(({ status }) => status === 200).length;
    const lowest = Math.min(...answers.map(({ headers }) => Number(headers['x-ratelimit-remaining-day'])));
    expect(lowest).toBe(1000 - admitted);
  });

  it('is counted down by one with each call, one by one', async () => {
    const partner = await makePartner({ day: 1000 });
    const key = await makeKey(partner.id);
    for (let left = 999; left > 989; left--) {
      const { headers } = await call(ROUTE, { key: key.secret });
      expect(headers['x-ratelimit-remaining-day']).toBe(String(left));
    }
  });

  it('is shared by all keys of the partner, but not by test and live keys', async () => {
    const partner = await makePartner({ day: 3 });
    const [one, two] = [await makeKey(partner.id), await makeKey(partner.id)];
    const test = await makeKey(partner.id, { environment: 'test' });
    expect((await call(ROUTE, { key: one.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: two.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: one.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: two.secret })).status).toBe(429);
    expect((await call('/v2/routes/list', { key: test.secret })).status).toBe(200);
  });
});

describe('limits of 0 and -1', () => {
  it('0 is nothing at all, with a Retry-After', async () => {
    for (const wishes of [{ second: 0 }, { day: 0 }, { month: 0 }]) {
      const key = await makeKey((await makePartner(wishes)).id);
      const { status, headers } = await call(ROUTE, { key: key.secret });
      expect(status).toBe(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(headers.ratelimit).toMatch(new RegExp(`;r=0;t=${headers['retry-after']}$`));
    }
  });

  it('-1 is unlimited, and shown as such', async () => {
    const key = await makeKey((await makePartner()).id);
    const { status, headers } = await call(ROUTE, { key: key.secret });
    expect(status).toBe(200);
    expect(headers['x-ratelimit-limit-month']).toBe('-1');
    expect(headers['x-ratelimit-remaining-month']).toBe('-1');
  });
});

describe('overage', () => {
  it.for(['warn', 'charge'])('%s admits beyond the quota and says so', async (overage) => {
    const key = await makeKey((await makePartner({ day: 1, overage })).id);
    expect((await call(ROUTE, { key: key.secret })).headers['x-quota-overage']).toBeUndefined();
    const { status, headers } = await call(ROUTE, { key: key.secret });
    expect(status).toBe(200);
    expect(headers['x-quota-overage']).toBe('true');
  });
});

describe('the key by itself', () => {
  it('is held to its burst, as limit_type burst', async () => {
    const key = await makeKey((await makePartner()).id);
    await query(
      'UPDATE api_key_quotas SET burst_limit = 3, sustained_limit = 1 WHERE key_id = (SELECT key_id FROM api_key WHERE id = $1)',
      [key.id],
    );
    for (let i = 0; i < 3; i++) expect((await call(ROUTE, { key: key.secret })).status).toBe(200);
    const { status, json, headers } = await call(ROUTE, { key: key.secret });
    expect(status).toBe(429);
    expect(json).toMatchObject({ error: 'rate_limit_exceeded', limit_type: 'burst', limit: 3 });
    expect(Number(headers['retry-after'])).toBeGreaterThan(30);
  });
});

describe('while the limiter does not answer', () => {
  it('quotas that block are refused with 503, unlimited partners get a small marked allowance', async () => {
    const limited = await makeKey((await makePartner({ second: 100, day: 1000 })).id);
    const unlimited = await makeKey((await makePartner({ second: 20 })).id);
    await sendJson('/__test', 'POST', { limiterDown: true });
    try {
      const refused = await call(ROUTE, { key: limited.secret });
      expect(refused.status).toBe(503);
      expect(refused.json.error).toBe('limiter_unavailable');
      expect(refused.headers['retry-after']).toBeDefined();
      const answers = await inParallel(20, 20, () => call(ROUTE, { key: unlimited.secret }));
      const admitted = answers.filter(({ status }) => status === 200).length;
      expect(admitted).toBeGreaterThan(0);
      expect(admitted).toBeLessThanOrEqual(4);
      await sendJson('/__test', 'POST', { limiterDown: false });
      // They are billed, so they count: as soon as they are folded.
      const used = async () =>
        (await call('/dashboard/quota', { key: unlimited.secret })).json.daily.requests;
      expect(await eventually(used, (units) => units === admitted)).toBe(admitted);
    } finally {
      await sendJson('/__test', 'POST', { limiterDown: false });
    }
  });
});
