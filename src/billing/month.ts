// What a month of a partner costs: its plan by the time that it was in force, and its overage by the units that the
// limiter admitted beyond what was included at that moment. Pure. A fraction of a minor unit is never billed.

import { monthStart } from '../core/time.ts';
import { isUnlimited, type OverageAction } from '../limits/limit.ts';
import { divide, share } from './amounts.ts';

/** Thousandths of a minor unit: what one unit of overage costs is a whole number of them. */
const MILLI = 1000n;

export interface Terms {
  effectiveMs: number;
  tier: string;
  currency: string;
  /** Partners that may not use live keys are not billed. */
  isBilled: boolean;
  /** Of a whole month. */
  priceMinor: number;
  /** -1 is unlimited. */
  includedUnits: number;
  overageAction: OverageAction;
  overagePer1000Minor: number;
  /** Most that a month's overage may cost; null is no cap. */
  spendingCapMinor: number | null;
  taxBps: number;
}

/** A stretch of a period with one set of terms, and the units used in it. */
export interface Segment extends Terms {
  fromMs: number;
  toMs: number;
  units: number;
}

export interface AppUnits {
  /** null: keys that belong to no app. */
  appId: string | null;
  name: string | null;
  units: number;
}

export interface Line {
  kind: 'plan' | 'overage' | 'adjustment' | 'credit';
  currency: string;
  tier: string | null;
  appId: string | null;
  appName: string | null;
  fromMs: number;
  toMs: number;
  quantity: number;
  unitPriceMinor: number | null;
  amountMinor: number;
}

/** The stretches of `[startMs, endMs)`, without units yet. `terms`: by their moment, the first may be older. */
export function segmentsOf(terms: readonly Terms[], startMs: number, endMs: number): Segment[] {
  return terms.flatMap((each, i) => {
    const fromMs = Math.max(each.effectiveMs, startMs);
    const toMs = Math.min(terms[i + 1]?.effectiveMs ?? endMs, endMs);
    return fromMs < toMs ? [{ ...each, fromMs, toMs, units: 0 }] : [];
  });
}

/** What was used in a month. */
export interface MonthUnits {
  /** `YYYY-MM-DD`, its first day. */
  start: string;
  units: number;
  /** Units used in it before each change of terms. */
  marks: readonly { atMs: number; units: number }[];
}

/** The stretches of a month with the units of each. The last has what the others have not. */
export function segmentsWithUnits(terms: readonly Terms[], { start, units, marks }: MonthUnits): Segment[] {
  const startMs = Date.parse(`${start}T00:00:00Z`);
  const segments = segmentsOf(terms, startMs, monthStart(startMs, 1));
  const usedBefore = new Map(marks.map((mark) => [mark.atMs, mark.units]));
  const at = (ms: number | undefined): number => (ms === undefined ? units : (usedBefore.get(ms) ?? 0));
  return segments.map((segment, i) => ({
    ...segment,
    units: at(segments[i + 1]?.fromMs) - (i === 0 ? 0 : at(segment.fromMs)),
  }));
}

/** Neighbours that are alike for `isAlike` become one. */
function merged<T>(items: readonly T[], isAlike: (a: T, b: T) => boolean, join: (a: T, b: T) => T): T[] {
  const result: T[] = [];
  for (const item of items) {
    const last = result.at(-1);
    if (last !== undefined && isAlike(last, item)) result[result.length - 1] = join(last, item);
    else result.push(item);
  }
  return result;
}

function planLines(segments: readonly Segment[], monthMs: number): Line[] {
  const stretches = merged(
    segments.filter(({ isBilled }) => isBilled),
    (a, b) =>
      a.toMs === b.fromMs && a.tier === b.tier && a.priceMinor === b.priceMinor && a.currency === b.currency,
    (a, b) => ({ ...a, toMs: b.toMs, units: a.units + b.units }),
  );
  return stretches.map(({ tier, currency, priceMinor, fromMs, toMs, units }) => ({
    kind: 'plan',
    currency,
    tier,
    appId: null,
    appName: null,
    fromMs,
    toMs,
    quantity: units,
    unitPriceMinor: priceMinor,
    amountMinor: share(priceMinor, toMs - fromMs, monthMs),
  }));
}

