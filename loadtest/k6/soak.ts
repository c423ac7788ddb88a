// Half an hour at a moderate rate: latency at the end is latency at the beginning.

import type { Options } from 'k6/options';
import { callMix, keys } from './target.ts';

export const options: Options = {
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 50),
      timeUnit: '1s',
      duration: __ENV.DURATION || '30m',
      preAllocatedVUs: 50,
    },
  },
  thresholds: { checks: ['rate>0.9999'], http_req_duration: ['p(99)<1000'] },
};

export default function soak(): void {
  callMix(keys.enterprise);
}
