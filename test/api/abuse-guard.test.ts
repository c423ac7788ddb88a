// Unknown callers are held off by Upstash's limiter over a real Redis; without one, by the Workers binding.

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newBearerKey } from '../../src/keys/key-format.ts';
import { createAbuseGuard } from '../../src/platform/abuse-guard.ts';
import { call, inParallel, makeKey, makePartner } from '../support/api.ts';
import { startRedisRest, TOKEN } from '../support/redis-rest.ts';

let redis: Awaited<ReturnType<typeof startRedisRest>>;
beforeAll(async () => {
  redis = await startRedisRest();
});
afterAll(() => redis.stop());

const lines: Record<string, unknown>[] = [];
const options = () => ({
  failuresPerMinute: 5,
  now: Date.now,
  log: (line: Record<string, unknown>) => void lines.push(line),
});

it('holds an address off after too many failures, on every isolate that sees one more', async () => {
  const [one, two] = [0, 1].map(() =>
    createAbuseGuard({ ...options(), redis: { url: redis.url, token: TOKEN } }),
  );
  if (!one || !two) throw new Error('no guards');
  for (let i = 0; i < 5; i++) await one.noteFailure('203.0.113.1');
  expect(one.heldOffSeconds('203.0.113.1')).toBe(0);
  await one.noteFailure('203.0.113.1');
  expect(one.heldOffSeconds('203.0.113.1')).toBeGreaterThan(0);
  await two.noteFailure('203.0.113.1');
  expect(two.heldOffSeconds('203.0.113.1')).toBeGreaterThan(0);
  expect(one.heldOffSeconds('203.0.113.2')).toBe(0);
});

it('fails open, and says so, when Redis is out of reach', async () => {
  const guard = createAbuseGuard({ ...options(), redis: { url: 'http://127.0.0.1:9', token: TOKEN } });
  await guard.noteFailure('203.0.113.3');
  expect(guard.heldOffSeconds('203.0.113.3')).toBe(0);
  expect(lines.some(({ message }) => String(message).startsWith('abuse guard'))).toBe(true);
});

it('on the running gateway: strangers get 429 after a while, a known key from the same address does not', async () => {
  const key = await makeKey((await makePartner()).id);
  const cold = await makeKey((await makePartner()).id);
  expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
  const statuses = await inParallel(900, 30, async () => {
    const stranger = newBearerKey('live', (length) => randomBytes(length));
    return (await call('/v2/routes/list', { key: stranger, headers: { 'x-test-edge': 'guarded' } })).status;
  });
  expect(statuses.filter((status) => status === 401).length).toBeLessThan(900);
  expect(statuses.every((status) => status === 401 || status === 429)).toBe(true);
  const held = await call('/v2/routes/list', { key: cold.secret, headers: { 'x-test-edge': 'guarded' } });
  expect([held.status, held.json.error]).toEqual([429, 'rate_limit_exceeded']);
  expect(Number(held.headers['retry-after'])).toBeGreaterThan(0);
  expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
});