export interface Overage {
  tier: string;
  currency: string;
  per1000Minor: number;
  fromMs: number;
  toMs: number;
  units: number;
  amountMinor: number;
}

/**
 * Units are counted from the start of the month. One is overage when the count, with it, is beyond what was included at
 * its moment and the action was `charge`; it costs what a unit cost then, until the cap of that moment is reached.
 */
export function overagesOf(segments: readonly Segment[]): Overage[] {
  let used = 0;
  const spent = new Map<string, bigint>();
  const found = new Map<string, Omit<Overage, 'amountMinor'> & { milli: bigint }>();
  for (const segment of segments) {
    const before = used;
    used += segment.units;
    const { includedUnits, overagePer1000Minor: per1000Minor, spendingCapMinor, currency, tier } = segment;
    // What has no price was refused at that moment, like what was to be blocked.
    const isCharged = segment.overageAction === 'charge' && per1000Minor > 0;
    if (!segment.isBilled || !isCharged || isUnlimited(includedUnits)) continue;
    const units = Math.max(0, used - Math.max(includedUnits, before));
    if (units === 0) continue;
    const already = spent.get(currency) ?? 0n;
    const wanted = BigInt(units) * BigInt(per1000Minor);
    const room = spendingCapMinor === null ? wanted : BigInt(spendingCapMinor) * MILLI - already;
    const milli = room < 0n ? 0n : wanted < room ? wanted : room;
    spent.set(currency, already + milli);
    const name = `${tier} ${currency} ${per1000Minor}`;
    const known = found.get(name);
    found.set(name, {
      tier,
      currency,
      per1000Minor,
      fromMs: known?.fromMs ?? segment.fromMs,
      toMs: segment.toMs,
      units: (known?.units ?? 0) + units,
      milli: (known?.milli ?? 0n) + milli,
    });
  }
  return [...found.values()].map(({ milli, ...overage }) => ({
    ...overage,
    amountMinor: Number(milli / MILLI),
  }));
}

/** Each overage divided among the apps in proportion to what they used in the month. */
function overageLines(overages: readonly Overage[], apps: readonly AppUnits[]): Line[] {
  const users = apps.filter(({ units }) => units > 0);
  const weights = users.map(({ units }) => units);
  return overages.flatMap(({ tier, currency, per1000Minor, fromMs, toMs, units, amountMinor }) => {
    const line = { kind: 'overage', currency, tier, fromMs, toMs, unitPriceMinor: per1000Minor } as const;
    if (users.length === 0) return [{ ...line, appId: null, appName: null, quantity: units, amountMinor }];
    const quantities = divide(units, weights);
    const amounts = divide(amountMinor, weights);
    return users.map(({ appId, name }, i) => ({
      ...line,
      appId,
      appName: name,
      quantity: quantities[i] ?? 0,
      amountMinor: amounts[i] ?? 0,
    }));
  });
}

/** All lines of `[startMs, endMs)`, a whole calendar month in UTC. `apps`: in the order in which they are listed. */
export function monthLines(segments: readonly Segment[], apps: readonly AppUnits[], monthMs: number): Line[] {
  return [...planLines(segments, monthMs), ...overageLines(overagesOf(segments), apps)].filter(
    ({ amountMinor, quantity, kind }) => amountMinor > 0 || (kind === 'overage' && quantity > 0),
  );
}

/** Minor units by currency. */
export type Sums = Record<string, number>;

export function sumsOf(lines: readonly Pick<Line, 'currency' | 'amountMinor'>[]): Sums {
  const sums: Sums = {};
  for (const { currency, amountMinor } of lines) sums[currency] = (sums[currency] ?? 0) + amountMinor;
  return sums;
}

/** Units of the month at which the limiter refuses even a partner that pays for overage; -1 where nothing caps it. */
export function cappedUnits(
  terms: Pick<Terms, 'includedUnits' | 'overageAction' | 'overagePer1000Minor' | 'spendingCapMinor'>,
): number {
  const { includedUnits, overageAction, overagePer1000Minor, spendingCapMinor } = terms;
  if (overageAction !== 'charge' || spendingCapMinor === null || isUnlimited(includedUnits)) return -1;
  if (overagePer1000Minor === 0) return -1;
  return includedUnits + share(spendingCapMinor, 1000, overagePer1000Minor);
}
