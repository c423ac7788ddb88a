// The Model Context Protocol, by its own client: the tools are the APIs' operations, and a call of one is a call of the API:
// same limits, one event, one price.

import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  developerToken,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { memberOf } from '../support/portal.ts';
import {
  agree,
  CALLBACK,
  mcpProvider,
  type ProgramServer,
  sentTo,
  startProgram,
} from '../support/program.ts';
import { signed } from '../support/signing.ts';

const MODERN = '2026-07-28';
const OWN = ['get_usage', 'explain_request', 'search_docs'];
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const SCOPES = ['read:routes', 'read:stops', 'read:payments', 'write:payments'];

let partner: TestPartner;
let key: string;
let program: ProgramServer;
afterAll(() => program.close());
beforeAll(async () => {
  program = await startProgram();
  partner = await makePartner();
  key = (await makeKey(partner.id, { scopes: SCOPES })).secret;
});

const ERAS = { 'before sessions ended': 'legacy', [MODERN]: { pin: MODERN } } as const;
type Era = (typeof ERAS)[keyof typeof ERAS];

async function connected(
  path: string,
  token: string | undefined,
  mode: Era = { pin: MODERN },
  authProvider?: OAuthClientProvider,
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const requestInit = token === undefined ? undefined : { headers: { authorization: `Bearer ${token}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(path, stack.url), { requestInit, authProvider }),
  );
  return client;
}

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  enum?: unknown[];
  minimum?: number;
  minLength?: number;
  default?: unknown;
  pattern?: string;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}
/** A value that fits. */
function sample(schema: Schema, definitions = schema.$defs ?? {}): unknown {
  const { type, properties = {}, required = [], minimum, minLength } = schema;
  if (schema.$ref) return sample(definitions[schema.$ref.replace('#/$defs/', '')] ?? {}, definitions);
  if (schema.enum) return schema.enum[0];
  if (type === 'object')
    return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? {}, definitions)]));
  if (type === 'number' || type === 'integer') return Math.max(1, minimum ?? 1);
  if (type === 'boolean') return true;
  if (schema.format === 'email') return 'ada@example.com';
  return schema.pattern === undefined ? 'x'.repeat(Math.max(2, minLength ?? 0)) : 'XOF';
}

type Result = Awaited<ReturnType<Client['callTool']>>;
const textOf = ({ content }: Result): string =>
  content.map((each) => ('text' in each ? each.text : each.type)).join('\n');

/** A message, as a program without an SDK sends it. */
const post = (body: unknown, token = key, headers: Record<string, string> = {}, path = '/mcp') =>
  call(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  });
const toolCall = (name: string, given: object, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: given },
});
/** Of an answer, whether it came as JSON or as one event. */
const messageOf = ({ text, json }: Answer): { result: Result; error: { code: number } } =>
  json ?? JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}');

/** Lists all tools and calls each with what fits; their names. */
async function callEveryTool(client: Client): Promise<string[]> {
  const { tools } = await client.listTools();
  const names = tools.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const { name, inputSchema, description } of tools) {
    expect(description).not.toBe('');
    const given = name === 'explain_request' ? { request_id: 'x' } : sample(inputSchema as Schema);
    const result = await client.callTool({ name, arguments: given as Record<string, unknown> });
    // Upstream answers whatever is asked; a request of nobody's is not there.
    expect([name, result.isError ?? false, name === 'explain_request' ? '' : textOf(result)]).toEqual([
      name,
      name === 'explain_request',
      name === 'explain_request' ? '' : expect.any(String),
    ]);
  }
  return names;
}

describe.each(Object.entries(ERAS))('the official client, %s', (_, mode) => {
  it('lists every tool and calls it, with a key', async () => {
    const client = await connected('/mcp', key, mode);
    const names = await callEveryTool(client);
    expect(names).toEqual(expect.arrayContaining(['searchStops', 'createPayment', ...OWN]));
    await client.close();
  });

  it('and with what a person allowed it, whom it finds out to ask', async () => {
    const person = await memberOf(partner.id);
    const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    await sendJson('/api/dev/apps', 'POST', { name: 'Agents' }, me);
    const { provider, saved } = mcpProvider(program.clientId, CALLBACK);
    const first = new StreamableHTTPClientTransport(new URL('/mcp', stack.url), { authProvider: provider });
    const stranger = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await expect(stranger.connect(first)).rejects.toThrow();
    const back = sentTo(await agree(person, saved.url?.searchParams ?? {}));
    await first.finishAuth(back.searchParams);
    const client = await connected('/mcp', undefined, mode, provider);
    const names = await callEveryTool(client);
    expect(names).toEqual(expect.arrayContaining(['searchStops', 'createPayment', ...OWN]));
    await client.close();
  });

  it('and with the credentials of a client, which it finds the token endpoint for', async () => {
    const me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Agents' }, me)).json.id;
    const wanted = { key_type: 'oauth_client', environment: 'live', name: 'Agent', scopes: SCOPES };
    const made = (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, me)).json;
    const provider = new ClientCredentialsProvider({
      clientId: made.key_id,
      clientSecret: made.secret,
      expectedIssuer: stack.url,
    });
    const client = await connected('/mcp', undefined, mode, provider);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('searchStops');
    const result = await client.callTool({ name: 'searchStops', arguments: { q: 'colobane' } });
    expect(result._meta?.['passerelle/units']).toBe(1);
    // The token is for /mcp, and for nothing else.
    const token = provider.tokens()?.access_token ?? '';
    expect((await call('/v2/routes/list', { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    );
    await client.close();
  });
});

describe('tools', () => {
  it('are those that the caller may call, of all APIs or of one', async () => {
    const narrow = (await makeKey(partner.id, { scopes: ['read:stops'] })).secret;
    const namesOf = async (path: string, token: string) => {
      const client = await connected(path, token);
      const { tools } = await client.listTools();
      await client.close();
      return tools.map(({ name }) => name);
    };
    const mine = await namesOf('/mcp', narrow);
    expect(mine).toEqual(expect.arrayContaining(['searchStops', ...OWN]));
    expect(mine).not.toContain('createPayment');
    expect(await namesOf('/mcp/payments', key)).not.toContain('searchStops');
    expect(
      (await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, key, {}, '/mcp/nothing')).status,
    ).toBe(404);
    // What is not listed can be asked for, and is refused as the call is.
    const refused = messageOf(
      await post(
        toolCall('createPayment', {
          body: { amount: 1, currency: 'XOF', card: { number: '4242424242424242' } },
        }),
        narrow,
      ),
    ).result;
    expect([refused.isError, textOf(refused)]).toEqual([
      true,
      expect.stringContaining('insufficient_permissions'),
    ]);
    expect(textOf(refused)).toContain('write:payments');
  });

  it('follow the catalogue: what is published can be called at once, what is withdrawn is unknown', async () => {
    const parameters = [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'tag', in: 'query', schema: { type: 'array', items: { $ref: '#/components/schemas/Tag' } } },
    ];
    const document = {
      openapi: '3.1.0',
      info: { title: 'Shelf', version: '1' },
      paths: {
        '/books/{id}': {
          get: { operationId: 'getBook', parameters, responses: { 200: { description: 'ok' } } },
        },
      },
      components: { schemas: { Tag: { enum: ['new', 'old'] } } },
    };
    const upstreams = [{ url: stack.upstream }];
    await sendJson('/api/admin/apis/shelf', 'PUT', { document, upstreams }, operator);
    const reader = (await makeKey(partner.id, { scopes: ['read:shelf'] })).secret;
    const client = await connected('/mcp/shelf', reader);
    const { tools } = await client.listTools();
    const [tool] = tools;
    expect(tool).toMatchObject({
      name: 'getBook',
      inputSchema: {
        $defs: { Tag: { enum: ['new', 'old'] } },
        required: ['id'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true },
    });
    const result = await client.callTool({
      name: 'getBook',
      arguments: { id: 'a b', tag: ['new', 'old'] },
    });
    expect(JSON.parse(textOf(result)).url).toBe('/books/a%20b?tag=new&tag=old');
    const wrong = await client.callTool({ name: 'getBook', arguments: { id: 'x', tag: ['other'] } });
    expect([wrong.isError, wrong._meta?.['passerelle/request_id']]).toEqual([true, undefined]);
    await sendJson('/api/admin/apis/shelf', 'DELETE', { reason: 'over' }, operator);
    await expect(client.callTool({ name: 'getBook', arguments: { id: 'x' } })).rejects.toThrow();
    await client.close();
  });

  it('of our own cost nothing, and know of nobody else', async () => {
    const mine = await makePartner();
    const client = await connected('/mcp', (await makeKey(mine.id)).secret);
    const found = await client.callTool({ name: 'searchStops', arguments: { q: 'hann' } });
    const id = String(found._meta?.['passerelle/request_id']);
    await eventually(
      () => eventCount(mine.id),
      (count) => count > 0,
    );
    const explained = await client.callTool({ name: 'explain_request', arguments: { request_id: id } });
    expect(JSON.parse(textOf(explained)).request).toMatchObject({
      route: '/v2/stops/search',
      units: 1,
      via: 'mcp',
    });
    const other = await connected('/mcp', (await makeKey((await makePartner()).id)).secret);
    expect((await other.callTool({ name: 'explain_request', arguments: { request_id: id } })).isError).toBe(
      true,
    );
    const usage = JSON.parse(textOf(await client.callTool({ name: 'get_usage', arguments: {} })));
    expect(usage).toMatchObject({ limits: { day: 'unlimited' }, environment: 'live' });
    const docs = await client.callTool({ name: 'search_docs', arguments: { query: 'quota' } });
    expect(textOf(docs)).toContain('daily_quota_exceeded');
    expect(await eventCount(mine.id)).toBe(1);
    await client.close();
    await other.close();
  });
});

describe('documents and arguments that mean no good', () => {
  const id = 'odd';
  const string = { type: 'string' };
  const ok = { responses: { 200: { description: 'ok' } } };
  const body = (schema: object) => ({
    requestBody: { required: true, content: { 'application/json': { schema } } },
  });
  const inPath = (name: string) => ({ name, in: 'path', required: true, schema: string });
  let client: Client;
  beforeAll(async () => {
    const paths = {
      '/pattern': {
        post: {
          operationId: 'pattern',
          ...ok,
          ...body({ properties: { v: { ...string, pattern: '^(a+)+$' } } }),
        },
      },
      '/readonly': {
        post: {
          operationId: 'readonly',
          ...ok,
          ...body({
            type: 'object',
            required: ['id', 'name'],
            properties: { id: { ...string, readOnly: true }, name: string },
          }),
        },
      },
      '/names': {
        post: {
          operationId: 'names',
          ...ok,
          ...body(string),
          parameters: ['body', 'constructor', '__proto__'].map((name) => ({
            name,
            in: 'query',
            schema: string,
          })),
        },
      },
      '/styles': {
        get: {
          operationId: 'styles',
          ...ok,
          ...body(string),
          parameters: [
            { name: 'f', in: 'query', style: 'deepObject', explode: true, schema: { type: 'object' } },
            { name: 'p', in: 'query', style: 'pipeDelimited', explode: false, schema: { type: 'array' } },
            { name: 'X-Note', in: 'header', schema: string },
          ],
        },
      },
      '/{a}/{b}/leak': { get: { operationId: 'leak', ...ok, parameters: [inPath('a'), inPath('b')] } },
    };
    const document = { openapi: '3.1.0', info: { title: 'Odd', version: '1' }, paths };
    const made = await sendJson(
      `/api/admin/apis/${id}`,
      'PUT',
      { document, upstreams: [{ url: stack.upstream }] },
      operator,
    );
    expect([made.status, made.json.details]).toEqual([200, undefined]);
    client = await connected(
      `/mcp/${id}`,
      (await makeKey(partner.id, { scopes: ['read:odd', 'write:odd'] })).secret,
    );
  });
  afterAll(async () => {
    await client?.close();
    await sendJson(`/api/admin/apis/${id}`, 'DELETE', { reason: 'over' }, operator);
  });
  const ask = async (name: string, given: Record<string, unknown>) => {
    const result = await client.callTool({ name, arguments: given });
    return { isError: result.isError ?? false, text: textOf(result) };
  };

  it("do not run a document's expressions on what callers send", async () => {
    // With it, this takes longer than anybody waits.
    expect((await ask('pattern', { body: { v: `${'a'.repeat(60)}!` } })).isError).toBe(false);
  });

  it('ask for what a request has, and send what was given', async () => {
    expect((await ask('readonly', { body: { name: 'x' } })).isError).toBe(false);
    const { text } = await ask('names', { body: 'b', body_in_query: 'q' });
    expect(JSON.parse(text).url).toBe('/names?body=q');
    const styled = await ask('styles', { f: { a: 1 }, p: ['x', 'y'] });
    expect(JSON.parse(styled.text).url).toBe('/styles?f%5Ba%5D=1&p=x%7Cy');
  });

  it.each([
    ['a step up the path', 'leak', { a: '..', b: 'x' }],
    ['half of one', 'leak', { a: 'x', b: '.' }],
    ['nothing for a part of the path', 'leak', { a: '', b: 'x' }],
    ['a header of two lines', 'styles', { 'X-Note': 'a\r\nAuthorization: b' }],
    ['an argument that is none', 'styles', { other: 1 }],
  ])('%s is refused before anything is asked', async (_, name, given) => {
    const { isError, text } = await ask(name, given);
    expect([isError, text.split('\n', 1)[0]]).toEqual([true, 'The arguments do not fit:']);
  });

  it('half a character is a character', async () => {
    expect(JSON.parse((await ask('leak', { a: '\ud800', b: 'x' })).text).url).toBe('/%EF%BF%BD/x/leak');
  });
});

describe('whoever calls', () => {
  it('proves each message by itself: there are no batches', async () => {
    const { status, json } = await post([toolCall('listRoutes', {}, 1), toolCall('listRoutes', {}, 2)]);
    expect([status, json.error.code]).toEqual([400, -32600]);
  });

  it('may sign: what the protocol says in headers is signed, too', async () => {
    const signing = await makeSigningKey(partner.id, 'live', SCOPES);
    const text = JSON.stringify(toolCall('searchStops', { q: 'xx' }));
    const request = signed(signing, '/mcp', { method: 'POST', body: text });
    const accept = 'application/json, text/event-stream';
    const answer = await call('/mcp', { ...request, headers: { ...request.headers, accept } });
    expect([answer.status, messageOf(answer).result?._meta?.['passerelle/units']]).toEqual([200, 1]);
    expect((await call('/mcp', { ...request, headers: { ...request.headers, accept } })).status).toBe(401);
  });

  it('and was revoked, gets no answer at any edge, whatever it asks', async () => {
    const gone = await makeKey(partner.id, { scopes: SCOPES });
    const messages = [
      toolCall('nothing', {}),
      toolCall('searchStops', {}),
      toolCall('get_usage', {}),
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    ];
    for (const edge of ['b', 'c']) await post(messages[0], gone.secret, { 'x-test-edge': edge });
    await sendJson(`/api/admin/keys/${gone.id}/revoke`, 'POST', { reason: 'over' }, operator);
    for (const edge of ['b', 'c'])
      for (const message of messages)
        expect((await post(message, gone.secret, { 'x-test-edge': edge })).status).toBe(401);
  });

  it('has a rate for what costs nothing', async () => {
    const busy = (await makeKey(partner.id)).secret;
    const answers = await inParallel(90, 10, () => post(toolCall('nothing', {}), busy));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200).length).toBeLessThan(80);
  });

  it('has explained what it asked itself, and no other key of its partner', async () => {
    const { headers } = await call('/v2/stops/search?q=mine', { key });
    const id = headers['x-request-id'];
    await eventually(
      () => query('SELECT 1 FROM api_usage_events WHERE id = $1', [id]),
      (rows) => rows.length > 0,
    );
    const ask = async (token: string) =>
      messageOf(await post(toolCall('explain_request', { request_id: id }), token)).result.isError ?? false;
    expect([await ask(key), await ask((await makeKey(partner.id)).secret)]).toEqual([false, true]);
  });
});

it('a refusal says which limit, until when, and what to do', async () => {
  const tight = await makePartner({ day: 2 });
  const client = await connected('/mcp', (await makeKey(tight.id)).secret);
  const ask = () => client.callTool({ name: 'listRoutes', arguments: {} });
  expect((await ask())._meta?.['passerelle/remaining']).toMatchObject({ day: 1 });
  expect((await ask())._meta?.['passerelle/remaining']).toMatchObject({ day: 0 });
  const refused = await ask();
  expect(refused.isError).toBe(true);
  expect(refused._meta).toMatchObject({
    'passerelle/status': 429,
    'passerelle/units': 0,
    'passerelle/retry_after': expect.any(Number),
  });
  expect(textOf(refused)).toMatch(
    /daily_quota_exceeded[\s\S]*"limit":2[\s\S]*reset_at[\s\S]*ask for a higher quota/,
  );
  await client.close();
});

describe('what is asked wrongly', () => {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  it.each<[string, () => Promise<{ status: number }>, number]>([
    [
      'no credential',
      () =>
        call('/mcp', {
          method: 'POST',
          body: JSON.stringify(list),
          headers: { 'content-type': 'application/json' },
        }),
      401,
    ],
    ['a wrong key', () => post(list, 'pk_live_nobody'), 401],
    ['a megabyte of arguments', () => post(toolCall('searchStops', { q: 'x'.repeat(1_000_000) })), 413],
    ['no JSON', () => post('{'), 400],
    ['another type', () => post(list, key, { 'content-type': 'text/plain' }), 415],
    [
      'a GET',
      () => call('/mcp', { headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' } }),
      405,
    ],
    ['a page of another origin', () => post(list, key, { origin: 'https://evil.example' }), 403],
    ['another revision', () => post(list, key, { 'mcp-protocol-version': '1999-01-01' }), 400],
    [
      'a body that is not what its headers say',
      () =>
        post(
          {
            ...toolCall('searchStops', { q: 'xx' }),
            params: {
              name: 'searchStops',
              arguments: { q: 'xx' },
              _meta: {
                'io.modelcontextprotocol/protocolVersion': MODERN,
                'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
                'io.modelcontextprotocol/clientCapabilities': {},
              },
            },
          },
          key,
          { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'listRoutes' },
        ),
      400,
    ],
  ])('%s', async (_, ask, status) => {
    expect((await ask()).status).toBe(status);
  });

  it('says where tokens are to be had', async () => {
    const { headers } = await call('/mcp', { method: 'POST' });
    expect(headers['www-authenticate']).toContain(
      `resource_metadata="${stack.url}/.well-known/oauth-protected-resource/mcp"`,
    );
    const { json } = await call('/.well-known/oauth-protected-resource/mcp');
    expect(json).toMatchObject({ resource: `${stack.url}/mcp`, authorization_servers: [stack.url] });
  });

  it('an unknown tool is an error of the protocol, and costs nothing', async () => {
    const { error } = messageOf(await post(toolCall('nothing', {})));
    expect(error.code).toBe(-32602);
  });
});

it('a thousand calls come to the same by REST and by MCP: units, rollups, lines of the bill', async () => {
  const CALLS = 1000;
  const QUOTA = 900;
  const paths: [string, string, object][] = [
    ['/v2/stops/search?q=hann', 'searchStops', { q: 'hann' }],
    ['/v2/routes/list', 'listRoutes', {}],
    ['/v2/stops/s1/departures', 'stopDepartures', { id: 's1' }],
  ];
  const one = async (send: (i: number, token: string) => Promise<unknown>) => {
    const owner = await makePartner({ tier: 'starter', day: QUOTA, month: 100_000, overage: 'block' });
    const { secret } = await makeKey(owner.id, { scopes: SCOPES });
    await query(
      `UPDATE api_key_quotas SET burst_limit = -1, sustained_limit = -1
       WHERE key_id IN (SELECT key_id FROM api_key WHERE partner_id = $1)`,
      [owner.id],
    );
    // What fits into the day, then what does not: so that each call has one end.
    await inParallel(QUOTA, 20, (i) => send(i, secret));
    await inParallel(CALLS - QUOTA, 20, (i) => send(QUOTA + i, secret));
    await eventually(
      () => eventCount(owner.id),
      (count) => count >= CALLS,
      60_000,
    );
    const rollups = await query(
      `SELECT day::text, route, calls, units, statuses, error_codes FROM api_usage_rollups_day WHERE partner_id = $1 ORDER BY day, route`,
      [owner.id],
    );
    const me = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    const { lines, total_minor } = (await call('/api/dev/billing/preview', me)).json;
    return { rollups, lines, total_minor, events: await eventCount(owner.id) };
  };
  const byRest = await one((i, token) => call(paths[i % 3]?.[0] ?? '', { key: token }));
  const byTool = await one((i, token) => {
    const [, name, given] = paths[i % 3] ?? ['', '', {}];
    return post(toolCall(name, given, i), token);
  });
  expect(byTool).toEqual(byRest);
  const units = byRest.rollups.reduce((sum, row) => sum + Number(row.units), 0);
  expect([units, byRest.events]).toEqual([QUOTA, CALLS]);
}, 180_000);

afterAll(() => sendJson('/api/admin/apis/shelf', 'DELETE', { reason: 'over' }, operator));
