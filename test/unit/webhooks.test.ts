// Signatures by the published vectors, the schedule, and where webhooks may never go.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/core/public-address.ts';
import { EVENT_TYPES, eventTypes, schemaOf } from '../../src/outbox/event-types.ts';
import { RETRY_SECONDS, retryDelay } from '../../src/webhooks/schedule.ts';
import { newSecret, signatureOf, signedHeaders } from '../../src/webhooks/signature.ts';
import { createResolver, createTargetGuard, judgeUrl } from '../../src/webhooks/target-guard.ts';

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

describe('signatures', () => {
  // The vector of the specification and of its reference libraries.
  it('are those of the specification', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = '{"test": 2432232314}';
    expect(await signatureOf(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });
  it.for(['{}', '{"a":"é — 1 234 €"}', '', 'x'.repeat(100_000)])(
    'the library agrees about %#',
    async (body) => {
      const secret = newSecret(random);
      const at = new Date();
      const signed = await signatureOf(secret, 'id', Math.floor(at.getTime() / 1000), body);
      expect(new Webhook(secret).sign('id', at, body)).toBe(signed);
    },
  );
  it('while a secret is rotated, either verifies; another does not, nor a changed body', async () => {
    const [old, fresh, other] = [newSecret(random), newSecret(random), newSecret(random)];
    const body = '{"type":"key.created"}';
    const headers = await signedHeaders([fresh, old], 'id', Math.floor(Date.now() / 1000), body);
    for (const secret of [old, fresh])
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(other).verify(body, headers)).toThrow();
    expect(() => new Webhook(old).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(old).verify(body, { ...headers, 'webhook-id': 'else' })).toThrow();
    expect(() => new Webhook(old).verify(body, { ...headers, 'webhook-timestamp': '1614265330' })).toThrow();
  });
});

describe('schedule', () => {
  it('5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, up to a tenth more, and then no more', () => {
    expect(RETRY_SECONDS.map((_, i) => retryDelay(i + 1, 0))).toEqual([
      5, 300, 1800, 7200, 18_000, 36_000, 36_000,
    ]);
    expect(retryDelay(1, 1)).toBe(5.5);
    expect(retryDelay(8, 0)).toBeUndefined();
  });
});

describe('catalogue', () => {
  it.for(eventTypes)('%s has a schema', (type) => {
    expect(schemaOf(type)).toMatchObject({ type: 'object', properties: expect.any(Object) });
    expect(EVENT_TYPES[type].safeParse({ nothing: true }).success).toBe(type === 'plan.changed');
  });
});

/** Names that lead to private places, and the addresses that they resolve to. */
const ZONE: Record<string, string[]> = {
  'loopback.attacker.dev': ['127.0.0.1'],
  'any.attacker.dev': ['0.0.0.0'],
  'ten.attacker.dev': ['10.1.2.3'],
  'metadata.attacker.dev': ['169.254.169.254'],
  'mixed.attacker.dev': ['93.184.215.14', '192.168.1.1'],
  'mixed6.attacker.dev': ['93.184.215.14', '::1'],
  'v6loopback.attacker.dev': ['::1'],
  'ula.attacker.dev': ['fd00:ec2::254'],
  'linklocal6.attacker.dev': ['fe80::1'],
  'mapped.attacker.dev': ['::ffff:10.0.0.1'],
  'cgnat.attacker.dev': ['100.64.0.1'],
  'nothing.attacker.dev': [],
  'good.example.com': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
};

const PRIVATE_WAYS = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.1./',
  'https://127.255.255.254/',
  'https://①②⑦.⓪.⓪.①/',
  'https://0/',
  'https://0.0.0.0/',
  'https://10.0.0.1/',
  'https://10.255.255.255/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.0.1/',
  'https://192.168.257/',
  'https://169.254.169.254/latest/meta-data/',
  'https://0xa9fea9fe/',
  'https://2852039166/',
  'https://100.64.0.1/',
  'https://100.100.100.200/',
  'https://192.0.0.192/',
  'https://192.0.2.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:a9fe:a9fe::1]/',
  'https://[2001:0:7f00:1::]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
  'https://[100::1]/',
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://app.localhost/',
  'https://metadata/',
  'https://metadata.google.internal/computeMetadata/v1/',
  'https://instance-data.ec2.internal/',
  'https://printer.local/',
  'https://db.internal/',
  'https://router.lan/',
  'https://kubernetes.default.svc.cluster.local/',
  'https://good.example.com@127.0.0.1/',
  'https://127.0.0.1#@good.example.com/',
  'https://127.0.0.1\\@good.example.com/',
  'https://user:secret@good.example.com/',
  'http://good.example.com/',
  'http://127.0.0.1/',
  'ftp://good.example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'javascript:alert(1)',
  'data:text/plain,x',
  '//127.0.0.1/',
  'not a url',
  '',
  `https://good.example.com/${'x'.repeat(2000)}`,
  ...Object.keys(ZONE)
    .filter((name) => name.includes('attacker'))
    .map((name) => `https://${name}/hook`),
  'https://unknown.attacker.dev/',
];

