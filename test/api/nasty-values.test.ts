// Every route of every surface, taken from the routers, with nasty values in every field, path part and part of the query:
// none fails, none that is refused leaves anything behind, none comes back as markup, and of strangers none reaches Postgres.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { adminApi } from '../../src/operator/admin-routes.ts';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import { createMachineRoutes } from '../../src/operator/machine-routes.ts';
import { dashboard } from '../../src/portal/api/dashboard-routes.ts';
import { developerApi } from '../../src/portal/api/dev-routes.ts';
import { portal } from '../../src/portal/web/pages.ts';
import {
  type Answer,
  call,
  control,
  developerToken,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import {
  formsOf,
  isText,
  MARK,
  nastyOthers,
  nastyPathParts,
  nastyTexts,
  placesOf,
  type Schema,
  sampleOf,
  withAt,
} from '../support/nasty.ts';
import { memberOf, operatorSignedIn, type Person, visitor } from '../support/portal.ts';

const AT_ONCE = 24;
/** What fields hold whose schema is a check of ours. */
const KNOWN: Record<string, unknown> = {
  range: '203.0.113.77',
  allowed_ips: ['203.0.113.5'],
  allowed_origins: ['https://app.example.com'],
  scopes: ['read:routes'],
  events: ['key.created'],
  url: 'https://127.0.0.1:1/x',
  tier: 'nasty-plan',
  key_type: 'bearer',
  expires_at: '2027-06-01T00:00:00Z',
};

interface Operation {
  parameters?: { in: string; name: string; schema?: Schema }[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
}
interface Sent {
  what: string;
  path: string;
  method: string;
  body?: string;
  mark: string;
}
const ids: Record<string, string> = {};
const answers: { sent: Sent; answer: Answer }[] = [];
const wrong: string[] = [];
let marks = 0;
let places = 0;
let plansBefore: string[] = [];
const nextMark = () => `${MARK}-${++marks}-`;

const fill = (path: string) =>
  path.replace(/:(\w+)|\{(\w+)\}/g, (_, a: string, b: string) => encodeURIComponent(ids[a ?? b] ?? 'x'));

/** The nasty values, each with a mark of its own. Every other one: the next place gets the others. */
function* marked<Value>(values: (mark: string) => Value[]): Generator<[mark: string, nasty: Value]> {
  const { length } = values('');
  for (let i = places++ % 2; i < length; i += 2) {
    const mark = nextMark();
    const nasty = values(mark)[i];
    if (nasty !== undefined) yield [mark, nasty];
  }
}

/** One request for each nasty value in each place of this operation. */
function* requestsOf(prefix: string, method: string, path: string, operation: Operation): Generator<Sent> {
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  const base = schema && sampleOf(schema, KNOWN);
  const body = base === undefined ? undefined : JSON.stringify(base);
  const good = { what: `${method} ${prefix}${path}`, method, path: prefix + fill(path), body };
  for (const [part] of path.matchAll(/:\w+|\{\w+\}/g))
    for (const [mark, nasty] of marked(nastyPathParts))
      yield { ...good, mark, path: prefix + fill(path.replace(part, '\0')).replace('\0', nasty) };
  for (const { name } of operation.parameters?.filter((each) => each.in === 'query') ?? [])
    for (const [mark, nasty] of marked(nastyTexts))
      yield { ...good, mark, path: `${good.path}?${name}=${encodeURIComponent(nasty.toWellFormed())}` };
  if (base === undefined) return;
  for (const place of placesOf(base)) {
    for (const [mark, nasty] of marked(nastyOthers))
      yield { ...good, mark, body: JSON.stringify(withAt(base, place, nasty)) };
    if (!isText(base, place)) continue;
    for (const [mark, nasty] of marked(nastyTexts))
      yield { ...good, mark, body: JSON.stringify(withAt(base, place, nasty)) };
  }
  for (const raw of ['{', '{"__proto__":{"x":1}}', '{"name":1e999}'])
    yield { ...good, mark: nextMark(), body: raw };
}

function judge(sent: Sent, answer: Answer): void {
  const { status, text, headers } = answer;
  // One of each kind and route says enough.
  const say = (how: string) =>
    !wrong.some((line) => line.startsWith(`${how}: ${sent.what} `)) &&
    wrong.push(
      `${how}: ${sent.what} ${sent.path.slice(0, 200)} ${sent.body?.slice(0, 300) ?? ''} -> ${status} ${text.slice(0, 200)}`,
    );
  if (status >= 500) say('failed');
  const isPage = String(headers['content-type']).includes('html');
  if (isPage && text.includes(`<${MARK}`)) say('markup');
  // What is nowhere is told by its path, as it was sent: encoded.
  const told = text.replace(sent.path.split('?', 1)[0] ?? '', '');
  // What an offered API says is its own: the sandbox repeats the live one word for word. Ours have a request id.
  const isUpstreams = /^\/v\d\//.test(sent.path) && !text.includes('"request_id"');
  if (!isPage && !isUpstreams && status >= 400 && told.includes(MARK)) say('echo');
}

async function send(requests: readonly Sent[], headers: Record<string, string>): Promise<void> {
  await inParallel(requests.length, AT_ONCE, async (i) => {
    const sent = requests[i];
    if (!sent) return;
    const json: Record<string, string> =
      sent.body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await call(sent.path, { ...sent, headers: { ...json, ...headers } });
    judge(sent, answer);
    answers.push({ sent, answer });
  });
}

type Document = { paths?: Record<string, Record<string, Operation>> };
const INFO = { openapi: '3.1.0', info: { title: 'x', version: '1' } };
const documentOf = (api: { getOpenAPI31Document(info: typeof INFO): unknown }) =>
  api.getOpenAPI31Document(INFO) as Document;
const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete']);
const requestsOfAll = (prefix: string, document: Document): Sent[] =>
  Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.has(method))
      .flatMap(([method, operation]) => [...requestsOf(prefix, method.toUpperCase(), path, operation)]),
  );

