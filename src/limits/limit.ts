// What can be limited, and what a decision says. Pure: no clock, no I/O.

/** `-1`: unlimited. `0`: nothing at all. */
export const UNLIMITED = -1;
export const isUnlimited = (limit: number): boolean => limit < 0;

/** A rate of zero never frees up; callers are told to come back after this long, when it may have been raised. */
export const NEVER_RETRY_MS = 60_000;

export const OVERAGE_ACTIONS = ['block', 'warn', 'charge'] as const;
export type OverageAction = (typeof OVERAGE_ACTIONS)[number];

export interface KeyLimits {
  /** Token bucket: capacity in units, refill in units per minute. */
  burst: number;
  sustained: number;
  /** Calendar quotas, UTC, in units. */
  day: number;
  month: number;
  overage: OverageAction;
}

export interface PartnerLimits {
  /** Units in any sliding second. */
  second: number;
  day: number;
  month: number;
  overage: OverageAction;
  /** Units of the month at which even overage ends: the spending cap. Absent or -1 where nothing caps it. */
  monthCap?: number;
}

export const LIMIT_TYPES = ['per_second', 'burst', 'per_day', 'per_month', 'budget'] as const;
export type LimitType = (typeof LIMIT_TYPES)[number];

/** Whose limit it is: the key's own, that of a key that it was made with, the partner's (its tier, or what was agreed), or its spending cap. */
export const LEVELS = ['key', 'parent', 'partner', 'cap'] as const;
export type Level = (typeof LEVELS)[number];

export interface Denial {
  type: LimitType;
  limit: number;
  /** Units used in the period; for rates, the units that count now. */
  used: number;
  /** From the moment of the decision, in ms: no earlier call of this cost is admitted. */
  retryAfterMs: number;
  level: Level;
}

/** One quota or rate as it stood at the decision. `resetMs` is absolute, ms since the epoch. */
export interface Gauge {
  limit: number;
  /** 0 when a call of one unit would be refused, and only then; -1 where nothing limits. */
  remaining: number;
  resetMs: number;
  level: Level;
}

export const gauge = (limit: number, used: number, resetMs: number, level: Level): Gauge => ({
  limit,
  remaining: isUnlimited(limit) ? UNLIMITED : Math.max(0, limit - used),
  resetMs,
  level,
});
