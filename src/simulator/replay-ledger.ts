// The count of one limiter in a replay: the key's and the partner's ledgers of src/limits, asked one call at a time. Decides
// nothing by itself.

import { DAY_MS, monthStart } from '../core/time.ts';
import {
  advanceKey,
  giveBackKey,
  type KeyLedger,
  keyDenial,
  newKeyLedger,
  spendKey,
} from '../limits/key-ledger.ts';
import type { Denial, KeyLimits, PartnerLimits } from '../limits/limit.ts';
import { draw } from '../limits/partner-draw.ts';
import { newHolder, newPartnerLedger, type PartnerLedger, spend } from '../limits/partner-ledger.ts';
import { addUnits, type DayCounts, quotaDenial, quotaLeft, quotasOn, since } from '../limits/quota.ts';
import type { Call } from './history.ts';

export interface Limits {
  key: KeyLimits | undefined;
  partner: PartnerLimits;
}

/** Days that are over, as one: only their month's sum counts. Keeps a replay of a month from walking its days at each call. */
function joined(used: DayCounts, dayMs: number): DayCounts {
  const days = Object.keys(used);
  if (days.every((day) => Number(day) === dayMs)) return used;
  const { dayUsed, monthUsed } = quotasOn(used, dayMs);
  const firstMs = monthStart(dayMs);
  return firstMs === dayMs ? since(used, dayMs) : { [firstMs]: monthUsed - dayUsed, [dayMs]: dayUsed };
}

const NO_KEY = newKeyLedger();
const NO_HOLDER = newHolder();

export class ReplayLedger {
  private partner: PartnerLedger;
  private readonly keys: Map<string, KeyLedger>;
  private dayMs: number;
  /** The partner's ledger, had it admitted what it was asked last. */
  private admitted: PartnerLedger | undefined;

  /** `before`: units of the month before its first day, of the partner and of its keys. */
  constructor(firstDayMs: number, before: { units: number; keys: ReadonlyMap<string, number> }) {
    const monthMs = monthStart(firstDayMs);
    const used = (units: number): DayCounts => (units > 0 ? { [monthMs]: units } : {});
    this.dayMs = firstDayMs;
    this.partner = { ...newPartnerLedger(), dayStartMs: firstDayMs, used: used(before.units) };
    this.keys = new Map([...before.keys].map(([id, units]) => [id, { ...NO_KEY, used: used(units) }]));
  }

  /** What follows is of this day. */
  begin(dayMs: number): void {
    if (dayMs <= this.dayMs) return;
    this.dayMs = dayMs;
    this.partner = { ...this.partner, used: joined(this.partner.used, dayMs) };
    for (const [id, key] of this.keys) this.keys.set(id, { ...key, used: joined(key.used, dayMs) });
  }

  /** Why the call is refused; undefined when it is not. Counts nothing. */
  ask({ atMs, keyId, units }: Call, limits: Limits): Denial | undefined {
    this.admitted = undefined;
    if (limits.key) {
      const key = advanceKey(this.keyOf(keyId), limits.key, atMs);
      this.keys.set(keyId, key);
      const both = { key: limits.key, partner: limits.partner };
      const denial = keyDenial(key, both, units, this.dayMs, atMs);
      if (denial) return denial;
    }
    const [after, , reply] = draw(
      this.partner,
      NO_HOLDER,
      {
        holder: keyId,
        seq: 1,
        version: 0,
        catalog: 0,
        limits: limits.partner,
        costs: [units],
        wanted: 0,
        used: {},
      },
      0,
      atMs,
    );
    if (reply.outcome !== 'decided') throw new Error('a replay has one version');
    if (reply.denial) this.partner = after;
    else this.admitted = after;
    return reply.denial;
  }

  /** Counts the call that was asked about last, whatever came of asking. */
  count({ atMs, keyId, units, outcome }: Call): void {
    const { dayMs } = this;
    this.partner = this.admitted ?? spend([this.partner, NO_HOLDER], units, atMs)[0];
    const key = spendKey(this.keyOf(keyId), units, dayMs);
    const isReturned = outcome === 'returned';
    this.keys.set(keyId, isReturned ? giveBackKey(key, units, dayMs) : key);
    if (isReturned) this.add(-units);
  }

  /** Units that nobody asked about: quotas count them, rates do not. */
  note(units: number, keyId?: string): void {
    this.add(units);
    if (keyId === undefined) return;
    const key = this.keyOf(keyId);
    this.keys.set(keyId, { ...key, used: addUnits(key.used, this.dayMs, units) });
  }

  /** How many of a day's units its partner's quotas admit, and why not more. Counts nothing. */
  fit(units: number, limits: PartnerLimits): { units: number; denial: Denial | undefined } {
    const { dayMs } = this;
    const { used } = this.partner;
    const left = quotaLeft(quotasOn(used, dayMs), limits);
    if (units <= left) return { units, denial: undefined };
    const full = quotasOn(addUnits(used, dayMs, left), dayMs);
    return { units: left, denial: quotaDenial(full, limits, 1, dayMs + DAY_MS - 1, 'partner') };
  }

  private add(units: number): void {
    this.partner = { ...this.partner, used: addUnits(this.partner.used, this.dayMs, units) };
  }

  private keyOf(id: string): KeyLedger {
    return this.keys.get(id) ?? NO_KEY;
  }
}