interface Route {
  method: string;
  path: string;
}
const routesOf = (app: { routes: readonly Route[] }, method: string): string[] => [
  ...new Set(
    app.routes
      .filter((route) => route.method === method && !route.path.endsWith('*'))
      .map(({ path }) => path),
  ),
];

/** What of the query any page reads. */
const QUERY =
  'action actor after app back before by country done environment error from key key_id month outcome partner q range route search state status tier to type'.split(
    ' ',
  );
/** Texts that are nasty wherever they are; the others mean something to addresses, times and ids. */
const FOR_ALL_FORMS = 9;
/** Sign-out and the like end what the walk needs. */
const ENDS = /sign-out|sessions|\/password$|two-factor|\/portal\/partner$|\/archive$/;

async function walkPages(paths: { get: string[]; post: string[] }, person: Person): Promise<void> {
  const forms = new Map<string, Record<string, string>>();
  const requests: { sent: Sent; fields?: Record<string, string> }[] = [];
  await inParallel(paths.get.length, AT_ONCE, async (i) => {
    const path = paths.get[i] ?? '';
    for (const { action, fields } of formsOf((await person.get(fill(path))).text))
      forms.set(action.split('?')[0] ?? '', fields);
    for (const sent of requestsOf('', 'GET', path, {})) requests.push({ sent });
    for (const [mark, nasty] of marked(nastyTexts)) {
      const query = new URLSearchParams(QUERY.map((name) => [name, nasty.toWellFormed()]));
      requests.push({ sent: { what: `GET ${path}`, method: 'GET', mark, path: `${fill(path)}?${query}` } });
    }
  });
  const everyField = Object.assign({}, ...forms.values()) as Record<string, string>;
  for (const path of paths.post.filter((each) => !ENDS.test(each))) {
    const form = forms.get(fill(path));
    for (const sent of requestsOf('', 'POST', path, {})) requests.push({ sent, fields: form ?? {} });
    for (const name of form ? Object.keys(form) : ['all'])
      for (const [mark, text] of marked((each) => nastyTexts(each).slice(0, FOR_ALL_FORMS))) {
        const nasty = text.toWellFormed();
        const all = Object.fromEntries(Object.keys(everyField).map((each) => [each, nasty]));
        const fields = form ? { ...form, [name]: nasty } : all;
        requests.push({ sent: { what: `POST ${path}`, path: fill(path), method: 'POST', mark }, fields });
      }
  }
  await inParallel(requests.length, AT_ONCE, async (i) => {
    const { sent, fields } = requests[i] ?? {};
    if (!sent) return;
    const answer = await (fields ? person.post(sent.path, fields) : person.get(sent.path));
    judge(sent, answer);
    answers.push({ sent, answer });
  });
}
const pathsOf = (app: { routes: readonly Route[] }, isAsked = (_: string) => true) => ({
  get: routesOf(app, 'GET').filter(isAsked),
  post: routesOf(app, 'POST').filter(isAsked),
});

