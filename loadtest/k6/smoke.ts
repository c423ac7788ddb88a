// A minute's look: everything answers.

import type { Options } from 'k6/options';
import { callMix, keys } from './target.ts';

export const options: Options = {
  vus: 2,
  duration: '20s',
  thresholds: { checks: ['rate==1'], http_req_duration: ['p(95)<1000'] },
};

export default function smoke(): void {
  callMix(keys.test);
}
