// What stands before every door, by itself: by which address one is counted, rates, allowances' neighbours, words.

import { describe, expect, it } from 'vitest';
import { createSignInGuard } from '../../src/accounts/sign-in-guard.ts';
import { fromWhere } from '../../src/keys/admission.ts';
import { MAILS } from '../../src/mail/texts.ts';
import { createAbuseGuard } from '../../src/platform/abuse-guard.ts';
import { countedAddress } from '../../src/platform/counted-address.ts';
import { createDoorRates, DOOR_RATES } from '../../src/platform/door-rates.ts';
import { isFromHere } from '../../src/web/same-origin.ts';
import { createWaker } from '../../src/webhooks/waker.ts';

describe('the counted address', () => {
  it.for([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:0:0:0:0/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2:0:0:0:0/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3:0:0:0:0/64'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/64'],
    ['::1', '0:0:0:0:0:0:0:0/64'],
    ['', 'unknown'],
    [':::', 'unknown'],
    [null, 'unknown'],
  ] as const)('of %s is %s', ([ip, counted]) => {
    expect(countedAddress(ip)).toBe(counted);
  });

  it('is one for a whole /64, at the abuse guard and at sign-in', async () => {
    const counted: string[] = [];
    const counter = { limit: async ({ key }: { key: string }) => ({ success: counted.push(key) === 0 }) };
    const guard = createAbuseGuard({
      binding: counter,
      failuresPerMinute: 1,
      now: () => 0,
      log: () => undefined,
    });
    await guard.noteFailure('2001:db8:1:2::1');
    expect(guard.heldOffSeconds('2001:db8:1:2::ffff')).toBe(60);
    expect(guard.heldOffSeconds('2001:db8:1:3::ffff')).toBe(0);
    const signIn = createSignInGuard({ counter, secret: 's', log: () => undefined });
    for (const host of ['1', '2', '3']) await signIn.allows('sign-in', { ip: `2001:db8:9:9::${host}` });
    expect(new Set(counted.slice(1))).toEqual(new Set(['sign-in:2001:db8:9:9:0:0:0:0/64']));
  });
});

it('a key that may not be used holds off itself at that address, and no neighbour', async () => {
  const counter = { limit: async () => ({ success: false }) };
  const guard = createAbuseGuard({
    binding: counter,
    failuresPerMinute: 1,
    now: () => 0,
    log: () => undefined,
  });
  await guard.noteFailure('192.0.2.7', 'revoked');
  expect(guard.heldOffSeconds('192.0.2.7', 'revoked')).toBe(60);
  expect([guard.heldOffSeconds('192.0.2.7'), guard.heldOffSeconds('192.0.2.7', 'good')]).toEqual([0, 0]);
});

describe('a rate', () => {
  it('lets a burst pass, then as many as it says, and says how long to wait', () => {
    let nowMs = 0;
    const rates = createDoorRates(() => nowMs);
    const { burst, sustained } = DOOR_RATES.refused;
    const passed = (calls: number) =>
      Array.from({ length: calls }, () => rates.wait('refused', 'a')).filter((wait) => wait === 0).length;
    expect(passed(burst + 50)).toBe(burst);
    nowMs = 30_000;
    expect(passed(sustained)).toBe(Math.min(burst, sustained / 2));
    expect(rates.wait('refused', 'a')).toBe(1);
    expect(rates.wait('refused', 'b')).toBe(0);
    expect(() => rates.take('refused', 'a')).toThrow('Too many requests');
  });

  it('of 10,000 subjects is remembered, and no more', () => {
    const rates = createDoorRates(() => 0);
    for (let i = 0; i < DOOR_RATES.audit.burst; i++) rates.take('audit', 'first');
    expect(rates.wait('audit', 'first')).toBeGreaterThan(0);
    for (let i = 0; i < 10_001; i++) rates.wait('address', String(i));
    expect(rates.wait('audit', 'first')).toBe(0);
  });
});

