// Whoever breaks off is billed for what was admitted, at whatever moment of the call.

import { expect, it } from 'vitest';
import { call, control, eventually, inParallel, makeKey, makePartner, query } from '../support/api.ts';
import { openSocket, wait } from '../support/raw.ts';

const countsOf = async (partnerId: string) => {
  const [row] = await query<{ events: number; units: number; rollups: number; quota: number }>(
    `SELECT (SELECT count(*) FROM api_usage_events WHERE partner_id = $1)::int AS events,
       (SELECT coalesce(sum(units), 0) FROM api_usage_events WHERE partner_id = $1)::int AS units,
       (SELECT coalesce(sum(units), 0) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS rollups,
       (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int AS quota`,
    [partnerId],
  );
  return row ?? { events: 0, units: 0, rollups: 0, quota: 0 };
};

interface Breaking {
  /** Bytes of the request that are sent at all. */
  share: number;
  afterMs: number;
  how: 'reset' | 'end' | 'destroy';
}

async function breakOff(request: string, { share, afterMs, how }: Breaking): Promise<void> {
  const socket = await openSocket();
  socket.write(request.slice(0, Math.ceil(request.length * share)));
  await wait(afterMs);
  if (how === 'reset') socket.resetAndDestroy();
  else if (how === 'end') {
    // Half closed: whoever says no more may still listen.
    socket.end();
    await wait(300);
  }
  socket.destroy();
}

it('300 clients that break off at every moment of a call: admitted = events = rollups = quota', async () => {
  const partner = await makePartner({ day: 1_000_000 });
  const key = (await makeKey(partner.id)).secret;
  const body = JSON.stringify({ amount: 100, currency: 'XOF', note: 'x'.repeat(3000) });
  const head = (method: string, path: string) =>
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n`;
  const requests = [
    `${head('GET', '/v2/stops/gone/departures?upstream=delay&ms=120')}\r\n`,
    `${head('GET', '/v2/stops/gone/departures?upstream=trickle&ms=120')}\r\n`,
    `${head('HEAD', '/v2/stops/gone/departures?upstream=delay&ms=60')}\r\n`,
    `${head('GET', '/v2/stops/gone/departures?upstream=large')}\r\n`,
    `${head('GET', '/v2/stops/gone/departures?upstream=fail')}\r\n`,
    `${head('POST', '/v1/payment_intents?upstream=delay&ms=120&of=/gone')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  ];
  // Warm, so that moments are moments of the call.
  expect((await call('/v2/stops/warm/departures', { key })).status).toBe(200);
  const hows = ['reset', 'reset', 'destroy', 'end'] as const;
  await inParallel(300, 20, async (n) => {
    const request = requests[n % requests.length] ?? '';
    const share = n % 10 === 9 ? 0.5 : 1;
    await breakOff(request, { share, afterMs: (n * 7) % 200, how: hows[Math.floor(n / 6) % 4] ?? 'reset' });
  });
  const used = async (): Promise<number> =>
    (await call('/dashboard/quota', { key })).json.rate_limits.day.used;
  const settled = await eventually(
    async () => ({ used: await used(), ...(await countsOf(partner.id)) }),
    ({ used: admitted, units, quota }) => admitted === units && units === quota && units > 100,
    30_000,
  );
  // What the upstream failed was given back.
  const arrived = await control<{ url: string }[]>('upstream-requests', '/gone');
  const reached = arrived.filter(({ url }) => !url.includes('upstream=fail')).length;
  // And the one that warmed.
  expect(settled.used).toBe(reached + 1);
  expect(settled.units).toBe(settled.used);
  expect([settled.rollups, settled.quota]).toEqual([settled.units, settled.units]);
}, 60_000);

it.for([
  ['destroy', 'Content-Length: 50\r\n\r\n{"amount":100}'],
  ['end', 'Content-Length: 50\r\n\r\n{"amount":100}'],
  ['reset', 'Content-Length: 50\r\n\r\n{"amount":100}'],
  ['end', 'Transfer-Encoding: chunked\r\n\r\ne\r\n{"amount":100}\r\n'],
] as const)(
  'a body that is broken off (%s, %s) reaches no upstream as a whole one, and is not billed',
  async ([how, rest]) => {
    const partner = await makePartner();
    const key = (await makeKey(partner.id)).secret;
    const at = `/cut-${partner.id}`;
    const head = `POST /v1/payment_intents?of=${at} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n`;
    const request = `${head}Content-Type: application/json\r\n${rest}`;
    await breakOff(request, { share: 1, afterMs: 300, how });
    const events = () =>
      query<{ status_code: number; error: string | null; units: number }>(
        'SELECT status_code, error, units FROM api_usage_events WHERE partner_id = $1',
        [partner.id],
      );
    const [event] = await eventually(events, (rows) => rows.length > 0, 10_000);
    expect(event).toEqual({ status_code: 400, error: 'invalid_request', units: 0 });
    expect(await control('upstream-requests', at)).toEqual([]);
  },
);
