import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInRanges, isRange } from '../../src/core/ip-list.ts';
import { openEnvelope, rewrapEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts';
import { createKeyDirectory, type RecordCache } from '../../src/keys/key-directory.ts';
import {
  checksum,
  displayPrefix,
  isWellFormedBearer,
  newBearerKey,
  newSigningId,
  newSigningSecret,
  parseSigned,
  shownPrefix,
} from '../../src/keys/key-format.ts';
import { type KeyRecord, unusable } from '../../src/keys/key-record.ts';
import { keyState } from '../../src/keys/key-state.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';

const random = (length: number) => randomBytes(length);

describe('bearer keys', () => {
  it('have 190 bits, a checksum that holds, and 8 characters that may be shown', async () => {
    for (let i = 0; i < 50; i++) {
      const key = newBearerKey('live', random);
      expect(key).toMatch(/^pk_live_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/);
      expect(await isWellFormedBearer(key)).toBe(true);
      expect(displayPrefix(key)).toBe(`${key.slice(0, 16)}...`);
    }
  });

  it('any one character changed breaks the checksum', async () => {
    const key = newBearerKey('test', random);
    for (let i = 0; i < key.length; i++) {
      const changed = key.slice(0, i) + (key[i] === 'x' ? 'y' : 'x') + key.slice(i + 1);
      expect(await isWellFormedBearer(changed)).toBe(false);
    }
  });

  it('the checksum is CRC-32: its published check value', () => {
    // CRC-32("123456789") = 0xCBF43926 = 3,421,780,262
    const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = [...checksum('123456789')].reduce((sum, letter) => sum * 62 + letters.indexOf(letter), 0);
    expect(value).toBe(0xcbf43926);
  });

  it('of the deployed original keep working', async () => {
    const body = 'ab'.repeat(32);
    const sum = createHash('sha256').update(body).digest('hex').slice(0, 4);
    expect(await isWellFormedBearer(`pk_live_${body}_${sum}`)).toBe(true);
    expect(await isWellFormedBearer(`pk_live_${body}_${sum === '0000' ? '0001' : '0000'}`)).toBe(false);
    expect(await isWellFormedBearer(`pk_live_${'ab'.repeat(24)}`)).toBe(true);
    for (const wrong of [
      `pk_test_${'ab'.repeat(24)}`,
      `pk_live_${'ab'.repeat(23)}`,
      `pk_live_${'AB'.repeat(24)}`,
    ])
      expect(await isWellFormedBearer(wrong)).toBe(false);
  });

  it('nothing else is one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await isWellFormedBearer(text)).toBe(false);
      }),
    );
  });
});

describe('signed requests', () => {
  it('the header is id:hex', () => {
    const id = newSigningId('live', random);
    expect(parseSigned(`${id}:${'a'.repeat(64)}`)).toEqual({ id, signature: 'a'.repeat(64) });
    for (const wrong of [
      '',
      id,
      `${id}:`,
      `${id}:zz`,
      `pk_x:${'a'.repeat(64)}`,
      `${id}:${'a'.repeat(63)}`,
      `${id}:${'a'.repeat(1000)}`,
    ]) {
      expect(parseSigned(wrong)).toBeUndefined();
    }
  });
});

describe('envelopes', () => {
  const key = () => randomBytes(32).toString('base64');
  const old = { current: 'k1', keys: { k1: key() } };
  const both = { current: 'k2', keys: { ...old.keys, k2: key() } };

  it('open with their key and context only', async () => {
    const secret = newSigningSecret('live', random);
    const envelope = await sealEnvelope(old, secret, 'ak_1');
    expect(envelope).not.toContain(secret);
    expect(await openEnvelope(old, envelope, 'ak_1')).toBe(secret);
    await expect(openEnvelope(old, envelope, 'ak_2')).rejects.toThrow();
    await expect(openEnvelope({ current: 'k1', keys: { k1: key() } }, envelope, 'ak_1')).rejects.toThrow();
    await expect(openEnvelope({ current: 'k9', keys: { k9: key() } }, envelope, 'ak_1')).rejects.toThrow(
      /k1 is not configured/,
    );
  });

  it('are rewrapped when the key-encryption key is rotated', async () => {
    const envelope = await sealEnvelope(old, 'secret', 'ak_1');
    const fresh = await rewrapEnvelope(both, envelope, 'ak_1');
    expect(fresh).toMatch(/^v1\.k2\./);
    const newOnly = { current: 'k2', keys: { k2: both.keys.k2 ?? '' } };
    expect(await openEnvelope(newOnly, fresh, 'ak_1')).toBe('secret');
  });
});

describe('address lists', () => {
  it.for([
    ['203.0.113.9', ['203.0.113.0/24'], true],
    ['203.0.114.9', ['203.0.113.0/24'], false],
    ['203.0.113.9', ['203.0.113.9'], true],
    ['::ffff:203.0.113.9', ['203.0.113.0/24'], true],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32', '10.0.0.0/8'], false],
    ['10.1.2.3', ['0.0.0.0/0'], true],
    ['', ['0.0.0.0/0'], false],
    ['10.1.2.3', [], false],
  ] as const)('%s in %j: %s', ([address, ranges, expected]) =>
    expect(isInRanges(address, ranges)).toBe(expected),
  );
  it('a range is an address or a CIDR', () => {
    expect(['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'].every(isRange)).toBe(true);
    expect(['', 'x', '10.0.0.0/33', '10.0.0.0/'].some(isRange)).toBe(false);
  });

  it.for([
    '1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '010.0.0.1',
    '1.2.3.4.5',
    '256.0.0.1',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '１.2.3.4',
    'fe80::1%eth0',
    'fe80::1%25eth0',
    '::ffff:10.0.0.1',
    '[::1]',
    '10.0.0.1/8',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '2001:db8::1/32',
    '::/129',
    '10.0.0.0/255.0.0.0',
  ])('%j is no range', (text) => {
    expect(isRange(text)).toBe(false);
  });
});

