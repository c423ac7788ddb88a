// The guides' programs, each run as it stands on its page, in every language that is on this machine: they succeed, they show
// what the guide says, and they fail when their call does.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GUIDES } from '../../src/portal/web/guides/guides.ts';
import {
  call,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  makeSigningKey,
  sendJson,
  stack,
} from '../support/api.ts';
import { isInstalled, LANGUAGES, type Ran, runProgram } from '../support/programs.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

interface Shown {
  slug: string;
  label: string;
  code: string;
}

const KEYS = 5;
const ENTITIES: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' };
let programs: Shown[] = [];
let environment: Record<string, string> = {};
let keyIds: string[] = [];
let receiver: Receiver;
/** A delivery that was signed by the secret in force and the one before it. */
let delivery: { body: string; headers: Record<string, string>; secrets: string[] };

const programsOf = async (slug: string, language: string): Promise<Shown[]> => {
  const { text } = await call(`/docs/${slug}`, { headers: { 'accept-language': language } });
  return [...text.matchAll(/<pre data-label="(\w+)"[^>]*><code>([\s\S]*?)<\/code>/g)].map(
    ([, label = '', code = '']) => ({
      slug,
      label,
      code: code.replace(/&(quot|#39|lt|gt|amp);/g, (_, entity: string) => ENTITIES[entity] ?? ''),
    }),
  );
};

async function twiceSignedDelivery(): Promise<typeof delivery> {
  const partner = await makePartner();
  const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const made = (await sendJson('/api/dev/webhooks', 'POST', { url: `${receiver.origin}/guide` }, dev)).json;
  const rotated = (await sendJson(`/api/dev/webhooks/${made.id}/rotate`, 'POST', {}, dev)).json;
  await sendJson(`/api/dev/webhooks/${made.id}/test`, 'POST', {}, dev);
  const [sent] = await eventually(
    async () => receiver.received,
    (all) => all.length > 0,
  );
  if (!sent) throw new Error('nothing was delivered');
  return { body: sent.body, headers: sent.headers, secrets: [rotated.secret, made.secret] };
}

const deliveryOf = (secret = ''): Record<string, string> => ({
  WEBHOOK_ID: delivery.headers['webhook-id'] ?? '',
  WEBHOOK_TIMESTAMP: delivery.headers['webhook-timestamp'] ?? '',
  WEBHOOK_SIGNATURE: delivery.headers['webhook-signature'] ?? '',
  WEBHOOK_SECRET: secret,
});

beforeAll(async () => {
  receiver = await startReceiver();
  const partner = await makePartner();
  const keys = [];
  for (let i = 0; i < KEYS; i++)
    keys.push(
      await makeKey(partner.id, {
        environment: 'test',
        scopes: ['read:routes', 'read:stops', 'read:payments', 'write:payments', 'keys:read'],
      }),
    );
  const signing = await makeSigningKey(partner.id, 'test');
  const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Machines' }, dev)).json;
  const client = (
    await sendJson(
      `/api/dev/apps/${app.id}/keys`,
      'POST',
      {
        key_type: 'oauth_client',
        environment: 'test',
        name: 'Client',
        scopes: ['read:routes', 'read:stops'],
      },
      dev,
    )
  ).json;
  keyIds = keys.map(({ id }) => id);
  delivery = await twiceSignedDelivery();
  environment = {
    API_KEY: keys[0]?.secret ?? '',
    KEY_ID: signing.id,
    SECRET: signing.secret,
    CLIENT_ID: client.key_id,
    CLIENT_SECRET: client.secret,
    ...deliveryOf(delivery.secrets[0]),
  };
  programs = (await Promise.all(GUIDES.map(({ slug }) => programsOf(slug, 'en')))).flat();
});
afterAll(() => receiver.close());

const programOf = (slug: string, label: string): string => {
  const code = programs.find((each) => each.slug === slug && each.label === label)?.code;
  if (code === undefined) throw new Error(`${slug} has no program in ${label}`);
  return code;
};
const outcome = ({ code, printed }: Ran) => (code === 0 ? 'success' : `failure: ${printed}`);

it('are the same on the page in the other language, five of each', async () => {
  for (const { slug } of GUIDES) {
    const own = programs.filter((each) => each.slug === slug);
    expect(await programsOf(slug, 'fr')).toEqual(own);
    const labels = Object.keys(LANGUAGES);
    expect(own.map(({ label }) => label)).toEqual(own.map((_, i) => labels[i % labels.length]));
    expect(own.length % labels.length).toBe(0);
  }
  expect(programs).toHaveLength(10 * 5);
});

describe.for(Object.keys(LANGUAGES))('in %s', (label) => {
  const test = it.skipIf(!isInstalled(label));

  test('every program of every guide succeeds', async () => {
    const said: Record<string, string> = {};
    for (const { slug, code } of programs.filter((each) => each.label === label)) {
      const ran = await runProgram(label, code, environment, delivery.body);
      expect([slug, outcome(ran)]).toEqual([slug, 'success']);
      said[slug] = ran.printed;
    }
    expect(said['first-call']).toMatch(/colobane/i);
    // Three pages of two.
    for (const id of keyIds) expect(said.pagination).toContain(id);
    expect(said.idempotency).toMatch(/Idempotent-Replayed: true/i);
    expect(said['test-cards']).toMatch(/requires_action[\s\S]+succeeded/);
    expect(said.webhooks).toContain(delivery.headers['webhook-id']);
  });

  test('a program fails when its call does', async () => {
    const none = { API_KEY: 'pk_test_none', SECRET: 'sk_test_none', CLIENT_SECRET: 'os_test_none' };
    const wrong = { ...environment, ...none };
    // What verifies a delivery makes none.
    const callers = programs.filter((each) => each.label === label && each.slug !== 'webhooks');
    expect(callers).toHaveLength(9);
    for (const { slug, code } of callers)
      expect((await runProgram(label, code, wrong)).code, slug).not.toBe(0);
  });

  test('a delivery is refused when anything of it was changed, and taken by either secret', async () => {
    const code = programOf('webhooks', label);
    const judge = async (change: Record<string, string>, body = delivery.body) =>
      (await runProgram(label, code, { ...environment, ...change }, body)).code === 0;
    expect(await judge(deliveryOf(delivery.secrets[1]))).toBe(true);
    expect(await judge({}, `${delivery.body} `)).toBe(false);
    const old = String(Number(environment.WEBHOOK_TIMESTAMP) - 301);
    expect(await judge({ WEBHOOK_TIMESTAMP: old })).toBe(false);
    expect(await judge({ WEBHOOK_ID: 'another' })).toBe(false);
    expect(await judge({ WEBHOOK_SIGNATURE: 'v1,AAAA v1, nonsense' })).toBe(false);
  });

  describe('retries', () => {
    let server: Server;
    let calledAtMs: number[] = [];
    beforeAll(async () => {
      server = createServer((_request, response) => {
        calledAtMs.push(Date.now());
        if (calledAtMs.length === 1) response.writeHead(503, { 'retry-after': '1' }).end('{}');
        else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => server.close());

    test('wait as long as they are told to, and no less', async () => {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const code = programOf('retries', label).replaceAll(stack.url, origin);
      calledAtMs = [];
      expect(outcome(await runProgram(label, code, environment))).toBe('success');
      const [first = 0, second = 0, ...more] = calledAtMs;
      expect(second - first).toBeGreaterThanOrEqual(990);
      expect(more).toEqual([]);
    });
  });
});
