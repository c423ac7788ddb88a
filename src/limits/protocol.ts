// What the edge, the key's object and the partner's object say to each other.

import type { Budget, BudgetGauge } from './budget.ts';
import type { Lent } from './lease.ts';
import type { Denial, Gauge, KeyLimits, OverageAction, PartnerLimits } from './limit.ts';
import type { PartnerGauges } from './partner-ledger.ts';

/** Which versions of the key's and of the partner's record a caller has seen. */
export interface RecordVersions {
  key: number;
  partner: number;
}

/** And by which version of the catalogue it judges. */
export interface Versions extends RecordVersions {
  catalog: number;
}

/** Who is limited, by what. Limits come with the call; the highest version seen wins. */
export interface LimitSubject {
  /** Id of the key: the name of its object. Of a key with a budget, that of the key that it counts with. */
  keyId: string;
  /** Name of the partner's object: one for each environment, so that test and live never share a counter. */
  partnerObject: string;
  versions: Versions;
  key: KeyLimits;
  partner: PartnerLimits;
  /** Of keys that have one: those above it, and last its own, whose key's record `versions.key` is of. */
  budgets?: readonly Budget[];
}

/** A text that a signing key may use once. `expiresMs`: when its timestamp is refused anyhow. */
export interface Nonce {
  value: string;
  expiresMs: number;
}

export interface TakeCall extends LimitSubject {
  /** Id of the request: repeating it repeats the answer. */
  id: string;
  /** Units, an integer; 0 when it only asks for a lease. */
  cost: number;
  /** Used up with the units. Always said, so that nobody forgets it. */
  nonce: Nonce | undefined;
  /** Units that the edge is likely to spend within a lease; absent when it wants none. */
  wanted?: number;
  /** What earlier grants to this edge came to, as far as it was not heard. */
  ended?: readonly GrantEnd[];
}

/** What a grant came to. Said again with less `used` when a call of it is given back later; the least counts. */
export interface GrantEnd {
  /** Id of the call that it answered. */
  id: string;
  /** Units that count: spent, and not given back. */
  used: number;
  /** Units of its lease that no call took. */
  unspent: number;
}

export interface LimitGauges {
  second: Gauge;
  day: Gauge;
  month: Gauge;
  burst: Gauge;
  /** Of keys that have one. */
  budget?: BudgetGauge;
}

export type TakeReply =
  | { outcome: 'stale'; versions: Versions }
  | { outcome: 'replayed' }
  /** The call was settled before it arrived: its caller has given up. */
  | { outcome: 'settled' }
  | { outcome: 'deny'; denial: Denial; gauges: LimitGauges }
  /**
   * `atMs`: the moment at which the units were counted; `dayStartMs`: the day in which they count. `lease`: units beyond
   * the call's that the edge may spend for so long after it *asked*; `gauges` are of before they were lent.
   */
  | {
      outcome: 'admit';
      gauges: LimitGauges;
      dayStartMs: number;
      over: boolean;
      atMs: number;
      lease?: Lent;
    };

/** What a grant came to: the rest of what it reserved goes back to the quotas that it came from. */
export interface Settle extends GrantEnd {
  keyId: string;
}

/**
 * `settled`: applied, now or when it was sent before. All others change nothing. `unknown`: nobody reserved under this
 * id, or it is too long ago; `invalid`: not a whole number from 0 to what was reserved.
 */
export type Settled = 'settled' | 'unknown' | 'invalid';

/** What is used, exactly: every holder that may hold something was asked for it. */
export interface PartnerStanding {
  gauges: PartnerGauges;
  used: { second: number; day: number; month: number };
  /** The plan's quotas, also where going beyond them is not refused. */
  plan: { day: number; month: number; overage: OverageAction };
}
