// What an import from the original brings, and what it leaves alone.

import { describe, expect, it } from 'vitest';
import { planImport } from '../../src/partners/import-plan.ts';
import { importReport } from '../../src/partners/import-report.ts';
import type { Here, Original, OriginalUse, TierHere } from '../../src/partners/import-sides.ts';
import { useByDay } from '../../src/partners/import-use.ts';

const TODAY_MS = Date.parse('2026-11-20T10:00:00Z');
const ID = '00000000-0000-4000-8000-000000000001';
const KEY_ID = '00000000-0000-4000-8000-0000000000a1';

const tier = (changes: Partial<TierHere> = {}): TierHere => ({
  tier: 'free',
  priceCents: 0,
  second: 2,
  day: 1000,
  month: 30_000,
  features: { support: 'community' },
  maxKeys: 2,
  burst: 600,
  sustained: 100,
  keyDay: 1_000_000,
  partners: 0,
  ...changes,
});
const partner = (changes: Partial<Original['partners'][number]> = {}): Original['partners'][number] => ({
  id: ID,
  name: 'A',
  email: 'a@example.com',
  company: null,
  status: 'active',
  tier: 'free',
  second: 2,
  day: 1000,
  month: 30_000,
  origins: null,
  webhookUrl: null,
  createdAt: '2026-01-01 00:00:00+00',
  lastActiveAt: null,
  contactName: null,
  contactPhone: null,
  billingEmail: null,
  billingAddress: null,
  ...changes,
});
const key = (changes: Partial<Original['keys'][number]> = {}): Original['keys'][number] => ({
  id: KEY_ID,
  partnerId: ID,
  hash: 'a'.repeat(64),
  prefix: 'pk_live_aaaaaaaa...',
  name: 'K',
  description: null,
  scopes: ['read:routes'],
  isActive: true,
  createdAt: '2026-01-01 00:00:00+00',
  expiresAt: null,
  lastUsedAt: null,
  ips: null,
  ...changes,
});
const plan = (original: Partial<Original>, here: Partial<Here> = {}) =>
  planImport(
    { tiers: [], partners: [], keys: [], use: [], ...original },
    {
      tiers: [tier()],
      partners: [],
      keys: [],
      use: [],
      scopes: ['read:routes', 'keys:write'],
      scopesOfAll: ['read:routes', 'read:stops', 'keys:write'],
      ...here,
    },
    TODAY_MS,
  );
const use = (period: OriginalUse['period'], start: string, calls: number, failed = 0): OriginalUse => ({
  partnerId: ID,
  period,
  start,
  calls,
  failed,
});

describe('tiers', () => {
  const dearer = { ...tier(), priceCents: 900, features: { webhooks: true, max_api_keys: 5 } };

  it('without a partner here are as they were there', () => {
    expect(plan({ tiers: [dearer] }).tiers).toMatchObject([
      {
        tier: 'free',
        isNew: false,
        priceCents: 900,
        maxKeys: 5,
        features: { support: 'community', webhooks: true },
      },
    ]);
  });

  it('with partners here stay, and it is said how they differ', () => {
    const { tiers, kept, noted } = plan({ tiers: [dearer] }, { tiers: [tier({ partners: 1 })] });
    expect([tiers, kept.tiers]).toEqual([[], 1]);
    expect(noted).toEqual([
      {
        who: 'tier free',
        what: 'stays as it is here: priceCents 0, there 900; maxKeys 2, there 5; features.webhooks',
      },
    ]);
  });

  it('that are the same are no change', () => {
    expect(plan({ tiers: [tier()] })).toMatchObject({ tiers: [], kept: { tiers: 1 }, noted: [] });
  });
});

describe('partners', () => {
  it.each([
    [0, -1],
    [-1, -1],
    [-7, -1],
    [5, 5],
  ])('a limit of %i there is %i here', (there, here) => {
    const [move] = plan({ partners: [partner({ second: there, day: there, month: there })] }).moves;
    expect(move?.partner).toMatchObject({ second: here, day: here, month: here, hasOwnLimits: true });
  });

  it.each([
    [null, ['*']],
    [[], ['*']],
    [['https://a.example'], ['https://a.example']],
  ])('origins %j are %j', (there, here) => {
    expect(plan({ partners: [partner({ origins: there })] }).moves[0]?.partner?.origins).toEqual(here);
  });

  it('limits of the tier are no limits of its own', () => {
    expect(plan({ partners: [partner()] }).moves[0]?.partner?.hasOwnLimits).toBe(false);
  });

  it.each([
    [{ status: 'frozen' }, {}, 'its status "frozen" is unknown here. Its keys stay with it: 1'],
    [{ tier: 'gold' }, {}, 'its tier "gold" is neither there nor here. Its keys stay with it: 1'],
    [
      {},
      { partners: [{ ...partner(), id: 'other' }] },
      'its address is that of another partner here, other. Its keys stay with it: 1',
    ],
  ])('%j beside %j is refused', (changes, here, what) => {
    const { moves, refused } = plan({ partners: [partner(changes)], keys: [key()] }, here);
    expect(moves).toEqual([]);
    expect(refused).toEqual([{ who: expect.stringContaining(ID), what }]);
  });

  it('who is here stays as it is here, and is said to differ', () => {
    const { moves, kept, noted } = plan({ partners: [partner()] }, { partners: [partner({ day: 5 })] });
    expect([moves, kept.partners]).toEqual([[], 1]);
    expect(noted[0]?.what).toBe(
      'stays as it is here: active, free, 2/s, 5/day, 30000/month; there active, free, 2/s, 1000/day, 30000/month',
    );
  });
});