describe('key directory', () => {
  const lookup = { by: 'hash' as const, value: 'h' };
  const record = (loadedMs: number) => ({ id: 'k', loadedMs }) as KeyRecord;
  function setUp() {
    const clock = { nowMs: 1_000_000 };
    const reads = { kv: 0, store: 0 };
    const faults = { storeDown: false };
    const kept = new Map<string, KeyRecord>();
    let present = true;
    const kv: RecordCache = {
      get: async (key) => {
        reads.kv++;
        return kept.get(key) ?? null;
      },
      put: async (key, value) => void kept.set(key, value),
      delete: async (key) => void kept.delete(key),
    };
    const store = {
      find: async () => {
        reads.store++;
        await Promise.resolve();
        if (faults.storeDown) throw new Error('down');
        return present ? record(clock.nowMs) : undefined;
      },
    } as unknown as KeyStore;
    const background: Promise<unknown>[] = [];
    const directory = createKeyDirectory(store, kv, () => clock.nowMs);
    const find = () => directory.find(lookup, (work) => background.push(work));
    return { clock, reads, faults, kept, find, background, directory, forgetAll: () => (present = false) };
  }

  it('reads nothing for a warm key; callers of a cold one each read for themselves, and wait for nobody else', async () => {
    const { find, reads } = setUp();
    await Promise.all([find(), find(), find()]);
    for (let i = 0; i < 10; i++) await find();
    expect(reads).toEqual({ kv: 3, store: 3 });
  });

  it('reads KV again behind the request after a minute, and before it after 110 s; the database once an hour', async () => {
    const { find, reads, clock, background } = setUp();
    await find();
    clock.nowMs += 61_000;
    expect(await find()).toMatchObject({ from: 'memory' });
    await Promise.all(background);
    expect(reads).toEqual({ kv: 2, store: 1 });
    clock.nowMs += 200_000;
    expect(await find()).toMatchObject({ from: expect.not.stringMatching('memory') });
    expect(reads).toEqual({ kv: 3, store: 1 });
    clock.nowMs += 3_600_000;
    expect(await find()).toMatchObject({ from: expect.not.stringMatching('memory') });
    expect(reads).toEqual({ kv: 4, store: 2 });
  });

  it('serves stale records while the database is down, without asking it each time', async () => {
    const { find, reads, clock, faults } = setUp();
    await find();
    faults.storeDown = true;
    clock.nowMs += 3_600_000;
    for (let i = 0; i < 20; i++) expect(await find()).toMatchObject({ record: { id: 'k' } });
    expect(reads.store).toBe(2);
  });

  it('does not call a key bad that it cannot look up', async () => {
    const { find, faults } = setUp();
    faults.storeDown = true;
    expect(await find()).toBe('unavailable');
  });

  it('remembers for a while that a key is unknown', async () => {
    const { find, reads, clock, forgetAll } = setUp();
    forgetAll();
    for (let i = 0; i < 5; i++) expect(await find()).toMatchObject({ record: undefined });
    expect(reads.store).toBe(1);
    clock.nowMs += 31_000;
    await find();
    expect(reads.store).toBe(2);
  });
});

describe('the state of a key', () => {
  const good = {
    isActive: true,
    isQuarantined: false,
    isAppArchived: false,
    expiresMs: null,
    environment: 'live',
    partnerStatus: 'active',
  } as const;

  it.each([
    ['active', {}],
    ['active', { expiresMs: 1001 }],
    ['expired', { expiresMs: 1000 }],
    ['app_archived', { isAppArchived: true, expiresMs: 1 }],
    ['quarantined', { isQuarantined: true, isAppArchived: true }],
    ['revoked', { isActive: false, isQuarantined: true, expiresMs: 1 }],
    ['partner_not_active', { partnerStatus: 'suspended' }],
    ['partner_not_active', { partnerStatus: 'sandbox_only' }],
    ['active', { partnerStatus: 'sandbox_only', environment: 'test' }],
    ['partner_not_active', { partnerStatus: 'suspended', environment: 'test' }],
  ] as const)('is %s with %j, and the gateway logs no other', (state, facts) => {
    expect(keyState({ ...good, ...facts }, 1000)).toBe(state);
    const record = { ...good, ...facts, secrets: [] } as Partial<KeyRecord> as KeyRecord;
    expect(unusable(record, undefined, 1000) ?? 'active').toBe(state);
  });
});

it('a signing key is shown by what stands in programs, its id; any other by the beginning of its secret', () => {
  const id = newSigningId('test', (length) => new Uint8Array(length));
  const keyPrefix = displayPrefix(newSigningSecret('test', (length) => new Uint8Array(length)));
  expect(shownPrefix({ kind: 'signing', keyId: id, keyPrefix })).toMatch(/^ak_test_.{8}\.\.\.$/);
  expect(shownPrefix({ kind: 'bearer', keyId: id, keyPrefix })).toBe(keyPrefix);
});
