// APIs whose documents nobody here wrote, published as they are: called with live and test keys, counted, and shown; and what
// linters say of every document that is served then.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  control,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import { lint } from '../support/lint.ts';
import { memberOf } from '../support/portal.ts';

const OPERATOR = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const packages = join(import.meta.dirname, '../../node_modules');
/** Of these packages, as they are published. */
const DOCUMENTS = {
  petstore: '@readme/oas-examples/3.0/yaml/petstore.yaml',
  'petstore-2': '@readme/oas-examples/2.0/json/petstore.json',
  uspto: '@readme/oas-examples/3.0/yaml/uspto.yaml',
  'star-trek': '@readme/oas-examples/3.0/json/star-trek.json',
  trains: '@readme/oas-examples/3.1/yaml/train-travel.yaml',
  readme: '@readme/oas-examples/3.1/json/readme.json',
  bitbucket: '@readme/oas-examples/3.0/json/link-example.json',
  shapes: '@readme/oas-examples/3.0/json/polymorphism.json',
  circles: '@readme/oas-examples/2.0/json/schema-circular.json',
  galaxy: '@scalar/galaxy/dist/latest.yaml',
  figma: '@figma/rest-api-spec/openapi/openapi.yaml',
} as const;
type Id = keyof typeof DOCUMENTS;
const ids = Object.keys(DOCUMENTS) as Id[];

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}
interface Served {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: object };
}
const served = {} as Record<Id, Served>;
const folder = mkdtempSync(join(tmpdir(), 'passerelle-any-'));

beforeAll(async () => {
  for (const id of ids) {
    const document = readFileSync(join(packages, DOCUMENTS[id]), 'utf8');
    const upstreams = [{ url: `${stack.upstream}/inner/${id}` }];
    const { status, json } = await sendJson(
      `/api/admin/apis/${id}`,
      'PUT',
      { document, upstreams },
      OPERATOR,
    );
    expect([id, status, json.details ?? json.in_force]).toEqual([id, 200, true]);
    served[id] = JSON.parse((await bytesOf(`/openapi/${id}.json`)).toString());
  }
});
afterAll(async () => {
  for (const id of ids) await sendJson(`/api/admin/apis/${id}`, 'DELETE', { reason: 'tried' }, OPERATOR);
  rmSync(folder, { recursive: true, force: true });
});

const bytesOf = async (path: string, headers: Record<string, string> = {}): Promise<Buffer> =>
  Buffer.from(await (await fetch(stack.url + path, { headers })).arrayBuffer());

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** Of those that change something, beside all that read. */
const MOST_CHANGES = 8;
const isReading = ({ method }: { method: string }): boolean => method === 'get';
const operationsOf = (id: Id) => {
  const all = everyOperation(id);
  return [...all.filter(isReading), ...all.filter((each) => !isReading(each)).slice(0, MOST_CHANGES)];
};
const everyOperation = (id: Id) =>
  Object.entries(served[id].paths).flatMap(([template, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({
        template,
        method,
        path: template.replace(/\{[^}]*\}/g, 'a1'),
        operation,
      })),
  );

/** An operation called as its document says, with a key. */
const send = (method: string, path: string, key: string) =>
  method === 'get' || method === 'delete'
    ? call(path, { key, method: method.toUpperCase() })
    : sendJson(path, method.toUpperCase(), {}, { key });

async function keyOf(id: Id, environment: 'live' | 'test') {
  const partner = await makePartner();
  const key = await makeKey(partner.id, { environment, scopes: [`read:${id}`, `write:${id}`] });
  return { partner, secret: key.secret };
}