describe('keys', () => {
  it('keep what they could do: all of the API, and making keys', () => {
    const { moves, noted } = plan({ partners: [partner()], keys: [key({ scopes: ['*', 'read:routes'] })] });
    expect(moves[0]?.keys[0]?.scopes).toEqual(['read:routes', 'read:stops', 'keys:write']);
    expect(noted).toEqual([
      { who: expect.stringContaining(KEY_ID), what: 'scopes that nothing here asks for: *' },
    ]);
  });

  it.each([
    [{ second: 1 }, { burst: null, sustained: null, day: null }],
    [{ second: 2 }, { burst: null, sustained: 120, day: null }],
    [
      { second: 700, day: 2_000_000 },
      { burst: 700, sustained: 42_000, day: 2_000_000 },
    ],
    [
      { second: 0, day: 0 },
      { burst: -1, sustained: -1, day: -1 },
    ],
  ])('of a partner with %j have %j: never less than their partner had', (limits, own) => {
    expect(plan({ partners: [partner(limits)], keys: [key()] }).moves[0]?.keys[0]).toMatchObject(own);
  });

  it.each([
    [{ prefix: 'sk_live_x' }, [], 'its prefix does not begin with pk_live_ or pk_test_'],
    [{ hash: 'x' }, [], 'its hash is no SHA-256 in hex'],
    [{}, [{ ...key(), id: 'other' }], 'its hash is that of another key here: the same secret'],
    [{}, [{ ...key(), partnerId: 'other' }], 'its id is that of a key of partner other here'],
  ])('%j beside %j is refused', (changes, keys, what) => {
    const { moves, refused } = plan({ partners: [partner()], keys: [key(changes)] }, { keys });
    expect(moves[0]?.keys).toEqual([]);
    expect(refused).toEqual([{ who: expect.stringContaining(KEY_ID), what }]);
  });

  it('that were rolled here stay; that were revoked there are revoked here, and never the other way', () => {
    const there = { partners: [partner()] };
    const here = (isActive: boolean) => ({
      partners: [partner()],
      keys: [{ ...key(), hash: 'b'.repeat(64), isActive }],
    });
    expect(plan({ ...there, keys: [key()] }, here(true))).toMatchObject({ moves: [], kept: { keys: 1 } });
    expect(plan({ ...there, keys: [key()] }, here(false))).toMatchObject({ moves: [], kept: { keys: 1 } });
    const { moves } = plan({ ...there, keys: [key({ isActive: false })] }, here(true));
    expect(moves).toMatchObject([{ keys: [], revoked: [KEY_ID] }]);
  });
});

describe('the use of the month', () => {
  const byDay = (...rows: OriginalUse[]) =>
    useByDay(ID, rows, TODAY_MS).map(({ day, units, failed }) => [day, units, failed]);

  it('is that of its days, and what the month has beyond them on its first', () => {
    expect(
      byDay(
        use('monthly', '2026-11-01', 100, 9),
        use('daily', '2026-11-19', 30, 2),
        use('daily', '2026-11-20', 10),
      ),
    ).toEqual([
      ['2026-11-01', 60, 7],
      ['2026-11-19', 30, 2],
      ['2026-11-20', 10, 0],
    ]);
  });

  it('is that of its days where they have more', () => {
    expect(byDay(use('monthly', '2026-11-01', 5), use('daily', '2026-11-20', 8))).toEqual([
      ['2026-11-20', 8, 0],
    ]);
  });

  it('is of no other month; a day that has not begun here is today', () => {
    expect(
      byDay(
        use('monthly', '2026-10-01', 70),
        use('daily', '2026-10-31', 7),
        use('daily', '2026-11-21', 3),
        use('daily', '2026-12-01', 9),
      ),
    ).toEqual([['2026-11-20', 3, 0]]);
  });

  it('is counted as far as it was not yet, and never taken back', () => {
    const there = { partners: [partner()], use: [use('daily', '2026-11-20', 10, 3)] };
    const here = (units: number) => ({
      partners: [partner()],
      use: [{ partnerId: ID, day: '2026-11-20', units, failed: 1 }],
    });
    expect(plan(there, here(4)).moves[0]?.use).toMatchObject([{ units: 10, moreUnits: 6, moreFailed: 2 }]);
    expect(plan(there, here(10))).toMatchObject({ moves: [], kept: { units: 10 }, noted: [] });
    const { moves, noted } = plan(there, here(12));
    expect([moves, noted[0]?.what]).toEqual([
      [],
      '2026-11-20 had 12 calls when it was imported, and now 10: the more counts',
    ]);
  });

  it('of more than an event can hold is refused', () => {
    const { moves, refused } = plan({
      partners: [partner()],
      use: [use('daily', '2026-11-20', 3_000_000_000)],
    });
    expect(moves[0]?.use).toEqual([]);
    expect(refused[0]?.what).toBe('3000000000 calls in a day');
  });
});

it('the report counts what is moved and lists what is not', () => {
  const planned = plan({
    partners: [partner(), partner({ id: 'b', email: 'b@example.com', tier: 'gold' })],
    keys: [key()],
    use: [use('daily', '2026-11-20', 12_345)],
  });
  expect(importReport(planned, [{ who: 'partner c', what: 'the database says no' }], false)).toBe(`Imported:

tiers                          0 moved           0 here already
partners                       1 moved           0 here already
keys                           1 moved           0 here already
calls of 2026-11          12,345 moved           0 here already

Refused:
  partner b (b@example.com): its tier "gold" is neither there nor here. Its keys stay with it: 0
  partner c: the database says no`);
});
