// Holds off addresses that keep failing with keys that nobody has, and an address with one key that it may not use:
// @upstash/ratelimit over Redis, or the Workers rate-limiting binding where no Redis is configured. Approximate is right
// here. Time bound: GUARD_TIMEOUT_MS. Fails open, and says so in the log.

import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis/cloudflare';
import { dropOldest } from '../core/bounded.ts';
import { countedAddress } from './counted-address.ts';

const GUARD_TIMEOUT_MS = 1000;
const HELD_OFF_MS = 60_000;
const MAX_HELD_OFF = 10_000;

export interface GuardOptions {
  redis?: { url: string; token: string };
  binding?: RateLimit;
  failuresPerMinute: number;
  now(): number;
  log(line: Record<string, unknown>): void;
}

/** Counts a failure; the moment until which its subject is held off, 0 when it is not. */
type Counter = (subject: string) => Promise<number>;

/** The address; with a key that is known, that address with that key. */
const subjectOf = (ip: string, keyId?: string): string =>
  keyId === undefined ? countedAddress(ip) : `${countedAddress(ip)} ${keyId}`;

function redisCounter({ redis, failuresPerMinute, log }: GuardOptions): Counter | undefined {
  if (!redis) return undefined;
  const limiter = new Ratelimit({
    redis: new Redis({ ...redis, enableTelemetry: false }),
    limiter: Ratelimit.slidingWindow(failuresPerMinute, '60 s'),
    prefix: 'passerelle:abuse',
    timeout: GUARD_TIMEOUT_MS,
    analytics: false,
  });
  return async (subject) => {
    const { success, reset, reason } = await limiter.limit(subject);
    if (reason === 'timeout') log({ message: 'abuse guard timed out', level: 'warn' });
    return success ? 0 : reset;
  };
}

function bindingCounter({ binding, now }: GuardOptions): Counter | undefined {
  if (!binding) return undefined;
  return async (subject) => ((await binding.limit({ key: subject })).success ? 0 : now() + HELD_OFF_MS);
}

export function createAbuseGuard(options: GuardOptions) {
  const { now, log } = options;
  const count = redisCounter(options) ?? bindingCounter(options) ?? (async () => 0);
  const heldOff = new Map<string, number>();
  return {
    /** Seconds until the address (with that key) may try again; 0 when it may now. From memory: no I/O. */
    heldOffSeconds(ip: string, keyId?: string): number {
      if (heldOff.size === 0) return 0;
      const subject = subjectOf(ip, keyId);
      const untilMs = heldOff.get(subject);
      if (untilMs === undefined) return 0;
      if (untilMs > now()) return Math.ceil((untilMs - now()) / 1000);
      heldOff.delete(subject);
      return 0;
    },
    async noteFailure(ip: string, keyId?: string): Promise<void> {
      try {
        const subject = subjectOf(ip, keyId);
        const untilMs = await count(subject);
        if (untilMs > now()) heldOff.set(subject, untilMs);
        dropOldest(heldOff, MAX_HELD_OFF);
      } catch (error) {
        log({ message: 'abuse guard unavailable', level: 'warn', error: String(error) });
      }
    },
  };
}

export type AbuseGuard = ReturnType<typeof createAbuseGuard>;
