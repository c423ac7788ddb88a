// Simulations as they are asked for: without other settings they are what happened, of the demo and of random histories that were
// folded; with others, what the counters and the naive biller make of the same calls. And what they cannot know, they say.

import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillingStore } from '../../src/billing/billing-store.ts';
import { createPlanService } from '../../src/billing/plan-service.ts';
import { DAY_MS, isoDay, monthStart } from '../../src/core/time.ts';
import type { KeyLimits } from '../../src/limits/limit.ts';
import type { Settings } from '../../src/simulator/history.ts';
import type { Total } from '../../src/simulator/simulation.ts';
import type { Trial } from '../../src/simulator/simulation-service.ts';
import { createSimulations } from '../../src/simulator/simulations.ts';
import { foldingOf } from '../../src/usage/folding.ts';
import type { UsageEvent } from '../../src/usage/usage-event.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import { call, developerToken, makePartner, query, stack } from '../support/api.ts';
import { usageEventOf } from '../support/events.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf, operatorSignedIn } from '../support/portal.ts';
import {
  type Drawn,
  END,
  type Happened,
  happen,
  historyOf,
  MONTH,
  naiveInvoice,
  START,
  settingsOf,
  type Wish,
} from '../support/simulated-history.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const simulationOf = async (partnerId: string, asked: Record<string, string> = {}) => {
  const answer = await call(
    `/api/admin/partners/${partnerId}/simulation?${new URLSearchParams(asked)}`,
    operator,
  );
  expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.any(String)]);
  return answer.json;
};

describe("the demo's months", () => {
  const months = [3, 2, 1].map((ago) => isoDay(monthStart(Date.now(), -ago)));
  const partners = { first: stack.demo.partner.id, enterprise: stack.demo.enterprisePartner.id };

  it.each(months.flatMap((month) => Object.keys(partners).map((name) => [month, name] as const)))(
    '%s of %s is what was counted and billed, to the unit and the minor unit',
    async (month, name) => {
      const id = partners[name as keyof typeof partners];
      const [recorded] = await query(
        `SELECT (SELECT units::int FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly' AND period_start = $2) AS units,
           (SELECT jsonb_object_agg(period_start::text, units) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily'
             AND period_start >= $2::date AND period_start < $2::date + interval '1 month') AS days,
           (SELECT billed FROM billing_period WHERE partner_id = $1 AND period_start = $2) AS billed,
           (SELECT sum(l.amount_minor)::int FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
             WHERE i.partner_id = $1 AND i.period_start = $2 AND i.kind = 'invoice' AND l.kind <> 'adjustment') AS invoiced`,
        [id, month],
      );
      const found = await simulationOf(id, { month: month.slice(0, 7) });
      expect(found.simulated).toEqual(found.happened);
      expect(found.simulated.units).toBe(recorded?.units);
      const used = found.days.filter(
        ({ simulated }: { simulated: { units: number } }) => simulated.units > 0,
      );
      expect(
        Object.fromEntries(
          used.map((day: { day: string; simulated: { units: number } }) => [day.day, day.simulated.units]),
        ),
      ).toEqual(recorded?.days);
      // Of the second month, calls came late: what was asked for on the next invoice is of this month.
      const sums: Record<string, number> = {};
      for (const { currency, subtotal_minor } of found.simulated.invoices) sums[currency] = subtotal_minor;
      expect(sums).toEqual(recorded?.billed);
      if (found.late_units === 0) expect(Object.values(sums)[0]).toBe(recorded?.invoiced);
      expect(found.late_units).toBe(name === 'enterprise' && month === months[1] ? 4000 : 0);
      expect(new Set(used.map(({ basis }: { basis: string }) => basis))).toEqual(new Set(['not_kept']));
      expect(found.days.at(-1).simulated.cost_so_far).toEqual(sums);
    },
  );

  it('the last thirty days are what happened, too', async () => {
    const found = await simulationOf(partners.first);
    expect(found.days.length).toBe(30);
    expect(found.simulated).toEqual(found.happened);
  });
});

