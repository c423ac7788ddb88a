// What the edge, the key's object and the partner's object say to each other.

import type { Denial, Gauge, KeyLimits, OverageAction, PartnerLimits } from './limit.ts';
import type { PartnerGauges } from './partner-ledger.ts';

/** Which versions of the key's and of the partner's record a caller has seen. */
export interface Versions {
  key: number;
  partner: number;
}

/** Who is limited, by what. Limits come with the call; the highest version seen wins. */
export interface LimitSubject {
  /** Id of the key: the name of its object. */
  keyId: string;
  /** Name of the partner's object: one for each environment, so that test and live never share a counter. */
  partnerObject: string;
  versions: Versions;
  key: KeyLimits;
  partner: PartnerLimits;
}

/** A text that a signing key may use once. `expiresMs`: when its timestamp is refused anyhow. */
export interface Nonce {
  value: string;
  expiresMs: number;
}

export interface TakeCall extends LimitSubject {
  /** Id of the request: repeating it repeats the answer. */
  id: string;
  /** Units, a positive integer. */
  cost: number;
  /** Used up with the units. Always said, so that nobody forgets it. */
  nonce: Nonce | undefined;
}

export interface LimitGauges {
  second: Gauge;
  day: Gauge;
  month: Gauge;
  burst: Gauge;
}

export type TakeReply =
  | { outcome: 'stale'; versions: Versions }
  | { outcome: 'replayed' }
  /** The call was settled before it arrived: its caller has given up. */
  | { outcome: 'settled' }
  | { outcome: 'deny'; denial: Denial; gauges: LimitGauges }
  /** `atMs`: the moment at which the units were counted; `dayStartMs`: the day in which they count. */
  | { outcome: 'admit'; gauges: LimitGauges; dayStartMs: number; over: boolean; atMs: number };

/** What a call came to: `used` of the units that it reserved. The rest goes back to the quotas that it came from. */
export interface Settle {
  /** Id of the call. */
  id: string;
  keyId: string;
  /** Units, from 0 to what was reserved. */
  used: number;
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
