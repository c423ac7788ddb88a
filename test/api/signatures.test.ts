// Signatures that are worth something: the attacks that were made on them, what each form takes, and the guide's own
// examples, run as they stand on the page.

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import {
  type Answer,
  call,
  control,
  developerToken,
  inParallel,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  sendJson,
  setFaults,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { bodySigned, hmac, type Signed, type SigningKey, signed } from '../support/signing.ts';
import type { Arrived } from '../support/upstream.ts';

const BODY = '{"amount":1000,"currency":"XOF"}';
const now = () => Math.floor(Date.now() / 1000);
const outcome = ({ status, json }: Answer) => (status < 300 ? status : json.error);
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
let partner: TestPartner;
let key: SigningKey;

beforeAll(async () => {
  partner = await makePartner();
  key = await makeSigningKey(partner.id, 'test');
});

const send = async (path: string, request: Signed) => outcome(await call(path, request));
const pay = (request: Signed) => send('/v1/payments', request);

describe('the attacks on signatures', () => {
  /** What a GET with the empty body's signature once gave away. */
  const constant = (method: string) => bodySigned(key, '', method);

  it("the empty body's signature reads nothing, confirms no payment, and revokes no key", async () => {
    const payment = '{"amount":9900,"currency":"EUR"}';
    const intent = await call('/v1/payment_intents', bodySigned(key, payment));
    expect(intent.status).toBe(201);
    // Nor does a signed body confirm, where another call's body fits as well as none.
    expect(await send(`/v1/payment_intents/${intent.json.id}/confirm`, bodySigned(key, payment))).toBe(
      'invalid_signature',
    );
    const victim = await makeKey(partner.id);
    expect(await send('/v1/payments', constant('GET'))).toBe('invalid_signature');
    expect(await send(`/v1/payment_intents/${intent.json.id}/confirm`, constant('POST'))).toBe(
      'invalid_signature',
    );
    expect(await send(`/v1/payments/${randomUUID()}/refunds`, constant('POST'))).toBe('invalid_signature');
    expect(await send(`/dashboard/api-keys/${victim.id}`, constant('DELETE'))).toBe('invalid_signature');
    expect((await call('/v2/routes/list', { key: victim.secret })).status).toBe(200);
    // Signed whole, the same call confirms it.
    const path = `/v1/payment_intents/${intent.json.id}/confirm`;
    expect(await send(path, signed(key, path, { method: 'POST' }))).toBe(200);
  });

  it('a GET with a body is not signed by that body: its path would be anybody’s', async () => {
    expect(await send('/v1/payments', bodySigned(key, BODY, 'GET'))).toBe('invalid_signature');
  });

  it('the replay guard cannot be taken off', async () => {
    const request = signed(key, '/v1/payments', { method: 'POST', body: BODY });
    const { 'x-api-key': credential = '' } = request.headers;
    const bare = { 'x-api-key': credential, 'content-type': 'application/json' };
    expect(await pay({ ...request, headers: bare })).toBe('invalid_signature');
    const text = ['v2', 'POST', '/v1/payments', request.headers['x-timestamp'], request.headers['x-nonce']];
    expect(await pay({ ...request, body: text.join('\n'), headers: bare })).toBe('invalid_signature');
    expect(await pay(request)).toBe(201);
    expect(await pay(request)).toBe('invalid_signature');
  });

  it('what the earlier form signed, timestamp.nonce.body, is no signature any more: as such, or sent as a body', async () => {
    for (const nonce of ['n1', 'a.b', randomUUID()]) {
      const text = `${now()}.${nonce}.${BODY}`;
      expect(await pay(bodySigned(key, text))).toBe('invalid_signature');
      const stamped = { 'x-timestamp': String(now()), 'x-nonce': nonce };
      const { headers } = bodySigned(key, text);
      expect(await pay({ method: 'POST', body: BODY, headers: { ...headers, ...stamped } })).toBe(
        'invalid_signature',
      );
    }
  });

  it('no nonce moves the boundary to what follows it', async () => {
    const short = `${'a'.repeat(16)}.b`;
    expect(await pay(signed(key, '/v1/payments', { method: 'POST', body: BODY, nonce: short }))).toBe(
      'invalid_signature',
    );
    const request = signed(key, '/v1/payments', { method: 'POST', body: BODY, nonce: 'a'.repeat(20) });
    const moved = { ...request.headers, 'x-nonce': 'a'.repeat(19), 'content-type': 'a\tapplication/json' };
    expect(await pay({ ...request, headers: moved })).toBe('invalid_signature');
  });

  it('a signed POST to /dashboard makes one key, however often it is sent, and not by its body alone', async () => {
    const body = JSON.stringify({ name: 'By signature', environment: 'test' });
    const request = signed(key, '/dashboard/api-keys', { method: 'POST', body });
    const sent = await inParallel(4, 4, () => send('/dashboard/api-keys', request));
    expect(sent.toSorted()).toEqual([201, ...Array(3).fill('invalid_signature')]);
    expect(await send('/dashboard/api-keys', request)).toBe('invalid_signature');
    expect(await send('/dashboard/api-keys', bodySigned(key, body))).toBe('invalid_signature');
    const [made] = await query(
      `SELECT count(*)::int AS n FROM api_key WHERE partner_id = $1 AND name = 'By signature'`,
      [partner.id],
    );
    expect(made?.n).toBe(1);
  });

  it('an envelope that was copied to another key is opened for its own only, also once it was', async () => {
    expect(await pay(signed(key, '/v1/payments', { method: 'POST', body: BODY }))).toBe(201);
    const thief = await makeSigningKey(partner.id, 'test');
    await query(
      'UPDATE api_key SET secret_envelope = (SELECT secret_envelope FROM api_key WHERE key_id = $1) WHERE key_id = $2',
      [key.id, thief.id],
    );
    const borrowed = signed({ id: thief.id, secret: key.secret }, '/v1/payments', {
      method: 'POST',
      body: BODY,
    });
    expect((await call('/v1/payments', borrowed)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('a request that is signed whole', () => {
  const target = '/v1/payments?limit=2&limit=1';
  const options = { method: 'POST', body: BODY, once: 'order-1042' };
  const fresh = () => signed(key, target, { ...options, once: randomUUID() });

  it('is refused beside a key: neither is believed', async () => {
    const other = await makeKey((await makePartner()).id, { environment: 'test' });
    const request = signed(key, '/v1/payment_intents');
    const headers = { ...request.headers, authorization: `Bearer ${other.secret}` };
    const { status, json } = await call('/v1/payment_intents', { ...request, headers });
    expect([status, json.error]).toEqual([401, 'invalid_auth_format']);
  });

  it('gets through as it is, and with any change of it does not', async () => {
    const other = await makeSigningKey(partner.id, 'test');
    const withHeader = (name: string, value: string) => (request: Signed) =>
      call(target, { ...request, headers: { ...request.headers, [name]: value } });
    const without = (name: string) => (request: Signed) => {
      const { [name]: _, ...headers } = request.headers;
      return call(target, { ...request, headers });
    };
    const changes: Record<string, (request: Signed) => Promise<Answer>> = {
      path: (request) => call(target.replace('payments', 'payment_intents'), request),
      'path, encoded otherwise': (request) => call(target.replace('payments', 'payment%73'), request),
      'query, its value': (request) => call(`${target}0`, request),
      'query, its order': (request) => call('/v1/payments?limit=1&limit=2', request),
      'query, left out': (request) => call('/v1/payments', request),
      'query, added to': (request) => call(`${target}&`, request),
      method: (request) => call(target, { ...request, method: 'GET', body: undefined }),
      'body, one byte more': (request) => call(target, { ...request, body: `${BODY} ` }),
      'body, another amount': (request) => call(target, { ...request, body: BODY.replace('1000', '9000') }),
      'body, left out': (request) => call(target, { ...request, body: undefined }),
      'content type': withHeader('content-type', 'application/x-www-form-urlencoded'),
      'no content type': without('content-type'),
      'idempotency key': withHeader('idempotency-key', 'order-1043'),
      'no idempotency key': without('idempotency-key'),
      timestamp: withHeader('x-timestamp', String(now() + 60)),
      'no timestamp': without('x-timestamp'),
      nonce: withHeader('x-nonce', randomUUID()),
      'no nonce': without('x-nonce'),
      version: withHeader('x-signature-version', '1'),
      'no version': without('x-signature-version'),
      'key, another of the partner': (request) =>
        withHeader('x-api-key', (request.headers['x-api-key'] ?? '').replace(key.id, other.id))(request),
      'a list of headers': withHeader('x-signature-headers', 'content-type'),
      signature: (request) =>
        withHeader('x-api-key', `${key.id}:${hmac('v2:sk_test_guessed', BODY)}`)(request),
    };
    for (const [what, change] of Object.entries(changes)) {
      const answer = await change(fresh());
      // A path that is not offered is nobody's, whoever signed it.
      expect([what, answer.status]).toEqual([what, what === 'path, encoded otherwise' ? 404 : 401]);
    }
    expect(outcome(await call(target, fresh()))).toBe(201);
  });

  describe('with its headers', () => {
    const live = '/v2/stops/x/departures';
    const arrivedAt = (part: string): Promise<Arrived[]> => control('upstream-requests', part);
    /** Each of those that change what is done, those of the sandbox and of a document among them. */
    const CHANGING = {
      'content-digest': 'sha-256=:x:',
      'content-disposition': 'inline',
      'content-encoding': 'gzip',
      'content-language': 'fr',
      'content-md5': 'x',
      'if-match': '"x"',
      'if-modified-since': 'Tue, 24 Nov 2026 00:00:00 GMT',
      'if-none-match': '"x"',
      'if-range': '"x"',
      'if-unmodified-since': 'Tue, 24 Nov 2026 00:00:00 GMT',
      prefer: 'respond-async',
      range: 'bytes=0-1',
      'repr-digest': 'sha-256=:x:',
      'want-content-digest': 'sha-256=1',
      'want-repr-digest': 'sha-256=1',
      'x-sandbox-simulate': 'delay=1',
    };
    const ADDED = {
      accept: 'text/csv',
      'accept-charset': 'latin1',
      'accept-encoding': 'br',
      'accept-language': 'fr',
      'cache-control': 'no-cache',
      pragma: 'no-cache',
      priority: 'u=0',
      'user-agent': 'other',
    };
    let signing: SigningKey;
    beforeAll(async () => {
      signing = await makeSigningKey(partner.id);
    });
    const withHeaders = (request: Signed, headers: Record<string, string>): Signed => ({
      ...request,
      headers: { ...request.headers, ...headers },
    });

    it('no other header reaches an upstream, or the sandbox', () => {
      const match = loadCatalog(DOCUMENTS).match('GET', live);
      const heard = match.found === 'route' ? [...match.route.headers.toUpstream] : [];
      const known = new Set(['content-type', 'idempotency-key', ...Object.keys({ ...CHANGING, ...ADDED })]);
      expect(heard.filter((name) => !known.has(name))).toEqual([]);
      expect(heard.length).toBeGreaterThan(20);
    });

    it.for(Object.entries(CHANGING))(
      '%s, which changes what is done, is signed or refused',
      async ([name, value]) => {
        const more = { [name]: value };
        const added = await call(live, withHeaders(signed(signing, live), more));
        expect([outcome(added), added.json.message]).toEqual([
          'invalid_signature',
          expect.stringContaining(name),
        ]);
        // Not by a name in the list alone, nor by one that was taken out of it.
        const listed = withHeaders(signed(signing, live), { ...more, 'x-signature-headers': name });
        expect(await send(live, listed)).toBe('invalid_signature');
        const unlisted = signed(signing, live, { more });
        delete unlisted.headers['x-signature-headers'];
        expect(await send(live, unlisted)).toBe('invalid_signature');
        // Signed, it may neither be changed, nor repeated, nor left out.
        for (const changed of [`${value} `, `${value}x`, `${value}, ${value}`, '']) {
          const expected = changed.trim() === value ? 200 : 'invalid_signature';
          expect([
            changed,
            await send(live, withHeaders(signed(signing, live, { more }), { [name]: changed })),
          ]).toEqual([changed, expected]);
        }
        const without = signed(signing, live, { more });
        delete without.headers[name];
        expect(await send(live, without)).toBe('invalid_signature');
      },
    );

    it('an upstream hears all that are signed, as they are, and of those that are not none', async () => {
      const { 'accept-encoding': _, ...added } = ADDED;
      const more = { ...CHANGING, ...added };
      const heard = async (mark: string, headers: Record<string, string>, also: Record<string, string>) => {
        const target = `${live}?mark=${mark}`;
        expect(await send(target, withHeaders(signed(signing, target, { more: headers }), also))).toBe(200);
        return (await arrivedAt(`mark=${mark}`))[0]?.headers ?? {};
      };
      const { 'x-sandbox-simulate': __, ...passed } = more;
      expect(await heard('signed-all', more, {})).toMatchObject({ ...passed, 'accept-encoding': 'identity' });
      const proxies = {
        'sec-fetch-mode': 'cors',
        traceparent: '00-1-2-01',
        'x-forwarded-host': 'evil.example',
      };
      const plain = await heard('signed-none', {}, { ...ADDED, ...proxies, 'x-mine': 'undeclared' });
      expect(
        Object.keys(plain).filter((name) => name in ADDED || name in proxies || name === 'x-mine'),
      ).toEqual(['accept-encoding', 'traceparent', 'x-forwarded-host']);
      expect(plain).toMatchObject({
        'accept-encoding': 'identity',
        'x-forwarded-host': new URL(stack.url).host,
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      });
    });

    it('what is kept for one is not kept by a header that nobody signed', async () => {
      const target = '/v2/routes/list?signed=cache';
      const ask = async (more: Record<string, string>, also: Record<string, string>) =>
        (await call(target, withHeaders(signed(signing, target, { more }), also))).headers['x-cache-hit'];
      expect(await ask({}, {})).toBe('false');
      expect(await ask({}, { 'accept-language': 'fr', 'cache-control': 'no-cache' })).toBe('true');
      expect(await ask({ 'accept-language': 'fr' }, {})).toBe('false');
      expect(await ask({ 'cache-control': 'no-cache' }, {})).toBe('false');
    });

    it('none that is signed is taken away by Connection', async () => {
      const more = { prefer: 'wait=5' };
      for (const name of ['Prefer', 'Idempotency-Key', 'Content-Type']) {
        const answer = await call(
          live,
          withHeaders(signed(signing, live, { more }), { connection: `close, ${name}` }),
        );
        expect([name, outcome(answer), answer.json.message]).toEqual([
          name,
          'invalid_signature',
          expect.stringContaining(name.toLowerCase()),
        ]);
      }
      expect(await send(live, withHeaders(signed(signing, live, { more }), { connection: 'close' }))).toBe(
        200,
      );
    });
  });

  it('may be 5 minutes off, and no more', async () => {
    const at = (seconds: number) => pay(signed(key, '/v1/payments', { method: 'POST', body: BODY, seconds }));
    expect(await at(now() - 280)).toBe(201);
    expect(await at(now() + 280)).toBe(201);
    expect(await at(now() - 320)).toBe('invalid_signature');
    expect(await at(now() + 320)).toBe('invalid_signature');
  });

  it('works without a body, for every method', async () => {
    expect(await send('/v1/payments', signed(key, '/v1/payments'))).toBe(200);
    expect(await send('/v1/payments', signed(key, '/v1/payments', { method: 'HEAD' }))).toBe(200);
    expect(await send('/dashboard/me', signed(key, '/dashboard/me'))).toBe(200);
    const victim = await makeKey(partner.id, { environment: 'test' });
    const path = `/dashboard/api-keys/${victim.id}`;
    expect(await send(path, signed(key, path, { method: 'DELETE' }))).toBe(200);
  });
});

describe('a nonce', () => {
  const at = (target: string, nonce: string) => send(target, signed(key, target, { nonce }));

  it('lets one of 16 calls at once through: at the gateway, at /dashboard, and of both together', async () => {
    for (const targets of [['/v1/payments'], ['/dashboard/me'], ['/v1/payments', '/dashboard/me']]) {
      const nonce = randomUUID();
      const answers = await inParallel(16, 16, (i) => at(targets[i % targets.length] ?? '', nonce));
      expect(answers.filter((each) => each === 200)).toHaveLength(1);
      expect(answers.filter((each) => each === 'invalid_signature')).toHaveLength(15);
    }
  });

  it('that was used on one surface is used on the other', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    expect([await at('/v1/payments', one), await at('/dashboard/me', one)]).toEqual([
      200,
      'invalid_signature',
    ]);
    expect([await at('/dashboard/me', two), await at('/v1/payments', two)]).toEqual([
      200,
      'invalid_signature',
    ]);
  });

  it('is refused on every surface while nobody can say whether it was used', async () => {
    // Known to this edge, so that only the key's object is missing.
    expect(await at('/v1/payments', randomUUID())).toBe(200);
    await setFaults({ limiterDown: true });
    try {
      expect(await at('/dashboard/me', randomUUID())).toBe('limiter_unavailable');
      expect(await at('/v1/payments', randomUUID())).toBe('limiter_unavailable');
    } finally {
      await setFaults({ limiterDown: false });
    }
  });
});

describe('the form of the source document', () => {
  it('works for a call with a body, and its answer names the better one', async () => {
    const answer = await call('/v1/payments', bodySigned(key, BODY));
    expect(answer.status).toBe(201);
    expect(answer.headers.link).toContain('</docs/signing>; rel="help"');
    const whole = await call('/v1/payments', signed(key, '/v1/payments', { method: 'POST', body: BODY }));
    expect([whole.status, whole.headers.link]).toEqual([201, undefined]);
  });

  it('is refused, at once, where the key, or an operator for its partner, wants the whole request', async () => {
    const theirs = await makePartner();
    const signing = await makeSigningKey(theirs.id, 'test');
    const { id, secret } = signing;
    const dev = { headers: { authorization: `Bearer ${await developerToken(theirs)}` } };
    const byBody = () => pay(bodySigned(signing, BODY));
    const whole = () => pay(signed({ id, secret }, '/v1/payments', { method: 'POST', body: BODY }));
    expect([await byBody(), await whole()]).toEqual([201, 201]);

    const setKey = (signature_rule: string) =>
      sendJson(`/api/dev/keys/${id}`, 'PATCH', { signature_rule }, dev);
    expect((await setKey('bound')).json.signature_rule).toBe('bound');
    expect([await byBody(), await whole()]).toEqual(['invalid_signature', 201]);
    expect((await setKey('either')).status).toBe(400);
    await setKey('any');
    expect(await byBody()).toBe(201);

    const setPartner = (signature_rule: string, reason?: string) =>
      sendJson(`/api/admin/partners/${theirs.id}/signatures`, 'PUT', { signature_rule, reason }, operator);
    expect((await setPartner('bound')).status).toBe(400);
    expect((await setPartner('bound', 'takes payments')).json.signature_rule).toBe('bound');
    expect([await byBody(), await whole()]).toEqual(['invalid_signature', 201]);
    // Typed into psql, it is known as well.
    await query(`UPDATE partner SET signature_rule = 'any' WHERE id = $1`, [theirs.id]);
    const [entry] = await query(
      `SELECT details FROM dev_portal_audit WHERE partner_id = $1 AND action = 'partner.signatures_changed'`,
      [theirs.id],
    );
    expect(entry?.details).toEqual({ rule: 'bound', reason: 'takes payments' });
  });

  it('is that of keys made as the source document makes them, unless their maker says otherwise', async () => {
    const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'A' }, dev)).json.id;
    const wanted = { key_type: 'api_key', environment: 'test', name: 'S' };
    const make = async (more: object) =>
      (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', { ...wanted, ...more }, dev)).json;
    const [plain, bound] = [await make({}), await make({ signature_rule: 'bound' })];
    expect([plain.signature_rule, bound.signature_rule]).toEqual(['any', 'bound']);
    expect(await pay(bodySigned({ id: plain.key_id, secret: plain.secret }, BODY))).toBe(201);
    const refused = await call('/v1/payments', bodySigned({ id: bound.key_id, secret: bound.secret }, BODY));
    expect([refused.json.error, refused.json.message]).toEqual([
      'invalid_signature',
      expect.stringContaining('/docs/signing'),
    ]);
  });
});

describe('the examples of the guide, run as they stand on its page', () => {
  const RUN: Record<string, readonly [program: string, ...options: string[]]> = {
    curl: ['sh', '-c'],
    JavaScript: [process.execPath, '--input-type=module', '-e'],
    Python: ['python3', '-c'],
  };
  const ENTITIES: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' };
  const example = async (language: string, name: string, at = 0): Promise<string> => {
    const { text } = await call('/docs/signing', { headers: { 'accept-language': language } });
    const found = [...text.matchAll(/<pre data-label="(\w+)"[^>]*><code>([\s\S]*?)<\/code>/g)];
    const code = found.filter(([, label]) => label === name)[at]?.[2] ?? '';
    return code.replace(/&(quot|#39|lt|gt|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '');
  };
  const run = async (name: string, code: string, { id, secret }: SigningKey): Promise<string> => {
    const [program = '', ...options] = RUN[name] ?? [];
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, KEY_ID: id, SECRET: secret };
    return (await promisify(execFile)(program, [...options, code], { env })).stdout;
  };
  const statuses = (printed: string) =>
    [...printed.matchAll(/^(?:HTTP\/1.1 )?(\d{3})\b/gm)].map(([, status]) => Number(status));

  it.for(Object.keys(RUN))(
    '%s takes a payment and lists it, with a key that takes nothing less',
    async (name) => {
      const strict = await makeSigningKey(partner.id, 'test');
      await query(`UPDATE api_key SET signature_rule = 'bound' WHERE key_id = $1`, [strict.id]);
      const code = await example('en', name);
      expect(code).toContain('/v1/payments');
      expect(await example('fr', name)).toBe(code);
      const printed = await run(name, code, strict);
      expect([statuses(printed), printed.includes('has_more')]).toEqual([[201, 200], true]);
    },
  );

  it('curl signs the body alone, as the source document shows it', async () => {
    expect(statuses(await run('curl', await example('en', 'curl', 1), key))).toEqual([201]);
  });
});
