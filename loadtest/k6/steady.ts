// A steady rate that the enterprise tier allows: nothing is refused, nothing is slow, every call was sent.

import type { Options } from 'k6/options';
import { ALL_SENT, callWithinLimits, keys } from './target.ts';

export const options: Options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 100),
      timeUnit: '1s',
      duration: __ENV.DURATION || '2m',
      preAllocatedVUs: 50,
    },
  },
  thresholds: { ...ALL_SENT, checks: ['rate==1'], http_req_duration: ['p(95)<500', 'p(99)<1000'] },
};

export default function steady(): void {
  callWithinLimits(keys.enterprise);
}
