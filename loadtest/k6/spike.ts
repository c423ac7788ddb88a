// Ten times the usual rate for half a minute, four times what the plan allows: what is over the limit is refused at once,
// the rest is answered, and afterwards it is as before.

import { check } from 'k6';
import { Counter } from 'k6/metrics';
import type { Options, Scenario } from 'k6/options';
import { ALL_SENT, anyPath, callWithinLimits, get, isAdmitted, isRefused, keys } from './target.ts';

/** Calls a second that the plan of LIVE_KEY allows. */
const LIMIT = Number(__ENV.LIMIT || 50);
const PHASE_SECONDS = Number(__ENV.PHASE_SECONDS || 20);
const SPIKE_SECONDS = 1.5 * PHASE_SECONDS;
/** What is counted in the last second of the spike may stand in the way of the next. */
const PAUSE_SECONDS = 2;

const admitted = new Counter('admitted_in_spike');
const refused = new Counter('refused_in_spike');

const phase = (startSeconds: number, seconds: number, rate: number, exec: string): Scenario => ({
  executor: 'constant-arrival-rate',
  exec,
  startTime: `${startSeconds}s`,
  duration: `${seconds}s`,
  rate,
  timeUnit: '1s',
  preAllocatedVUs: 4 * rate,
});

export const options: Options = {
  scenarios: {
    before: phase(0, PHASE_SECONDS, 0.4 * LIMIT, 'usual'),
    spike: phase(PHASE_SECONDS, SPIKE_SECONDS, 4 * LIMIT, 'spike'),
    after: phase(PHASE_SECONDS + SPIKE_SECONDS + PAUSE_SECONDS, PHASE_SECONDS, 0.4 * LIMIT, 'usual'),
  },
  thresholds: {
    ...ALL_SENT,
    'checks{scenario:before}': ['rate==1'],
    'checks{scenario:spike}': ['rate==1'],
    'checks{scenario:after}': ['rate==1'],
    // A window of a second has one more at either end.
    admitted_in_spike: [`count<=${LIMIT * (SPIKE_SECONDS + 1)}`, `count>=${0.8 * LIMIT * SPIKE_SECONDS}`],
    refused_in_spike: [`count>=${2 * LIMIT * SPIKE_SECONDS}`],
    'http_req_duration{scenario:spike}': ['p(95)<2000'],
    'http_req_duration{scenario:after}': ['p(95)<500'],
  },
};

export function usual(): void {
  callWithinLimits(keys.live);
}

export function spike(): void {
  const answer = get(anyPath(), keys.live);
  if (isAdmitted(answer)) admitted.add(1);
  if (isRefused(answer)) refused.add(1);
  check(answer, {
    'is answered, or refused with when to come back': () => isAdmitted(answer) || isRefused(answer),
  });
}
