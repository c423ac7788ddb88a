// Admitted = billed, for any bytes: the attacks as they were made, and any bytes anywhere in any request.

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type CallOptions,
  call,
  control,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  setFaults,
} from '../support/api.ts';
import { sendRaw } from '../support/raw.ts';

afterEach(() =>
  setFaults({ queueDown: false, queueBytes: 0, queueTwice: false, dies: { step: 'none', times: 0 } }),
);

const ROUTE = '/v2/stops/x/departures';
const POISON = `${'a'.repeat(199)}😀`;
/** Node sends header values as latin1: the bytes of UTF-8, one letter each. */
const utf8Header = (text: string): string => Buffer.from(text).toString('latin1');

interface Billed {
  calls: number;
  events: number;
  rollups: number;
  day: number;
  month: number;
}

async function billed(partnerId: string): Promise<Billed> {
  const [row] = await query<Billed & Record<string, number>>(
    `SELECT (SELECT count(*) FROM api_usage_events WHERE partner_id = $1)::int AS calls,
       (SELECT coalesce(sum(units), 0) FROM api_usage_events WHERE partner_id = $1)::int AS events,
       (SELECT coalesce(sum(units), 0) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS rollups,
       (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int AS day,
       (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly')::int AS month`,
    [partnerId],
  );
  if (!row) throw new Error('no row');
  return row;
}

/** `calls` of them events, `units` of them billed, and then no more. */
async function expectBilled(partnerId: string, units: number, calls = units): Promise<void> {
  const found = await eventually(
    () => billed(partnerId),
    (now) => now.calls >= calls && now.events >= units,
    60_000,
  );
  expect(found).toEqual({ calls, events: units, rollups: units, day: units, month: units });
}

async function victim() {
  const partner = await makePartner({ day: 1_000_000 });
  const key = (await makeKey(partner.id)).secret;
  expect((await call(ROUTE, { key })).status).toBe(200);
  return { partner, key };
}

const operatorLetters = async (): Promise<number> =>
  Number((await query('SELECT count(*) AS n FROM dead_letter'))[0]?.n);

describe('one request of an attacker, in the second of ten live calls of somebody else', () => {
  const attacks: Record<string, () => Promise<[path: string, options: CallOptions, status: number]>> = {
    'with an agent of 199 letters and an emoji, by a test key': async () => {
      const key = (await makeKey((await makePartner()).id, { environment: 'test' })).secret;
      return ['/v2/none', { key, headers: { 'user-agent': utf8Header(POISON) } }, 404];
    },
    'with that agent, by a revoked key': async () => {
      const key = (await makeKey((await makePartner()).id, { set: { is_active: false } })).secret;
      return [ROUTE, { key, headers: { 'user-agent': utf8Header(POISON) } }, 401];
    },
    "with that agent, by somebody's signing id and a wrong signature": async () => {
      const { id } = await makeSigningKey((await makePartner()).id);
      const headers = { 'user-agent': utf8Header(POISON), 'x-api-key': `${id}:${'0'.repeat(64)}` };
      return [ROUTE, { headers }, 401];
    },
    'with a method of eleven letters': async () => {
      const key = (await makeKey((await makePartner()).id, { environment: 'test' })).secret;
      return [ROUTE, { key, method: 'UNSUBSCRIBE' }, 405];
    },
  };
  it.for(Object.entries(attacks))('%s: all ten are billed', async ([, attack]) => {
    const { partner, key } = await victim();
    const [path, options, status] = await attack();
    const letters = await operatorLetters();
    await inParallel(5, 5, () => call(ROUTE, { key }));
    const answer =
      options.method === 'UNSUBSCRIBE'
        ? await sendRaw(
            Buffer.from(
              `UNSUBSCRIBE ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${options.key}\r\nConnection: close\r\n\r\n`,
            ),
          )
        : (await call(path, options)).status;
    // The runtime may know fewer methods than a server in front of it.
    expect(options.method === 'UNSUBSCRIBE' ? [status, 501, 400] : [status]).toContain(answer);
    await inParallel(5, 5, () => call(ROUTE, { key }));
    await expectBilled(partner.id, 11);
    expect(await operatorLetters()).toBe(letters);
  });
});

