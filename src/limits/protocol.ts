// What the edge, the key's object and the partner's object say to each other.

import type { Denial, Gauge, KeyLimits, PartnerLimits } from './limit.ts';
import type { Quotas } from './quota.ts';

/** Which versions of the key's and of the partner's record a caller has seen. */
export interface Versions {
  key: number;
  partner: number;
}

export type Period = Pick<Quotas, 'dayStartMs' | 'monthStartMs'>;

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

export interface TakeCall extends LimitSubject {
  /** Id of the request: repeating it repeats the answer. */
  id: string;
  /** Units, a positive integer. */
  cost: number;
  nonce?: { value: string; expiresMs: number };
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
  | { outcome: 'deny'; denial: Denial; gauges: LimitGauges }
  /** `atMs`: the moment at which the units were counted. */
  | { outcome: 'admit'; gauges: LimitGauges; period: Period; over: boolean; atMs: number };

export interface Refund {
  id: string;
  keyId: string;
  partnerObject: string;
  units: number;
  period: Period;
}
