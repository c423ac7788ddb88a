// The OpenAPI documents say what is so: linters find nothing to mend, whoever may not read one does not, and what the running
// stack answers is what they show, refusals included.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  developerToken,
  eventually,
  makePartner,
  sendJson,
  stack,
} from '../support/api.ts';
import { newAddress } from '../support/browser.ts';
import { answerChecks } from '../support/document-answers.ts';
import { operatorSignedIn, signedUp } from '../support/portal.ts';

interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  parameters?: { name?: string; in?: string; required?: boolean; example?: string; schema?: object }[];
  requestBody?: object;
  responses: Record<string, { $ref?: string }>;
}
interface OpenApiDocument {
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, object>;
  components: { schemas: object };
}

const { developer, operator, keys } = stack.demo;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const PLACES = {
  partner: '/openapi.json',
  developer: '/openapi/developer.json',
  operator: '/openapi/operator.json',
  transit: '/openapi/transit.json',
  payments: '/openapi/payments.json',
} as const;
type Name = keyof typeof PLACES;
const CREDENTIALS: Record<Name, Record<string, string>> = {
  partner: bearer(keys.test),
  developer: bearer(developer.token),
  operator: bearer(operator.token),
  transit: bearer(keys.test),
  payments: bearer(keys.test),
};
const names = Object.keys(PLACES) as Name[];
const documents = {} as Record<Name, OpenApiDocument>;
const folder = mkdtempSync(join(tmpdir(), 'passerelle-openapi-'));