it('every tenth of a hundred own live calls with such an agent: all hundred are billed, all with an agent', async () => {
  const { partner, key } = await victim();
  const answers = await inParallel(100, 20, (n) =>
    call(ROUTE, { key, headers: { 'user-agent': n % 10 === 0 ? utf8Header(POISON) : 'plain' } }),
  );
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  await expectBilled(partner.id, 101);
  const agents = await query(
    'SELECT user_agent AS a, count(*)::int AS n FROM api_usage_events WHERE partner_id = $1 GROUP BY 1',
    [partner.id],
  );
  expect(agents).toContainEqual({ a: 'a'.repeat(199), n: 10 });
});

describe('messages of any size', () => {
  const wide = { 'user-agent': utf8Header('中'.repeat(200)) };
  const long = `/v2/stops/${'x'.repeat(240)}/departures`;

  it('200 calls at once with wide agents and long paths are billed', async () => {
    const { partner, key } = await victim();
    const answers = await inParallel(200, 100, () => call(long, { key, headers: wide }));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await expectBilled(partner.id, 201);
  });

  it("140 free 404s of somebody else take none of a neighbour's fourteen calls with them", async () => {
    const { partner, key } = await victim();
    const test = (await makeKey((await makePartner()).id, { environment: 'test' })).secret;
    const nothing = `/v2/none/${'x'.repeat(240)}`;
    await inParallel(154, 77, (n) =>
      n % 11 === 0 ? call(ROUTE, { key }) : call(nothing, { key: test, headers: wide }),
    );
    await expectBilled(partner.id, 15);
  });

  it('what a queue finds too large is halved, what it refuses for a while is kept: nothing is lost', async () => {
    const { partner, key } = await victim();
    await setFaults({ queueBytes: 3000 });
    await inParallel(60, 30, () => call(long, { key, headers: wide }));
    await expectBilled(partner.id, 61);
    await setFaults({ queueBytes: 0, queueDown: true });
    await inParallel(60, 30, () => call(ROUTE, { key }));
    await eventually(
      () => control<string[]>('lines', 'usage not sent'),
      (lines) => lines.some((line) => line.includes(partner.id)),
    );
    await setFaults({ queueDown: false });
    await call(ROUTE, { key });
    await expectBilled(partner.id, 122);
  });
});

/** Any bytes that do not end a line, so that they are in the part that they are put in. */
const anyBytes = (maxLength: number) =>
  fc
    .uint8Array({ maxLength })
    .map((bytes) => Buffer.from(bytes.map((byte: number) => (byte === 10 || byte === 13 ? 0xed : byte))));
const nastyBytes = fc.constantFrom(
  Buffer.from(POISON),
  Buffer.from([0xed, 0xa0, 0xbd]),
  Buffer.from([0]),
  Buffer.from('%00%ed%a0%bd\ud83d'),
  Buffer.from('中'.repeat(300)),
  Buffer.from('"\\{},NULL'),
);
const someBytes = fc.oneof(
  anyBytes(60),
  nastyBytes,
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text)),
);