beforeAll(async () => {
  plansBefore = (await query<{ tier: string }>('SELECT tier FROM tier_config')).map(({ tier }) => tier);
  await query(
    `INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
     VALUES ('nasty-plan', 0, 1000, -1, -1, '{"webhooks": true}')`,
  );
  const [partner, other] = [await makePartner({ tier: 'nasty-plan' }), await makePartner()];
  const app = randomUUID();
  await query(`INSERT INTO dev_apps (id, partner_id, name) VALUES ($1, $2, 'Nasty')`, [app, partner.id]);
  const key = await makeKey(partner.id, { environment: 'test', appId: app });
  const caller = await makeKey(partner.id, { environment: 'test' });
  const endpoint = randomUUID();
  await query(
    `INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope, state) VALUES ($1, $2, 'https://127.0.0.1:1/', '{}', 'x', 'paused')`,
    [endpoint, partner.id],
  );
  Object.assign(ids, {
    partner: partner.id,
    other: other.id,
    app,
    appId: app,
    key: key.id,
    keyId: key.id,
    caller: caller.secret,
    token: await developerToken(partner),
    endpoint,
    endpointId: endpoint,
    rule: 'error_rate',
    tier: 'nasty-plan',
    what: 'invoices',
    subject: randomUUID(),
    id: other.id,
  });
}, 60_000);

afterAll(async () => {
  await query(
    `UPDATE webhook_endpoint SET deleted_at = now(), state = 'paused' WHERE partner_id IS NULL AND url LIKE '%127.0.0.1:1%'`,
  );
  await query('UPDATE address_block SET lifted_at = now() WHERE host(range) = $1', [KNOWN.range]);
  await query(`DELETE FROM alert_setting WHERE owner = 'operator'`);
  await query(`UPDATE tier_config SET self_serve = false WHERE tier <> ALL ($1)`, [plansBefore]);
});

it('of strangers, on every route of the APIs, none reaches Postgres', async () => {
  const requests = [
    ...requestsOfAll('/dashboard', documentOf(dashboard)),
    ...requestsOfAll('/api/dev', documentOf(developerApi)),
    ...requestsOfAll('/api/admin', documentOf(adminApi)),
  ];
  const some = requests.filter((_, i) => i % 7 === 0);
  const costOf = async (piece: typeof some) => {
    const before = await control<number>('statements');
    await send(piece, {});
    await send(piece, { authorization: `Bearer ${MARK}` });
    return (await control<number>('statements')) - before;
  };
  // Queues and cron ask Postgres, too, whenever their time comes; a route that asks does so each time. In pieces, so that between
  // two looks there is a moment without them, also on a busy machine.
  for (let i = 0; i < some.length; i += 2 * AT_ONCE) {
    const piece = some.slice(i, i + 2 * AT_ONCE);
    let cost = await costOf(piece);
    for (let again = 0; cost > 0 && again < 20; again++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      cost = await costOf(piece);
    }
    expect(cost).toBe(0);
  }
  const statuses = new Set(answers.splice(0).map(({ answer }) => answer.status));
  expect([...statuses].filter((status) => ![400, 401, 404].includes(status))).toEqual([]);
});