const KEY: KeyLimits = { burst: 4, sustained: 600, day: -1, month: -1, overage: 'block' };
/** `francs`: a month, and 1,000 units beyond it. */
const PLANS = {
  'plan-0': {
    second: 3,
    day: 9,
    month: 20,
    price: 4900,
    per1000: 20_000,
    burst: 4,
    francs: [32_000, 130_000],
  },
  'plan-1': {
    second: 6,
    day: 14,
    month: 40,
    price: 19_900,
    per1000: 9000,
    burst: 7,
    francs: [130_000, 59_000],
  },
} as const;
const KEY_NAMES = ['one', 'two'];
const settingsOn = (tier: keyof typeof PLANS, over: Partial<Drawn> = {}, currency = 'EUR'): Settings => {
  const { burst, francs, ...plan } = PLANS[tier];
  const [price, per1000] = currency === 'XOF' ? francs : [plan.price, plan.per1000];
  const drawn = { ...plan, price, per1000, action: 'charge' as const, cap: null, ...over };
  const keys = new Map(KEY_NAMES.map((name) => [name, { ...KEY, burst }]));
  const settings = settingsOf([[START, drawn]], keys, currency);
  return { ...settings, terms: settings.terms.map((each) => ({ ...each, tier })), ratesOf: () => drawn };
};
/** What is tried, and what comes of it. */
const TRIALS: [Trial, Settings][] = [
  [{}, settingsOn('plan-0')],
  // All that it has, said again.
  [
    {
      tier: 'plan-0',
      currency: 'EUR',
      perSecond: 3,
      perDay: 9,
      perMonth: 20,
      overageAction: 'charge',
      spendingCapMinor: null,
    },
    settingsOn('plan-0'),
  ],
  [{ tier: 'plan-1' }, settingsOn('plan-1')],
  [{ currency: 'XOF' }, settingsOn('plan-0', {}, 'XOF')],
  [{ tier: 'plan-1', currency: 'XOF', perSecond: 2 }, settingsOn('plan-1', { second: 2 }, 'XOF')],
  [{ spendingCapMinor: 60 }, settingsOn('plan-0', { cap: 60 })],
  [{ overageAction: 'block' }, settingsOn('plan-0', { action: 'block' })],
  [{ perDay: -1, perMonth: 10 }, settingsOn('plan-0', { day: -1, month: 10 })],
];