describe('the sign-in guard', () => {
  /** Two tries for each key. */
  const twoEach = () => {
    const tries = new Map<string, number>();
    return {
      limit: async ({ key }: { key: string }) => {
        tries.set(key, (tries.get(key) ?? 0) + 1);
        return { success: (tries.get(key) ?? 0) <= 2 };
      },
    };
  };

  it('counts by address alone: what strangers do elsewhere keeps nobody out; a known device has its own tries', async () => {
    const lines: unknown[] = [];
    const guard = createSignInGuard({ counter: twoEach(), secret: 's', log: (line) => lines.push(line) });
    const email = 'awa@example.com';
    for (let i = 0; i < 5; i++) {
      await guard.allows('sign-in', { ip: '192.0.2.1', email });
      await guard.allows('mail', { ip: '192.0.2.1', email });
      await guard.noteFailure(email);
    }
    expect(lines).toContainEqual(expect.objectContaining({ message: 'sign-in is being guessed' }));
    expect(await guard.allows('sign-in', { ip: '192.0.2.1', email })).toBe(false);
    expect(await guard.allows('sign-in', { ip: '192.0.2.2', email })).toBe(true);
    const device = await guard.deviceOf(email);
    expect(await guard.allows('sign-in', { ip: '192.0.2.1', email, device })).toBe(true);
    // A device is of one account, and made by us.
    const other = 'other@example.com';
    expect(await guard.allows('sign-in', { ip: '192.0.2.1', email: other, device })).toBe(false);
    expect(await guard.allows('sign-in', { ip: '192.0.2.1', email, device: 'x'.repeat(43) })).toBe(false);
    // Nor does it have more tries than anybody.
    await guard.allows('sign-in', { ip: '192.0.2.3', email, device });
    expect(await guard.allows('sign-in', { ip: '192.0.2.4', email, device })).toBe(false);
  });

  it('asks for mails and looks up tokens on other counts than it signs in', async () => {
    const guard = createSignInGuard({ counter: twoEach(), secret: 's', log: () => undefined });
    for (let i = 0; i < 5; i++) await guard.allows('mail', { ip: '192.0.2.1' });
    expect(await guard.allows('sign-in', { ip: '192.0.2.1' })).toBe(true);
    expect(await guard.allows('token', { ip: '192.0.2.1' })).toBe(true);
  });
});

it('a key is used from where its owner allows, and with an origin that its owner lists', () => {
  const record = { ipLists: [['198.51.100.0/24'], ['198.51.100.7']], origins: ['https://app.example.com'] };
  const ask = (ip: string, origin: string | null) => fromWhere(record, ip, origin)?.denied;
  expect(ask('198.51.100.7', null)).toBeUndefined();
  expect(ask('198.51.100.7', 'https://app.example.com')).toBeUndefined();
  expect(ask('198.51.100.8', null)).toBe('ip_not_allowed');
  expect(ask('', null)).toBe('ip_not_allowed');
  expect(ask('198.51.100.7', 'https://evil.example')).toBe('origin_not_allowed');
});

it.for([
  ['GET', {}, true],
  ['POST', {}, false],
  ['POST', { origin: 'https://p.example' }, true],
  ['POST', { origin: 'https://evil.example' }, false],
  ['POST', { origin: 'null' }, false],
  ['POST', { 'sec-fetch-site': 'same-origin' }, true],
  ['POST', { 'sec-fetch-site': 'none' }, false],
  ['POST', { 'sec-fetch-site': 'same-site' }, false],
  ['POST', { 'sec-fetch-site': 'cross-site' }, false],
  ['POST', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
] as const)('%s with %o comes from our own page: %s', ([method, headers, expected]) => {
  const request = new Request('https://p.example/x', { method, headers });
  expect(isFromHere(request, 'https://p.example')).toBe(expected);
});

it('webhooks are woken at once, then once a second, whatever is changed', async () => {
  let nowMs = 0;
  const sent: number[] = [];
  const { wake } = createWaker({
    send: async (delay) => sent.push(delay),
    sendAhead: async () => undefined,
    now: () => nowMs,
    log: () => undefined,
  });
  for (; nowMs < 3000; nowMs += 10) await wake();
  expect(sent).toEqual([0, 1, 1, 1]);
  nowMs = 60_000;
  await wake();
  expect(sent).toEqual([0, 1, 1, 1, 0]);
});

it('a change is announced a second later, also when its request dies: one message for half a second of them', async () => {
  let nowMs = 0;
  const sent: [atMs: number, delay: number][] = [];
  const { carryOn } = createWaker({
    send: async () => undefined,
    sendAhead: async (delay) => sent.push([nowMs, delay]),
    now: () => nowMs,
    log: () => undefined,
  });
  for (; nowMs < 1200; nowMs += 100) await carryOn();
  expect(sent).toEqual([
    [0, 1],
    [500, 1],
    [1000, 1],
  ]);
});

it('whom a queue failed is woken by the next change', async () => {
  const lines: unknown[] = [];
  let fails = true;
  let sent = 0;
  const send = async () => {
    if (fails) throw new Error('down');
    sent++;
  };
  const { wake } = createWaker({ send, sendAhead: send, now: () => 0, log: (line) => lines.push(line) });
  await wake();
  fails = false;
  await wake();
  expect([lines.length, sent]).toEqual([1, 1]);
});

describe('a mail that anybody can have sent to anybody', () => {
  const name = 'Claim your prize at evil.example';
  it.for(
    (['verify', 'reset', 'alreadyHere', 'invitation'] as const).flatMap((kind) => [
      [kind, 'en'] as const,
      [kind, 'fr'] as const,
    ]),
  )('%s in %s says nothing that somebody typed before the link', ([kind, language]) => {
    const { subject, body } = MAILS[kind][language]({ product: 'P', name, url: 'https://p.example/x' });
    expect(subject).not.toContain(name);
    const link = body.findIndex((part) => typeof part !== 'string');
    expect(JSON.stringify(body.slice(0, link))).not.toContain(name);
  });
});