it("on every route of the keys', developers' and operators' APIs, and of the offered ones", async () => {
  await send(requestsOfAll('/dashboard', documentOf(dashboard)), { authorization: `Bearer ${ids.caller}` });
  await send(requestsOfAll('/api/dev', documentOf(developerApi)), { authorization: `Bearer ${ids.token}` });
  for (const document of DOCUMENTS)
    await send(requestsOfAll('', document as Document), { authorization: `Bearer ${ids.caller}` });
  const operator = { authorization: `Bearer ${stack.demo.operator.token}` };
  await send(requestsOfAll('/api/admin', documentOf(adminApi)), operator);
  expect(wrong.splice(0)).toEqual([]);
}, 120_000);

it('on every page, and in every form', async () => {
  const partner = await makePartner({ tier: 'nasty-plan' });
  await walkPages(pathsOf(portal), await memberOf(partner.id));
  await walkPages(
    pathsOf(portal, (path) => !path.startsWith('/portal')),
    visitor(),
  );
  await walkPages(pathsOf(operatorConsole), await operatorSignedIn());
  await walkPages(pathsOf(createMachineRoutes()), visitor());
  expect(wrong.splice(0)).toEqual([]);
}, 120_000);

it('what is nested deeper than a stack is refused, also of strangers', async () => {
  for (const depth of [65, 5000])
    for (const body of [
      '['.repeat(depth) + ']'.repeat(depth),
      `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    ])
      for (const path of ['/api/dev/apps', '/api/admin/partners', '/dashboard/api-keys']) {
        const headers = { 'content-type': 'application/json' };
        const { status, json } = await call(path, { method: 'POST', body, headers });
        expect([path, depth, status, json.error]).toEqual([path, depth, 400, 'invalid_request']);
      }
});

it('a zone that only the database refuses changes nothing before it', async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  const options = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const change = (expires_at: string, daily_quota: number) =>
    sendJson(`/api/dev/keys/${key.id}`, 'PATCH', { expires_at, limits: { daily_quota } }, options);
  const { status, json } = await change('2027-01-01T00:00:00+18:00', 21);
  expect([status, json.expires_at, json.limits.daily_quota]).toEqual([200, '2026-12-31T06:00:00.000Z', 21]);
  expect((await change('2027-13-01T00:00:00Z', 22)).status).toBe(400);
  const { json: left } = await call(`/api/dev/keys/${key.id}`, options);
  expect([left.expires_at, left.limits.daily_quota]).toEqual(['2026-12-31T06:00:00.000Z', 21]);
});

it('nothing of what was refused is anywhere, nor was written down as done', async () => {
  expect(answers.length).toBeGreaterThan(2000);
  const refused = answers.filter(({ answer }) => answer.status >= 400);
  const byRequest = new Map(refused.map((each) => [String(each.answer.headers['x-request-id']), each]));
  const entries = await query<{ action: string; request_id: string }>(
    'SELECT action, request_id FROM dev_portal_audit WHERE request_id = ANY ($1)',
    [[...byRequest.keys()]],
  );
  const done = entries.map(({ action, request_id }) => {
    const { sent, answer } = byRequest.get(request_id) ?? {};
    return `${sent?.what} ${answer?.status} ${action}: ${answer?.text.slice(0, 150)}`;
  });
  expect([...new Set(done)]).toEqual([]);
  const tables = await query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition AND c.relname NOT IN ('api_usage_events', 'idempotency_key')`,
  );
  const refusedMarks = new Set(refused.map(({ sent }) => sent.mark));
  const left: string[] = [];
  for (const { name } of tables) {
    const rows = await query<{ mark: string }>(
      `SELECT DISTINCT m[1] AS mark FROM ${name} t, regexp_matches(to_jsonb(t)::text, '${MARK}-\\d+-', 'g') m`,
    );
    for (const { mark } of rows) if (refusedMarks.has(mark)) left.push(`${name} ${mark}`);
  }
  expect(left).toEqual([]);
});