type Wish = typeof request extends fc.Arbitrary<infer Value> ? Value : never;
const request = fc.record({
  who: fc.constantFrom('live', 'live', 'test', 'revoked', 'unknown', 'signing', 'nobody'),
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST') },
    { weight: 1, arbitrary: fc.constantFrom('UNSUBSCRIBE', 'get', 'QUERY', 'CONNECT') },
    { weight: 1, arbitrary: fc.stringMatching(/^[A-Z-]{1,20}$/) },
  ),
  path: fc.oneof(
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(ROUTE, '/v2/routes/list', '/v2/none', `${ROUTE}?upstream=fail`)
        .map((text) => Buffer.from(text)),
    },
    {
      weight: 1,
      arbitrary: someBytes.map((bytes) =>
        Buffer.concat([Buffer.from('/v2/stops/'), bytes, Buffer.from('/departures')]),
      ),
    },
  ),
  query: fc.option(someBytes, { freq: 1 }),
  agent: fc.option(someBytes),
  ip: fc.option(
    fc.oneof(
      someBytes,
      fc.ipV6().map((ip) => Buffer.from(ip)),
      fc.constant(Buffer.from('fe80::1%eth0')),
    ),
  ),
  length: fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('0', '-1', '9007199254740993', '1e9', 'x', '18446744073709551616'),
    },
  ),
  header: fc.tuple(fc.stringMatching(/^[a-z-]{1,12}$/), someBytes),
});

it('any bytes in any header, path, query and method, good and bad callers mixed: admitted = events = rollups = quota', async () => {
  const partner = await makePartner({ day: 1_000_000 });
  const signing = await makeSigningKey(partner.id);
  const keys: Record<string, string> = {
    live: `Authorization: Bearer ${(await makeKey(partner.id)).secret}`,
    test: `Authorization: Bearer ${(await makeKey((await makePartner()).id, { environment: 'test' })).secret}`,
    revoked: `Authorization: Bearer ${(await makeKey(partner.id, { set: { is_active: false } })).secret}`,
    unknown: `Authorization: Bearer pk_live_${randomBytes(32).toString('hex')}`,
    signing: `X-API-Key: ${signing.id}:${'0'.repeat(64)}`,
    nobody: 'X-Nobody: 1',
  };
  const secret = keys.live?.split(' ').at(-1) ?? '';
  const letters = await operatorLetters();
  const toBytes = ({ who, method, path, query: search, agent, ip, length, header }: Wish) => {
    const line = (name: string, value: Buffer | null) =>
      value === null ? [] : [Buffer.from(`${name}: `), value, Buffer.from('\r\n')];
    return Buffer.concat([
      Buffer.from(`${method} `),
      // A space would end the target.
      Buffer.from(path.map((byte: number) => (byte === 32 ? 0xc3 : byte))),
      ...(search === null
        ? []
        : [Buffer.from('?q='), Buffer.from(search.map((byte: number) => (byte === 32 ? 0xff : byte)))]),
      Buffer.from(` HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${keys[who]}\r\n`),
      ...line('User-Agent', agent),
      ...line('CF-Connecting-IP', ip),
      ...line('Content-Length', length === null ? null : Buffer.from(length)),
      ...line(`X-${header[0]}`, header[1]),
      Buffer.from('\r\n'),
    ]);
  };
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 80, size: 'max' }),
      fc.record({ queueTwice: fc.boolean(), queueBytes: fc.constantFrom(0, 0, 2500) }),
      async (requests, faults) => {
        await setFaults(faults);
        const statuses = await inParallel(requests.length, 20, (n) => {
          const wish = requests[n];
          return wish ? sendRaw(toBytes(wish), 3000) : Promise.resolve(0);
        });
        answered += statuses.filter((status) => status > 0).length;
        const admitted = async () =>
          (await call('/dashboard/quota', { key: secret })).json.rate_limits.day.used as number;
        const found = await eventually(
          async () => ({ admitted: await admitted(), ...(await billed(partner.id)) }),
          (now) => now.admitted === now.events && now.events === now.day,
          8000,
        );
        const { admitted: units } = found;
        expect(found).toMatchObject({
          admitted: units,
          events: units,
          rollups: units,
          day: units,
          month: units,
        });
      },
    ),
    { numRuns: 10, endOnFailure: true },
  );
  expect(answered).toBeGreaterThan(100);
  expect((await billed(partner.id)).events).toBeGreaterThan(0);
  expect(await operatorLetters()).toBe(letters);
}, 120_000);
