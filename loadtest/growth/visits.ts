// What is done to a grown installation while its statements are explained: a developer looks at every page of usage, calls
// come and are folded, and the nightly comparison runs.

import { LOGINS } from '../../src/dev/demo.ts';
import type { Stack } from '../../src/dev/stack.ts';

const CALLS = 300;
/** Calls are folded by then: the buffer's second, the queue's, and a statement. */
const FOLDED_AFTER_MS = 6000;

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** The cookie of a developer who has signed in. */
async function signIn(url: string): Promise<string> {
  const { email, password } = LOGINS.developer;
  const answer = await fetch(`${url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email, password }).toString(),
  });
  if (answer.status !== 303) throw new Error(`the sign-in answered ${answer.status}`);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0] ?? '')
    .join('; ');
}

export async function pagesOfUsage(
  url: string,
  keyId: string,
  requestId: string,
  day: string,
): Promise<void> {
  const cookie = await signIn(url);
  const ranges = ['range=24h', 'range=7d', 'range=30d', `from=${day}&to=${day}`];
  const filters = ['', `&key=${keyId}`, '&route=/v2/route-1'];
  const requests = [
    'outcome=limited',
    'status=429',
    'error=rate_limit_exceeded',
    'country=SN',
    `before=${requestId}`,
  ];
  const paths = [
    '/portal',
    ...ranges.flatMap((range) => filters.map((filter) => `/portal/usage?${range}${filter}`)),
    '/portal/usage.csv?range=30d',
    '/portal/usage/checks',
    ...filters.map((filter) => `/portal/requests?range=30d${filter}`),
    ...requests.map((filter) => `/portal/requests?range=30d&${filter}`),
    `/portal/requests/rows?range=24h&after=${requestId}`,
    `/portal/requests/${requestId}`,
  ];
  for (const path of paths) {
    const answer = await fetch(url + path, { headers: { cookie } });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
  }
}

export async function callsAreFolded({ url, demo }: Stack): Promise<void> {
  const keys = [demo.keys.live, demo.keys.enterprise, demo.keys.test];
  for (let n = 0; n < CALLS; n++) {
    const authorization = `Bearer ${keys[n % keys.length]}`;
    await (await fetch(`${url}/v2/stops/search?q=colobane`, { headers: { authorization } })).arrayBuffer();
  }
  await sleep(FOLDED_AFTER_MS);
}

export const nightly = (stack: Stack): Promise<void> => stack.fireCron('10 2 * * *');
