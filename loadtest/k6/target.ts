// Where the load goes and with which keys: BASE_URL, PATHS and the *_KEY variables, or .local/demo.json of a running
// `npm start`.

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
  /** Of a plan with two calls a second. */
  free: required('FREE_KEY', __ENV.FREE_KEY || demo?.keys.free),
  /** Of a plan with fifty. */
  live: required('LIVE_KEY', __ENV.LIVE_KEY || demo?.keys.live),
  /** Of a plan with a thousand. */
  enterprise: required('ENTERPRISE_KEY', __ENV.ENTERPRISE_KEY || demo?.keys.enterprise),
};

/** They exist in the sandbox, too: an upstream of your own has others (`PATHS=/v1/a,/v1/b`). */
const PATHS = (
  __ENV.PATHS ||
  [
    '/v2/stops/search?q=colobane',
    '/v2/stops/nearby?lat=14.6942&lon=-17.4443',
    '/v2/routes/list?mode=BUS',
    '/v2/stops/D:HANN/departures?time=08:00',
  ].join(',')
).split(',');

type Answer = RefinedResponse<ResponseType>;

export const anyPath = (): string => PATHS[Math.floor(Math.random() * PATHS.length)] ?? '/';

const paramsOf = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
export const get = (path: string, key: string): Answer => http.get(BASE_URL + path, paramsOf(key));
/** As many of one path, sent at once. */
export const getAtOnce = (path: string, key: string, calls: number): Answer[] =>
  http.batch(
    Array.from({ length: calls }, () => ({
      method: 'GET' as const,
      url: BASE_URL + path,
      params: paramsOf(key),
    })),
  );

export const isAdmitted = ({ status }: Answer): boolean => status === 200;
export const isRefused = ({ status, headers }: Answer): boolean =>
  status === 429 && Number(headers['Retry-After']) >= 1;
/** Where there is a quota; a plan without one says -1. */
export const saysWhatIsLeft = ({ headers }: Answer): boolean =>
  headers['X-Ratelimit-Remaining-Day'] !== undefined;

/** One call of the usual mix, within the limits: it has to be answered. */
export function callWithinLimits(key: string): Answer {
  const answer = get(anyPath(), key);
  check(answer, { 'is answered': isAdmitted, 'says what is left': saysWhatIsLeft });
  return answer;
}

/** Every planned call was sent: a generator that cannot keep up measures itself. */
export const ALL_SENT = { dropped_iterations: ['count==0'] };