// Beside each other, as they wait for what is counted.
describe.concurrent.each(ids)('%s', (id) => {
  it('answers each operation to a live key from its upstream, with limits, and counts it under its route', async () => {
    const operations = operationsOf(id);
    expect(operations.length).toBeGreaterThan(0);
    const { partner, secret } = await keyOf(id, 'live');
    const answers = await inParallel(operations.length, 1, (i) =>
      send(operations[i]?.method ?? '', operations[i]?.path ?? '', secret),
    );
    const wrong = answers.flatMap(({ status, json, headers }, i) => {
      const { method = '', path = '' } = operations[i] ?? {};
      const upstream = path.replace(`/${id}/`, `/inner/${id}/`);
      const isRight = status === 200 && json?.url === upstream && headers['x-ratelimit-limit-day'];
      return isRight ? [] : [`${method} ${path}: ${status} ${JSON.stringify(json)}`];
    });
    expect(wrong).toEqual([]);
    const arrived = await control<{ method: string; url: string }[]>('upstream-requests', `/inner/${id}/`);
    expect(new Set(arrived.map(({ method }) => method.toLowerCase()))).toEqual(
      new Set(operations.map(({ method }) => method)),
    );
    const rows = await eventually(
      () =>
        query<{ name: string; units: number }>(
          `SELECT method || ' ' || route AS name, sum(units)::int AS units FROM api_usage_events WHERE partner_id = $1 GROUP BY 1`,
          [partner.id],
        ),
      (found) => found.reduce((sum, { units }) => sum + units, 0) >= operations.length,
    );
    expect(Object.fromEntries(rows.map(({ name, units }) => [name, units]))).toEqual(
      Object.fromEntries(
        operations.map(({ method, template }) => [`${method.toUpperCase()} ${template}`, 1]),
      ),
    );
  });

  it('answers a test key with an example that fits what is shown', async () => {
    const operations = operationsOf(id);
    const { secret } = await keyOf(id, 'test');
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
    ajv.addSchema({ $id: 'served', ...served[id] });
    const wrong: string[] = [];
    await inParallel(operations.length, 1, async (i) => {
      const { method = '', path = '', template = '', operation } = operations[i] ?? {};
      const { status, json } = await send(method, path, secret);
      const shown = operation?.responses[String(status)];
      if (!shown || status >= 400) wrong.push(`${method} ${path}: ${status}`);
      if (!shown?.content?.['application/json']?.schema) return;
      const parts = [
        'paths',
        template,
        method,
        'responses',
        String(status),
        'content',
        'application/json',
        'schema',
      ];
      const pointer = parts
        .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
        .join('/');
      const check = ajv.getSchema(`served#/${pointer}`);
      if (!check) wrong.push(`${method} ${path}: no schema`);
      else if (!check(json))
        wrong.push(`${method} ${path}: ${ajv.errorsText(check.errors)} ${JSON.stringify(json)}`);
    });
    expect(wrong).toEqual([]);
  });
});

it('all are in the playground, the reference, the guides and the form of a key', async () => {
  const partner = await makePartner();
  const person = await memberOf(partner.id);
  await person.post('/portal/apps', { form: randomUUID(), name: 'Any' });
  const [app] = await query('SELECT id FROM dev_apps WHERE partner_id = $1', [partner.id]);
  const pages = [
    '/portal/playground',
    '/docs/api',
    '/docs/endpoints',
    `/portal/apps/${app?.id}?dialog=new-key`,
  ];
  const [playground, guide, endpoints, form] = await Promise.all(pages.map((path) => person.get(path)));
  for (const id of ids) {
    expect(playground?.text).toContain(`/openapi/${id}.json`);
    for (const [template] of Object.entries(served[id].paths).slice(0, 3)) {
      expect(guide?.text, id).toContain(template);
      expect(endpoints?.text, id).toContain(template);
    }
    expect(form?.text).toMatch(new RegExp(`value="(?:read|write):${id}"`));
  }
});

it('no served document has an error by the validator of OpenAPI, nor by Redocly’s recommended rules', async () => {
  const places: [name: string, path: string][] = [
    ['all', '/openapi.json'],
    ['developer', '/openapi/developer.json'],
    ['operator', '/openapi/operator.json'],
    ...ids.map((id): [string, string] => [id, `/openapi/${id}.json`]),
  ];
  const validator = new Validator();
  for (const [name, path] of places) {
    const bytes = await bytesOf(path, OPERATOR.headers);
    writeFileSync(join(folder, `${name}.json`), bytes);
    const { valid, errors } = await validator.validate(JSON.parse(bytes.toString()));
    expect([name, valid, errors]).toEqual([name, true, undefined]);
  }
  const files = places.map(([name]) => `${name}.json`);
  const options = ['--extends=recommended', '--format=checkstyle', '--max-problems=100000'];
  const { status, text } = await lint(folder, 'redocly', ['lint', ...options, ...files]);
  // A slash at the end of a path is its author's: without it, it is another path to a server.
  const errors = text.split('\n').filter((line) => line.includes('severity="error"'));
  expect(errors.filter((line) => !line.includes('`/uspto/` should not have a trailing slash'))).toEqual([]);
  expect(status).toBe(errors.length > 0 ? 1 : 0);
  expect(text.match(/validated in /g)?.length).toBe(places.length);
}, 120_000);
