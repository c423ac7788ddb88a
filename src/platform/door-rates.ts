// Rates of what no quota counts: token buckets of this isolate, without I/O. Approximate is right here: each isolate
// counts for itself, and starts full. What must be exact is an allowance (allowances.ts).

import { dropOldest } from '../core/bounded.ts';
import { AppError } from '../core/errors.ts';
import {
  type Bucket,
  type BucketLimit,
  bucketWaitMs,
  fullBucket,
  refill,
  spendTokens,
} from '../limits/token-bucket.ts';
import { countedAddress, isLocal } from './counted-address.ts';

/** At once, and by the minute. */
export const DOOR_RATES = {
  /** Everything but the offered API, by address. */
  address: { burst: 600, sustained: 1200 },
  /** Calls of the offered API that nobody answers for, by address. */
  stranger: { burst: 300, sustained: 1200 },
  /** Calls of the offered API that are refused before they cost anything, by key. */
  refused: { burst: 100, sustained: 600 },
  /** The OAuth endpoints, by client; of those that prove nothing, by address. */
  token: { burst: 100, sustained: 300 },
  /** What MCP clients ask beside the calls of APIs, by key. */
  mcp: { burst: 60, sustained: 600 },
  /** /dashboard, by credential. */
  dashboard: { burst: 30, sustained: 600 },
  /** /api/dev, by developer. */
  developer: { burst: 300, sustained: 900 },
  /** /api/admin, by operator. */
  operator: { burst: 600, sustained: 3000 },
  /** Searches of everything, by account; the palette asks with each pause in typing. */
  search: { burst: 60, sustained: 120 },
  /** Audit trails, by partner. */
  audit: { burst: 20, sustained: 60 },
} as const satisfies Record<string, BucketLimit>;

export type DoorRate = keyof typeof DOOR_RATES;

const MAX_REMEMBERED = 10_000;

/** The refusal of whoever is over a rate. `limit_type`: an `address` shares its rate; a `caller` has its own. */
export const tooMany = (limitType: 'address' | 'caller', seconds: number, message?: string): AppError =>
  new AppError('rate_limit_exceeded', message, { limit_type: limitType, retry_after: seconds });

export function createDoorRates(now: () => number) {
  const buckets = new Map<string, Bucket>();

  /** Seconds until it may be tried again; 0 when it was taken. */
  function wait(rate: DoorRate, subject: string): number {
    const limit = DOOR_RATES[rate];
    const key = `${rate} ${subject}`;
    const bucket = refill(buckets.get(key) ?? fullBucket(limit, now()), limit, now());
    const waitMs = bucketWaitMs(bucket, limit, 1);
    buckets.delete(key);
    buckets.set(key, waitMs === 0 ? spendTokens(bucket, 1) : bucket);
    dropOldest(buckets, MAX_REMEMBERED);
    return Math.ceil(waitMs / 1000);
  }

  return {
    wait,
    /** The same of an address. */
    waitAt: (rate: 'address' | 'stranger' | 'token', ip: string): number =>
      isLocal(ip) ? 0 : wait(rate, countedAddress(ip)),
    /** @throws AppError rate_limit_exceeded */
    take(rate: DoorRate, subject: string): void {
      const seconds = wait(rate, subject);
      if (seconds > 0) throw tooMany('caller', seconds);
    },
  };
}

export type DoorRates = ReturnType<typeof createDoorRates>;
