// Fifty calls at once, again and again, against the free tier's 2 a second: in no second, wherever it begins, are more
// admitted, and hardly fewer over the whole time.

import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { type Admitted, worstSecond } from './sliding-second.ts';
import { getAtOnce, isAdmitted, isRefused, keys } from './target.ts';

const LIMIT = Number(__ENV.LIMIT || 2);
const SECONDS = Number(__ENV.SECONDS || 20);
const AT_ONCE = 50;
const PATH = __ENV.LIMIT_PATH || '/v2/routes/list';

const admitted = new Counter('admitted');
const refused = new Counter('refused');
const inOneSecond = new Trend('admitted_in_one_second');

export const options: Options = {
  // One client, so that it sees all answers: it sends in batches.
  vus: 1,
  iterations: 1,
  batch: AT_ONCE,
  batchPerHost: AT_ONCE,
  thresholds: {
    admitted: [`count<=${LIMIT * (SECONDS + 1)}`, `count>=${Math.floor(LIMIT * SECONDS * 0.95)}`],
    admitted_in_one_second: [`max<=${LIMIT}`, `max>=${LIMIT}`],
    refused: ['count>0'],
    checks: ['rate==1'],
  },
};

export default function limitAccuracy(): void {
  const calls: Admitted[] = [];
  const endMs = Date.now() + SECONDS * 1000;
  while (Date.now() < endMs) {
    const sentMs = Date.now();
    const answers = getAtOnce(PATH, keys.free, AT_ONCE);
    const answeredMs = Date.now();
    for (const answer of answers) {
      if (isAdmitted(answer)) calls.push({ sentMs, answeredMs });
      if (isRefused(answer)) refused.add(1);
      check(answer, {
        'is admitted, or refused with when to come back': () => isAdmitted(answer) || isRefused(answer),
      });
    }
  }
  admitted.add(calls.length);
  inOneSecond.add(worstSecond(calls));
}
