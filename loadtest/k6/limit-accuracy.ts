// 50 clients against the free tier's 2 calls a second: 2 a second are admitted, no more, and hardly fewer.

import { check } from 'k6';
import { Counter } from 'k6/metrics';
import type { Options } from 'k6/options';
import { get, keys } from './target.ts';

const LIMIT = Number(__ENV.LIMIT || 2);
const SECONDS = 20;
const admitted = new Counter('admitted');
const refused = new Counter('refused');

export const options: Options = {
  vus: 50,
  duration: `${SECONDS}s`,
  thresholds: {
    admitted: [`count<=${LIMIT * (SECONDS + 1)}`, `count>=${Math.floor(LIMIT * SECONDS * 0.99)}`],
    refused: ['count>0'],
    checks: ['rate==1'],
  },
};

export default function limitAccuracy(): void {
  const response = get('/v2/routes/list', keys.free);
  if (response.status === 200) admitted.add(1);
  if (response.status === 429) refused.add(1);
  check(response, {
    'is admitted or refused, nothing else': ({ status }) => status === 200 || status === 429,
    'a refusal says when to come back': ({ status, headers }) =>
      status === 200 || Number(headers['Retry-After']) >= 1,
  });
}