describe('histories that were folded', () => {
  let own: OwnDatabase;
  /** In the month after. */
  const now = () => END + 3 * DAY_MS;
  beforeAll(async () => {
    // Far from UTC: a day begins at its own midnight, wherever the session is.
    own = await openDatabaseOfItsOwn('simulator', 'Pacific/Auckland');
    await own.client.query(`SELECT ensure_usage_partitions(3)`);
    for (const [tier, { second, day, month, price, per1000, burst, francs }] of Object.entries(PLANS))
      await own.client.query(
        `INSERT INTO tier_config (tier, price_cents, overage_price_per_1000_cents, rate_limit_per_second, rate_limit_per_day,
           rate_limit_per_month, features, overage_actions, self_serve, sustained_limit, key_daily_quota, burst_limit, prices)
         VALUES ($1, $2, $3, $4, $5, $6, '{}', '{block,charge}', true, 600, -1, $7, $8)`,
        [
          tier,
          price,
          per1000,
          second,
          day,
          month,
          burst,
          { XOF: { price: francs[0], overage_per_1000: francs[1] } },
        ],
      );
  });
  afterAll(() => own.close());

  const services = () => {
    const { database } = own;
    const billingStore = createBillingStore(database);
    const quiet = async () => undefined;
    const notices = {
      planChanged: quiet,
      planAssigned: quiet,
      planUndone: quiet,
      priceChanged: async () => true,
    };
    const announce = async () => undefined;
    const plans = createPlanService({ database, store: billingStore, notices, announce, now });
    // Of many pages.
    const bounds = { callsAtOnce: 7, partners: { atOnce: 2, most: 3 } };
    return createSimulations({ database, billingStore, plans, now, bounds });
  };

  async function partnerOn(tier: keyof typeof PLANS): Promise<string> {
    const id = uuidv7();
    const { second, day, month } = PLANS[tier];
    await own.client.query(
      `INSERT INTO partner (id, name, email, tier, overage_action, tax_bps, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
       VALUES ($1::uuid, 'P', $1::uuid::text, $2, 'charge', 1800, $3, $4, $5)`,
      [id, tier, second, day, month],
    );
    await own.client.query('UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1', [
      id,
      new Date(START),
    ]);
    for (const name of KEY_NAMES)
      await own.client.query(
        `INSERT INTO api_key (id, key_id, key_hash, key_prefix, partner_id, name, environment, kind)
         VALUES (gen_random_uuid(), $1::text, $1::text, 'x', $2, 'K', 'live', 'bearer')`,
        [`${name}-${id}`, id],
      );
    return id;
  }

  const FAILED = {
    per_second: 'rate_limit_exceeded',
    burst: 'rate_limit_exceeded',
    per_day: 'daily_quota_exceeded',
  } as const;
  const failureOf = (outcome: string): Partial<UsageEvent> => {
    if (outcome === 'admitted') return {};
    if (outcome === 'returned') return { units: 0, status: 502, error: 'upstream_error' };
    const isCap = outcome === 'cap';
    return {
      units: 0,
      status: 429,
      error: FAILED[outcome as keyof typeof FAILED] ?? 'monthly_quota_exceeded',
      failure: {
        limit_type: isCap ? 'per_month' : (outcome as 'burst'),
        level: isCap ? 'cap' : 'partner',
        cost: 1,
      },
    };
  };
  /** With calls in between that no limit was asked of. */
  async function fold(id: string, { calls }: Happened): Promise<void> {
    const events = calls.map(({ atMs, keyId, units, outcome }) => ({
      ...usageEventOf(id, {
        id: uuidv7(),
        occurredMs: atMs,
        day: isoDay(atMs),
        keyId: `${keyId}-${id}`,
        units,
      }),
      ...failureOf(outcome),
      ...(outcome !== 'admitted' &&
        outcome !== 'returned' && { failure: { ...failureOf(outcome).failure, cost: units } }),
    }));
    const denied = events.map((event) => ({
      ...event,
      id: uuidv7(),
      units: 0,
      status: 403,
      error: 'insufficient_permissions',
    }));
    const test = events.map((event) => ({
      ...event,
      id: uuidv7(),
      environment: 'test',
      keyId: `${event.keyId}-test`,
    }));
    await createUsageStore(own.database).fold(
      foldingOf([{ id: uuidv7(), refusals: {}, events: [...events, ...denied, ...test] }]),
    );
  }

  const demand: fc.Arbitrary<Wish[]> = fc
    .array(
      fc.record({
        day: fc.constantFrom(0, 1, 9, 29),
        gaps: fc.array(
          fc.record({
            ms: fc.constantFrom(1, 40, 333, 900),
            keyId: fc.constantFrom('one', 'two'),
            fails: fc.constantFrom(false, false, false, true),
          }),
          { minLength: 5, maxLength: 25 },
        ),
      }),
      { minLength: 2, maxLength: 5 },
    )
    .map((bursts) =>
      bursts
        .flatMap(({ day, gaps }, i) => {
          let atMs = START + day * DAY_MS + i * 3_600_000;
          return gaps.map(({ ms, ...wish }) => {
            atMs += ms;
            return { ...wish, units: 1, atMs };
          });
        })
        .sort((a, b) => a.atMs - b.atMs),
    );
  const invoicesOf = (
    invoices: readonly { currency: string; subtotalMinor: number; taxMinor: number; totalMinor: number }[],
  ) =>
    invoices.map(({ currency, subtotalMinor: subtotal, taxMinor: tax, totalMinor: total }) => ({
      currency,
      subtotal,
      tax,
      total,
    }));

  function expectTotal({ units, refused, cost }: Total, expected: Happened, settings: Settings): void {
    const byReason: Record<string, number> = {};
    for (const [name, calls] of expected.refused) {
      const reason = name.slice('2026-11-01 '.length);
      byReason[reason] = (byReason[reason] ?? 0) + calls;
    }
    expect(refused).toEqual(byReason);
    expect(units).toBe([...expected.unitsOf.values()].reduce((sum, each) => sum + each, 0));
    expect(invoicesOf(cost.invoices)).toEqual(naiveInvoice(settings, expected));
  }

  it('are what happened; and by other settings what the counters and the naive biller make of them', async () => {
    const { simulations } = services();
    await fc.assert(
      fc.asyncProperty(demand, async (wishes) => {
        const before = settingsOn('plan-0');
        const happened = await happen(wishes, before);
        const id = await partnerOn('plan-0');
        await fold(id, happened);
        const failed = new Set(
          happened.calls.flatMap(({ outcome }, i) => (outcome === 'returned' ? [i] : [])),
        );
        const again = wishes.map((wish, i) => ({ ...wish, fails: failed.has(i) }));
        for (const [trial, settings] of TRIALS) {
          const found = await simulations.simulate(id, { month: MONTH.slice(0, 7), ...trial }, true);
          expectTotal(found.happened, happened, before);
          expectTotal(found.simulated, await happen(again, settings), settings);
          expect(found.unexplainedCalls).toBe(0);
          expect(new Set(found.days.map(({ basis }) => basis))).toEqual(new Set(['calls']));
        }
        const recent = await simulations.simulate(id, {}, true);
        expect(recent.simulated).toEqual(recent.happened);
        const isRecent = (dayMs: number) => dayMs >= recent.period.fromMs;
        const unitsOf = [...happened.unitsOf].map(([dayMs, units]) => (isRecent(dayMs) ? units : 0));
        expect(recent.happened.units).toBe(unitsOf.reduce((sum, units) => sum + units, 0));
      }),
      { numRuns: 25, seed: 42 },
    );
  });

  it('are reckoned from sums, and say so, where calls are no longer there, some are missing, or they are too many', async () => {
    const { simulations } = services();
    const id = await partnerOn('plan-0');
    const wishes = [0, 1, 2, 3].flatMap((day) =>
      [0, 100, 200, 300, 5000].map((ms) => ({
        atMs: START + day * DAY_MS + ms,
        keyId: 'one',
        units: 1,
        fails: false,
      })),
    );
    const happened = await happen(wishes, settingsOn('plan-0'));
    await fold(id, happened);
    const day = (n: number) => isoDay(START + n * DAY_MS);
    await own.client.query('DELETE FROM api_usage_events WHERE partner_id = $1 AND day = $2', [id, day(0)]);
    await own.client.query(
      `DELETE FROM api_usage_events WHERE id = (SELECT id FROM api_usage_events WHERE partner_id = $1 AND day = $2 AND units > 0 LIMIT 1)`,
      [id, day(1)],
    );
    await own.client.query(
      'INSERT INTO imported_usage (partner_id, day, units, failed) VALUES ($1, $2, 1, 0)',
      [id, day(2)],
    );
    const trial = { month: MONTH.slice(0, 7), perSecond: 100 };
    const found = await simulations.simulate(id, trial, true);
    expect(found.days.slice(0, 5).map(({ basis, areRatesUnknown }) => [basis, areRatesUnknown])).toEqual([
      ['not_kept', true],
      ['incomplete', true],
      ['imported', true],
      ['calls', false],
      ['calls', false],
    ]);
    // What was refused by a rate is known of a day's sums, but not by which; what another would do is not guessed.
    const [first, , , fourth] = found.days;
    expect(first?.happened.refused).toEqual({ rate: 1 });
    expect(first?.simulated.refused).toEqual({ rate: 1 });
    expect(fourth?.happened.refused).toEqual({ per_second: 1 });
    expect(fourth?.simulated).toMatchObject({ units: 5, refused: {} });
    expect(found.happened.units).toBe(historyOf(happened, settingsOn('plan-0')).months[0]?.units);
  });

  it('of a plan: other prices, of all partners that were on it, are what each would have paid', async () => {
    const { simulations, planSimulations } = services();
    const ids = [await partnerOn('plan-1'), await partnerOn('plan-1'), await partnerOn('plan-1')];
    for (const [i, id] of ids.entries()) {
      const wishes = Array.from({ length: 14 * (i + 2) }, (_, n) => ({
        atMs: START + Math.floor(n / 14) * DAY_MS + n * 1000,
        keyId: 'one',
        units: 1,
        fails: false,
      }));
      await fold(id, await happen(wishes, settingsOn('plan-1')));
    }
    const month = MONTH.slice(0, 7);
    const trial = { perMonth: 30, prices: { EUR: { price: 9900, overage_per_1000: 50_000 } } };
    const found = await planSimulations.simulate('plan-1', () => trial, month);
    expect(found).toMatchObject({ partners: 3, isPartial: false });
    // 28, 42 and 56 units: of each beyond 40, 9 cents; then of each beyond 30, 50 cents.
    const each = (price: number, included: number, cents: number) =>
      [28, 42, 56].map((units) => price + Math.max(0, units - included) * cents);
    const sum = (amounts: number[]) => amounts.reduce((all, amount) => all + amount, 0);
    expect(found.happened).toEqual({ EUR: sum(each(19_900, 40, 9)) });
    expect(found.simulated).toEqual({ EUR: sum(each(9900, 30, 50)) });
    for (const { id, happened } of found.listed) {
      const alone = await simulations.simulate(id, { month }, false);
      expect(happened.cost.sums).toEqual(alone.happened.cost.sums);
    }
    const same = await planSimulations.simulate('plan-1', (plan) => plan, month);
    expect(same.simulated).toEqual(same.happened);
    // One more than is taken at most.
    await partnerOn('plan-1');
    const some = await planSimulations.simulate('plan-1', () => trial, month);
    expect(some).toMatchObject({ partners: 3, isPartial: true, happened: found.happened });
  });
});

