// Half an hour at a moderate rate: every call is answered, and the last tenth takes as long as the first.

import { Rate } from 'k6/metrics';
import type { Options, Scenario } from 'k6/options';
import { ALL_SENT, callWithinLimits, keys } from './target.ts';

const RATE = Number(__ENV.RATE || 50);
const MINUTES = Number(__ENV.MINUTES || 30);
const SECONDS = 60 * MINUTES;
/** Calls before it begins, of which the slowest twentieth says what slow is. */
const SAMPLES = 200;
/** A call is slow that takes this many times as long, and this much longer. */
const TIMES = 2;
const MORE_MS = 20;

/** Of the last tenth. By what was called slow, a twentieth would be. */
const slowAtTheEnd = new Rate('slow_at_the_end');

const part = (startSeconds: number, seconds: number, exec: string): Scenario => ({
  executor: 'constant-arrival-rate',
  exec,
  startTime: `${startSeconds}s`,
  duration: `${seconds}s`,
  rate: RATE,
  timeUnit: '1s',
  preAllocatedVUs: 50,
});

export const options: Options = {
  scenarios: { most: part(0, 0.9 * SECONDS, 'most'), end: part(0.9 * SECONDS, 0.1 * SECONDS, 'end') },
  thresholds: {
    ...ALL_SENT,
    checks: ['rate>0.9999'],
    http_req_duration: ['p(99)<1000'],
    slow_at_the_end: ['rate<0.1'],
  },
};

/** @returns the 95th percentile of the first calls, ms */
export function setup(): { p95Ms: number } {
  const durations = Array.from({ length: SAMPLES }, () => callWithinLimits(keys.enterprise).timings.duration);
  durations.sort((a, b) => a - b);
  return { p95Ms: durations[Math.floor(0.95 * SAMPLES)] ?? 0 };
}

export function most(): void {
  callWithinLimits(keys.enterprise);
}

export function end({ p95Ms }: { p95Ms: number }): void {
  const { duration } = callWithinLimits(keys.enterprise).timings;
  slowAtTheEnd.add(duration > TIMES * p95Ms + MORE_MS);
}
