// Random demands of a partner, and what becomes of them by some settings: decided by the counters themselves, billed by the naive
// biller. What a simulation must find.

import type { Terms } from '../../src/billing/month.ts';
import { cappedUnits } from '../../src/billing/month.ts';
import { DAY_MS, dayStart, isoDay, monthStart } from '../../src/core/time.ts';
import type { Denial, KeyLimits, OverageAction } from '../../src/limits/limit.ts';
import type { Basis, Call, History, Reason, Settings } from '../../src/simulator/history.ts';
import { termsAt } from '../../src/simulator/history.ts';
import { limitedPartner } from './limited-partner.ts';
import { type NaiveInvoice, naiveInvoices } from './naive-biller.ts';

export const MONTH = '2026-11-01';
export const START = Date.parse(`${MONTH}T00:00:00Z`);
export const END = monthStart(START, 1);

export interface Wish {
  atMs: number;
  keyId: string;
  units: number;
  /** The upstream fails it. */
  fails: boolean;
}

export interface Happened {
  calls: Call[];
  /** By day and reason. */
  refused: Map<string, number>;
  unitsOf: Map<number, number>;
}

/** Of one plan or another: what is drawn for a stretch of the month. */
export interface Drawn {
  second: number;
  day: number;
  month: number;
  action: OverageAction;
  price: number;
  per1000: number;
  cap: number | null;
}

export function settingsOf(
  drawn: readonly (readonly [atMs: number, Drawn])[],
  keys: ReadonlyMap<string, KeyLimits>,
  currency = 'EUR',
): Settings {
  const terms = drawn.map(
    ([effectiveMs, { action, month, price, per1000, cap }], i): Terms => ({
      effectiveMs,
      tier: `plan-${i}`,
      currency,
      isBilled: true,
      priceMinor: price,
      includedUnits: month,
      // As the trigger writes it.
      overageAction: action === 'charge' && per1000 === 0 ? 'block' : action,
      overagePer1000Minor: per1000,
      spendingCapMinor: cap,
      taxBps: 1800,
    }),
  );
  const rates = drawn.map(([, { second, day }]) => ({ second, day }));
  return { terms, keys, ratesOf: ({ tier }) => rates[Number(tier.slice(5))] ?? { second: 0, day: 0 } };
}

const reasonOf = ({ type, level }: Denial): Reason => (level === 'cap' || type === 'budget' ? 'cap' : type);

/** Asks the counters, one call after the other. */
export async function happen(wishes: readonly Wish[], settings: Settings): Promise<Happened> {
  const world = limitedPartner(START);
  const calls: Call[] = [];
  const refused = new Map<string, number>();
  const unitsOf = new Map<number, number>();
  for (const { atMs, keyId, units, fails } of wishes) {
    await world.until(atMs);
    const terms = termsAt(settings.terms, atMs);
    const key = settings.keys.get(keyId);
    if (!terms || !key) throw new Error('no settings');
    const { second, day } = settings.ratesOf(terms);
    const { reply, giveBack } = await world.call(keyId, units, {
      key,
      partner: {
        second,
        day,
        month: terms.includedUnits,
        overage: terms.overageAction,
        monthCap: cappedUnits(terms),
      },
      version: 1 + settings.terms.indexOf(terms),
    });
    const call = { atMs, keyId, units };
    if (reply.outcome === 'deny') {
      const reason = reasonOf(reply.denial);
      const name = `${isoDay(atMs)} ${reason}`;
      refused.set(name, (refused.get(name) ?? 0) + 1);
      calls.push({ ...call, outcome: reason });
    } else if (reply.outcome !== 'admit') throw new Error(reply.outcome);
    else {
      if (fails) await giveBack();
      else unitsOf.set(dayStart(atMs), (unitsOf.get(dayStart(atMs)) ?? 0) + units);
      calls.push({ ...call, outcome: fails ? 'returned' : 'admitted' });
    }
  }
  return { calls, refused, unitsOf };
}

export const usedOf = ({ calls }: Happened) =>
  calls.filter(({ outcome }) => outcome === 'admitted').map(({ atMs, units }) => ({ atMs, units }));

/** By the naive biller: the month's invoice. */
export function naiveInvoice(
  { terms }: Settings,
  happened: Happened,
): Omit<NaiveInvoice, 'lines' | 'month'>[] {
  const { invoices } = naiveInvoices(
    terms.map((each) => ({
      atMs: each.effectiveMs,
      tier: each.tier,
      currency: each.currency,
      isBilled: each.isBilled,
      price: each.priceMinor,
      included: each.includedUnits,
      action: each.overageAction,
      per1000: each.overagePer1000Minor,
      cap: each.spendingCapMinor,
      taxBps: each.taxBps,
    })),
    usedOf(happened).map((event) => ({ ...event, app: null, knownMs: event.atMs })),
    [[null, '-']],
    [{ month: MONTH, atMs: END }],
  );
  return invoices.map(({ currency, subtotal, tax, total }) => ({ currency, subtotal, tax, total }));
}

/** As it is read of the database. */
export function historyOf(
  happened: Happened,
  { terms }: Settings,
  basis: Basis = 'calls',
  period = { fromMs: START, toMs: END },
): History {
  const used = usedOf(happened);
  const before = (atMs: number) => used.reduce((sum, each) => (each.atMs < atMs ? sum + each.units : sum), 0);
  const days = [];
  for (let dayMs = START; dayMs < period.toMs; dayMs += DAY_MS) {
    const refused: Partial<Record<Reason, number>> = {};
    for (const { atMs, outcome } of happened.calls)
      if (
        dayStart(atMs) === dayMs &&
        outcome !== 'admitted' &&
        outcome !== 'returned' &&
        outcome !== 'unasked'
      )
        refused[outcome] = (refused[outcome] ?? 0) + 1;
    days.push({ dayMs, units: happened.unitsOf.get(dayMs) ?? 0, refused, basis });
  }
  const keysBefore = new Map<string, number>();
  for (const { keyId, units, atMs, outcome } of happened.calls)
    if (outcome === 'admitted' && atMs < period.fromMs)
      keysBefore.set(keyId, (keysBefore.get(keyId) ?? 0) + units);
  const marks = terms.map(({ effectiveMs: atMs }) => ({ atMs, units: before(atMs) }));
  return { period, days, keysBefore, months: [{ start: MONTH, units: before(END), marks }] };
}