describe('asking', () => {
  it('owners and billing members may, others may not; and of nobody else', async () => {
    const partner = await makePartner({ tier: 'starter', second: 10, day: 10_000, month: 300_000 });
    await query(`UPDATE partner_terms SET effective_at = now() - interval '40 days' WHERE partner_id = $1`, [
      partner.id,
    ]);
    const statusOf = async (role: string) =>
      (await (await memberOf(partner.id, role)).get('/api/dev/billing/simulation')).status;
    expect(await Promise.all(['owner', 'billing', 'developer', 'viewer'].map(statusOf))).toEqual([
      200, 200, 403, 403,
    ]);
  });

  it('what may not be chosen may not be tried, and what is none is refused', async () => {
    const partner = await makePartner({ tier: 'starter', second: 10, day: 10_000, month: 300_000 });
    const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const asked = async (search: string) => (await call(`/api/dev/billing/simulation?${search}`, dev)).status;
    // It was made today.
    expect(await asked('')).toBe(409);
    await query(`UPDATE partner_terms SET effective_at = now() - interval '40 days' WHERE partner_id = $1`, [
      partner.id,
    ]);
    expect(await asked('tier=business')).toBe(200);
    expect(await asked('tier=enterprise')).toBe(403);
    expect(await asked('tier=sunu-2026')).toBe(403);
    expect(await asked('tier=nothing')).toBe(403);
    expect(await asked('overage_action=warn')).toBe(400);
    expect(await asked('month=2026-13')).toBe(400);
    expect(await asked('month=2019-01')).toBe(409);
    expect(await asked('month=9999-12')).toBe(409);
    expect(await asked('rate_limit_per_second=-2')).toBe(400);
    expect(await asked('spending_cap_minor=none')).toBe(200);
    const plan = (search: string) => call(`/api/admin/plans/business/simulation?${search}`, operator);
    expect((await plan('price=100')).status).toBe(400);
    expect((await plan('currency=EUR&price=100')).status).toBe(200);
    expect((await call('/api/admin/plans/nothing/simulation', operator)).status).toBe(404);
  });
});