beforeAll(async () => {
  for (const name of names) {
    const { status, json, text } = await call(PLACES[name], { headers: CREDENTIALS[name] });
    expect(status, name).toBe(200);
    documents[name] = json;
    writeFileSync(join(folder, `${name}.json`), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const operationsOf = (name: Name) =>
  Object.entries(documents[name].paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

describe('documents', () => {
  /** What a linter prints; nothing where it finds nothing. */
  const lint = (command: string, args: readonly string[]): Promise<{ status: number | null; text: string }> =>
    new Promise((resolve, reject) => {
      const program = join(import.meta.dirname, '../../node_modules/.bin', command);
      const child = spawn(process.execPath, [program, ...args], {
        cwd: folder,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, text }));
    });

  it("Redocly's recommended rules and Spectral's for OpenAPI find no error and no warning", async () => {
    const files = names.map((name) => `${name}.json`);
    writeFileSync(join(folder, 'ruleset.json'), JSON.stringify({ extends: ['spectral:oas'] }));
    const [redocly, spectral] = await Promise.all([
      lint('redocly', ['lint', '--extends=recommended', '--format=stylish', ...files]),
      lint('spectral', ['lint', '--ruleset=ruleset.json', '--fail-severity=hint', ...files]),
    ]);
    expect(redocly.text).not.toMatch(/warning|error/i);
    expect([redocly.status, spectral]).toEqual([
      0,
      { status: 0, text: expect.stringMatching(/^No results/) },
    ]);
  }, 120_000);

  it('names servers, and gives every operation an id of its own', () => {
    for (const name of names) {
      expect(documents[name].servers.map(({ url }) => url)).toEqual([stack.url]);
      const ids = operationsOf(name).map(({ operation }) => operation.operationId);
      expect(
        ids.filter((id, at) => !id || ids.indexOf(id) !== at),
        name,
      ).toEqual([]);
    }
  });

  it('each is of its readers alone', () => {
    const prefixes = (name: Name) => [
      ...new Set(Object.keys(documents[name].paths).map((path) => path.split('/')[1])),
    ];
    expect(prefixes('partner').sort()).toEqual(['dashboard', 'v1', 'v2']);
    expect(prefixes('developer')).toEqual(['api']);
    expect(JSON.stringify([documents.partner, documents.developer])).not.toMatch(/api\/admin|\/metrics/);
    expect(JSON.stringify(documents)).not.toMatch(/x-passerelle"|_ORIGIN/);
    expect(Object.keys(documents.developer.webhooks ?? {})).toContain('quota.warning');
  });
});

describe("the operators' document", () => {
  const place = PLACES.operator;
  const statusOf = async (headers: Record<string, string>) => (await call(place, { headers })).status;

  it('is for operators, by token or session', async () => {
    const partner = await makePartner();
    expect(await statusOf({})).toBe(401);
    expect(await statusOf(bearer('nonsense'))).toBe(401);
    expect(await statusOf(bearer(await developerToken(partner)))).toBe(404);
    const [somebody, signedIn] = await Promise.all([signedUp(), operatorSignedIn()]);
    expect((await somebody.get(place)).status).toBe(404);
    expect((await signedIn.get(place)).status).toBe(200);
    expect((await call('/openapi/nothing.json')).status).toBe(404);
  });
});

/** What a walk asks for where a document's example names nothing that is there. */
const SAMPLES: Record<string, string> = {
  from: '2026-01-01T00:00:00Z',
  to: '2027-01-01T00:00:00Z',
  q: 'walked',
  '/api/admin/exports/{what}': 'invoices',
  // With a past: of what began today, there is no whole day to simulate.
  '/api/admin/partners/{id}': stack.demo.partner.id,
  '/api/admin/keys/{id}': keys.signing.id,
};
/** Whose ids no list beside them shows. */
const LISTS: Record<string, string> = {
  '/api/dev/keys/{keyId}': '/api/dev/apps/{appId}/keys',
  '/api/dev/deliveries/{deliveryId}': '/api/dev/webhooks/{endpointId}/deliveries',
  '/api/admin/deliveries/{deliveryId}': '/api/admin/webhooks/{endpointId}/deliveries',
};

describe('answers', () => {
  const wrong: string[] = [];
  const headersOf = (name: Name) => ({ ...CREDENTIALS[name], 'cf-connecting-ip': newAddress() });

  function check(name: Name, method: string, target: string, { status, json, text, headers }: Answer) {
    const type = String(headers['content-type']).split(';', 1)[0];
    const found = answerChecks(documents[name])(target, status, json ?? text, method, type);
    if (found) wrong.push(found);
    if (!headers['x-request-id'] && !/^\/(?:health|livez|readyz|metrics|\.well)/.test(target))
      wrong.push(`${target}: no id`);
  }

  /** The first id that a list shows. */
  async function idUnder(name: Name, path: string): Promise<string> {
    const sample = SAMPLES[path];
    if (sample) return sample;
    const list = await filled(name, LISTS[path] ?? path.slice(0, path.lastIndexOf('/')));
    const { json } = await call(list, { headers: headersOf(name) });
    const rows = json?.data ?? [];
    const [first] = Array.isArray(rows) ? rows : [];
    // `key_id` of `{keyId}`.
    const field = path.slice(path.lastIndexOf('{') + 1, -1).replace('Id', '_id');
    const id = first?.[field] ?? first?.id;
    if (id === undefined) throw new Error(`${list} shows nothing: ${JSON.stringify(json)}`);
    return id;
  }

  /** A path with ids that are there, and the query that it needs. */
  async function filled(name: Name, template: string): Promise<string> {
    const { parameters = [] } = documents[name].paths[template]?.get ?? {};
    let path = template;
    for (const [whole] of template.matchAll(/\{\w+\}/g)) {
      const given = parameters.find((each) => each.in === 'path' && `{${each.name}}` === whole)?.example;
      const until = template.slice(0, template.indexOf(whole) + whole.length);
      path = path.replace(whole, encodeURIComponent(given ?? (await idUnder(name, until))));
    }
    // Without a time it is now, and at night nothing runs.
    const query = parameters.filter((each) => each.in === 'query' && (each.required || each.name === 'time'));
    const values = query.map((each) => [each.name ?? '', each.example ?? SAMPLES[each.name ?? ''] ?? '']);
    return values.length > 0 ? `${path}?${new URLSearchParams(values)}` : path;
  }

  beforeAll(async () => {
    for (const [name, prefix] of [
      ['developer', '/api/dev'],
      ['operator', '/api/admin'],
    ] as const) {
      const body = { url: 'https://example.com/hooks', description: 'walked' };
      const made = await sendJson(`${prefix}/webhooks`, 'POST', body, { headers: headersOf(name) });
      const tested = await call(`${prefix}/webhooks/${made.json.id}/test`, {
        method: 'POST',
        headers: headersOf(name),
      });
      expect(tested.status).toBe(202);
      // It has a delivery, which the older ones of others may not have.
      SAMPLES[`${prefix}/webhooks/{endpointId}`] = made.json.id;
      check(name, 'post', `${prefix}/webhooks`, made);
      check(name, 'post', `${prefix}/webhooks/x/test`, tested);
    }
    const payment = { amount: 1000, currency: 'XOF', card: { number: '4242424242424242' } };
    await sendJson('/v1/payments', 'POST', payment, { headers: headersOf('payments') });
    // Its own request in the log, and so in every list of what was called.
    await eventually(
      () => call('/api/dev/requests', { headers: headersOf('developer') }),
      ({ json }) => json.data.length > 0,
    );
  });

  it.for(names)('%s: every GET answers what is shown', async (name) => {
    for (const { path, method } of operationsOf(name)) {
      if (method !== 'get') continue;
      const target = await filled(name, path);
      const headers = path === '/metrics' ? bearer(stack.demo.metrics.token) : headersOf(name);
      const answer = await call(target, { headers });
      if (answer.status >= 400 && !path.startsWith('/v1/'))
        wrong.push(`${target}: ${answer.status} ${answer.text}`);
      check(name, 'get', target, answer);
    }
    expect(wrong.splice(0)).toEqual([]);
  });

  const NOBODYS = '01a2265c-0000-7000-8000-000000000000';

  it.for(names)('%s: every refusal is one that is shown', async (name) => {
    for (const { path, method, operation } of operationsOf(name)) {
      const target = path.replace(/\{\w+\}/g, NOBODYS);
      const send = (headers: Record<string, string>, body?: string) =>
        call(target, {
          method: method.toUpperCase(),
          headers: { ...headers, 'cf-connecting-ip': newAddress() },
          body,
        });
      if (operation.security.length > 0) {
        const stranger = await send({});
        if (![401, 404].includes(stranger.status))
          wrong.push(`${method} ${target}: a stranger gets ${stranger.status}`);
        check(name, method, target, stranger);
      }
      // What takes no body and names nothing would be done.
      if (method === 'get' || !(operation.requestBody || path.includes('{'))) continue;
      const refused = await send({ ...headersOf(name), 'content-type': 'application/json' }, '[1]');
      if (refused.status < 400) wrong.push(`${method} ${target}: ${refused.status}`);
      check(name, method, target, refused);
    }
    expect(wrong.splice(0)).toEqual([]);
  });
});
