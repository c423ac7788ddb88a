// Ten times the usual rate for half a minute: refusals are quick, and it recovers.

import type { Options } from 'k6/options';
import { callMix, keys } from './target.ts';

export const options: Options = {
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: 20,
      timeUnit: '1s',
      preAllocatedVUs: 200,
      stages: [
        { target: 20, duration: '20s' },
        { target: 200, duration: '5s' },
        { target: 200, duration: '30s' },
        { target: 20, duration: '5s' },
        { target: 20, duration: '20s' },
      ],
    },
  },
  thresholds: { checks: ['rate==1'], http_req_duration: ['p(95)<2000'] },
};

export default function spike(): void {
  callMix(keys.enterprise);
}