describe('targets', () => {
  let close: () => void;
  let resolver = '';
  let questions = 0;
  /** DNS over HTTPS, answering from the zone. */
  beforeAll(async () => {
    const server = createServer((request, response) => {
      questions++;
      const { searchParams } = new URL(request.url ?? '', 'http://here');
      const isSix = searchParams.get('type') === 'AAAA';
      const addresses = (ZONE[searchParams.get('name') ?? ''] ?? []).filter(
        (text) => text.includes(':') === isSix,
      );
      // An alias on the way, as resolvers show them.
      const Answer = [
        { type: 5, data: 'alias.example.com.' },
        ...addresses.map((data) => ({ type: isSix ? 28 : 1, data })),
      ];
      response
        .writeHead(200, { 'content-type': 'application/dns-json' })
        .end(JSON.stringify({ Status: 0, Answer }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    resolver = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dns-query`;
    close = () => server.close();
  });
  afterAll(() => close());

  it(`${PRIVATE_WAYS.length} ways to private places: none passes`, async () => {
    const guard = createTargetGuard(createResolver(resolver), Date.now);
    const passed: string[] = [];
    for (const way of PRIVATE_WAYS) if ((await guard.check(way)) === undefined) passed.push(way);
    expect(passed).toEqual([]);
    expect(PRIVATE_WAYS.length).toBeGreaterThan(60);
  });
  it('where any port is taken, private places are no less refused', async () => {
    const guard = createTargetGuard(createResolver(resolver), Date.now, () => [], true);
    const passed: string[] = [];
    for (const way of PRIVATE_WAYS.filter((text) => /^https:/.test(text) && URL.canParse(text))) {
      const at = new URL(way);
      at.port = '9443';
      if ((await guard.check(at.href)) === undefined) passed.push(at.href);
    }
    expect(passed).toEqual([]);
    expect(await guard.check('https://good.example.com:9443/')).toBeUndefined();
  });
  it('public addresses pass, by name and as they are', async () => {
    const guard = createTargetGuard(createResolver(resolver), Date.now);
    const ways = [
      'https://good.example.com/hook?x=1',
      'https://93.184.215.14:8443/',
      'https://[2606:4700::1111]/',
    ];
    for (const way of ways) expect(await guard.check(way), way).toBeUndefined();
  });
  it.for([
    'https://api.example.com/v2/x',
    'https://API.example.com./hook',
    'https://eu.api.example.com/hook',
    'https://core.upstream.com/hook',
    'https://asked.example.org/hook',
  ])('%s is ours or an upstream, and refused', (way) => {
    const guard = createTargetGuard(createResolver(resolver), Date.now, () => [
      'api.example.com',
      'core.upstream.com',
    ]);
    expect(guard.judge(way, 'asked.example.org')).toBe('own_host');
    expect(guard.judge('https://myapi.example.com/', 'asked.example.org')).toBeUndefined();
  });
  it('an endpoint that was saved before is judged again when it is sent to', async () => {
    const guard = createTargetGuard(createResolver(resolver), Date.now, () => ['good.example.com']);
    expect(await guard.check('https://good.example.com/hook')).toBe('own_host');
  });
  it.for(['https://good.example.com:22/', 'https://good.example.com:80/', 'https://93.184.215.14:6379/'])(
    '%s is at a port of something else',
    (way) => expect(judgeUrl(way)).toEqual({ refused: 'port' }),
  );
  it('a name is asked for again after a while, so that one that moved inside is noticed', async () => {
    let nowMs = 0;
    const guard = createTargetGuard(createResolver(resolver), () => nowMs);
    expect(await guard.check('https://good.example.com/')).toBeUndefined();
    const asked = questions;
    expect(await guard.check('https://good.example.com/else')).toBeUndefined();
    expect(questions).toBe(asked);
    const kept = ZONE['good.example.com'] ?? [];
    ZONE['good.example.com'] = ['127.0.0.1'];
    nowMs = 31_000;
    expect(await guard.check('https://good.example.com/')).toBe('private_address');
    ZONE['good.example.com'] = kept;
  });
  it('fails closed where the resolver does not answer', async () => {
    const guard = createTargetGuard(createResolver('http://127.0.0.1:1/dns-query'), Date.now);
    expect(await guard.check('https://good.example.com/')).toBe('unresolvable');
  });
  it('says what is wrong', () => {
    expect(judgeUrl('https://own.example.com../', ['own.example.com'])).toEqual(
      judgeUrl('https://own.example.com/', ['own.example.com']),
    );
    for (const host of ['localhost..', 'metadata.google.internal...'])
      expect(judgeUrl(`https://${host}/`)).toEqual({ refused: 'private_address' });
    expect(judgeUrl('http://good.example.com/')).toEqual({ refused: 'https_required' });
    expect(judgeUrl('https://a:b@good.example.com/')).toEqual({ refused: 'credentials_in_url' });
    expect(judgeUrl('nonsense')).toEqual({ refused: 'invalid_url' });
    expect(isPublicAddress('nonsense')).toBe(false);
  });
});