describe('pages', () => {
  const words = {
    en: ['What would it have cost?', 'instead of', 'Day by day'],
    fr: ['Combien cela aurait-il coûté', 'au lieu de', 'Jour par jour'],
  };

  it('of the portal show what was, what would have been and what is not known, in both languages', async () => {
    const owner = await memberOf(stack.demo.partner.id);
    const month = isoDay(monthStart(Date.now(), -1)).slice(0, 7);
    for (const [language, said] of Object.entries(words)) {
      const { status, text } = await owner.get(
        `/portal/billing/simulation?month=${month}&tier=starter&second=3`,
        { 'accept-language': language },
      );
      expect(status).toBe(200);
      // 199.00 and 49.00, with 18 % of tax.
      for (const each of [
        ...said,
        language === 'en' ? '€57.82' : '57,82',
        language === 'en' ? '€234.82' : '234,82',
      ])
        expect(text).toContain(each);
      expect(text).toContain(language === 'en' ? 'no longer kept' : 'ne sont plus conservés');
      expect(text).toContain(language === 'en' ? '0 → unknown' : '0 → inconnu');
    }
    const same = await owner.get(`/portal/billing/simulation?month=${month}`, { 'accept-language': 'en' });
    expect(same.text).toContain('Nothing would have been different.');
    expect((await owner.get('/portal/billing')).text).toContain('/portal/billing/simulation');
  });

  it('say what is wrong where it was typed, and ask again', async () => {
    const owner = await memberOf(stack.demo.partner.id);
    const asked = (search: string) =>
      owner.get(`/portal/billing/simulation?${search}`, { 'accept-language': 'fr' });
    const wrong = await asked('second=x&cap=a');
    expect(wrong.status).toBe(400);
    expect(wrong.text).toMatch(/id="f-second"[^>]*value="x"[^>]*aria-invalid="true"/);
    const none = await asked('month=2019-01');
    expect(none.status).toBe(409);
    expect(none.text).toContain('aucun jour complet');
    expect((await asked('overage_action=warn')).status).toBe(400);
    expect((await asked('tier=enterprise')).status).toBe(403);
    const developer = await memberOf(stack.demo.partner.id, 'developer');
    expect((await developer.get('/portal/billing/simulation')).status).toBe(403);
    expect((await developer.get('/portal/billing')).text).not.toContain('/portal/billing/simulation');
  });

  it('of the console show what a price would have brought of all, and any partner alone', async () => {
    const person = await operatorSignedIn();
    const month = isoDay(monthStart(Date.now(), -1)).slice(0, 7);
    const fields = {
      price_EUR: '380',
      overage_EUR: '1.40',
      price_XOF: '300000',
      overage_XOF: '500',
      month: '40000',
      period: month,
    };
    const plan = (over: object) =>
      person.get(`/operator/plans/sunu-2026/simulation?${new URLSearchParams({ ...fields, ...over })}`, {
        'accept-language': 'en',
      });
    const { simulated } = (
      await call(
        `/api/admin/plans/sunu-2026/simulation?month=${month}&currency=XOF&price=300000&overage_per_1000=500`,
        operator,
      )
    ).json;
    const page = await plan({});
    expect(page.status).toBe(200);
    expect(page.text).toContain(`${new Intl.NumberFormat('en-GB').format(simulated.XOF)}</strong>`);
    expect(page.text).toContain('Sunu Logistics');
    expect((await plan({ price_XOF: 'x' })).status).toBe(400);
    expect((await plan({ period: '9999-12' })).status).toBe(409);
    expect((await person.get('/operator/plans/nothing/simulation')).status).toBe(404);
    const alone = await person.get(
      `/operator/partners/${stack.demo.enterprisePartner.id}/simulation?month=${month}&tier=starter`,
    );
    expect(alone.status).toBe(200);
  });
});
