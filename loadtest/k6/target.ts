// Where the load goes and with which keys: BASE_URL and the *_KEY variables, or .local/demo.json of a running `npm start`.

import { check } from 'k6';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';

interface Demo {
  url: string;
  keys: { live: string; test: string; free: string; enterprise: string };
}

function readDemo(): Demo | undefined {
  try {
    return JSON.parse(open('../../.local/demo.json'));
  } catch {
    return undefined;
  }
}

const demo = readDemo();

function required(name: string, value: string | undefined): string {
  if (!value) throw new Error(`Set ${name}, or run npm start first (it writes .local/demo.json)`);
  return value;
}

export const BASE_URL = required('BASE_URL', __ENV.BASE_URL || demo?.url);
export const keys = {
  test: required('TEST_KEY', __ENV.TEST_KEY || demo?.keys.test),
  free: required('FREE_KEY', __ENV.FREE_KEY || demo?.keys.free),
  enterprise: required('ENTERPRISE_KEY', __ENV.ENTERPRISE_KEY || demo?.keys.enterprise),
};

const PATHS = [
  '/v2/stops/search?q=colobane',
  '/v2/stops/nearby?lat=14.6942&lon=-17.4443',
  '/v2/routes/list?mode=BUS',
  '/v2/stops/D:HANN/departures?time=08:00',
  '/v2/route-search?from=14.6731,-17.4335&to=14.7762,-17.3944&time=08:00',
];

export const get = (path: string, key: string): RefinedResponse<ResponseType> =>
  http.get(BASE_URL + path, { headers: { Authorization: `Bearer ${key}` } });

/** One call of the usual mix. */
export function callMix(key: string): void {
  const path = PATHS[Math.floor(Math.random() * PATHS.length)] ?? '/v2/routes/list';
  const response = get(path, key);
  check(response, {
    'is answered or refused by a limit': ({ status }) => status === 200 || status === 429,
    'says what is left': ({ headers }) => headers['X-Ratelimit-Remaining-Day'] !== undefined,
  });
}
