// Twenty seconds' look: everything is answered, with what is left of the limits.

import { sleep } from 'k6';
import type { Options } from 'k6/options';
import { callWithinLimits, keys } from './target.ts';

export const options: Options = {
  vus: 2,
  duration: '20s',
  thresholds: { checks: ['rate==1'], http_reqs: ['count>=20'], http_req_duration: ['p(95)<1000'] },
};

export default function smoke(): void {
  callWithinLimits(keys.test);
  sleep(1);
}
