// OAuth 2.0 for people, by programs that nobody here wrote: oauth4webapi, openid-client, and the MCP client. A member is asked,
// agrees to what a program may do and spend, and ends it.

import { Client as McpClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { memberOf, type Person, visitor } from '../support/portal.ts';
import {
  agree,
  askedAt,
  asking,
  CALLBACK,
  challengeOf,
  describing,
  mcpProvider,
  newVerifier,
  type ProgramServer,
  sentTo,
  startProgram,
} from '../support/program.ts';

const ROUTE = '/v2/routes/list';
const insecure = { [oauth.allowInsecureRequests]: true };

let partner: TestPartner;
let person: Person;
let program: ProgramServer;
let me: { headers: { authorization: string } };
let server: oauth.AuthorizationServer;

beforeAll(async () => {
  program = await startProgram();
  partner = await makePartner();
  me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  await sendJson('/api/dev/apps', 'POST', { name: 'Agents' }, me);
  person = await memberOf(partner.id);
  const issuer = new URL(stack.url);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  server = await oauth.processDiscoveryResponse(issuer, found);
});
afterAll(() => program.close());

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  call(path, {
    method: 'POST',
    body: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
const use = (token: string, path = ROUTE) => call(path, { headers: { authorization: `Bearer ${token}` } });

const codeFor = async (by: Person, verifier: string, wishes: Record<string, string> = {}, more = {}) =>
  sentTo(await agree(by, asking(program, verifier, more), wishes)).searchParams.get('code') ?? '';
const redeemed = (code: string, verifier: string, more: Record<string, string> = {}) =>
  post('/oauth/token', {
    grant_type: 'authorization_code',
    code,
    client_id: program.clientId,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    ...more,
  });
const refreshed = (token: string, more: Record<string, string> = {}) =>
  post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: program.clientId,
    ...more,
  });

interface Tokens {
  access: string;
  refresh: string;
}
async function tokens(by = person, wishes: Record<string, string> = {}): Promise<Tokens> {
  const verifier = newVerifier();
  const { status, json } = await redeemed(await codeFor(by, verifier, wishes), verifier);
  expect([status, json.error_description]).toEqual([200, undefined]);
  return { access: json.access_token, refresh: json.refresh_token };
}

const errorOf = ({ status, json, headers }: Answer) => [status, json?.error, headers['cache-control']];
const REFUSED = [400, 'invalid_grant', 'no-store'];

describe('programs that nobody here wrote', () => {
  it('oauth4webapi: asked, allowed, called, refreshed, ended', async () => {
    expect(server).toMatchObject({
      authorization_endpoint: `${stack.url}/oauth/authorize`,
      code_challenge_methods_supported: ['S256'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
    });
    const client = { client_id: program.clientId };
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    const query = asking(program, verifier, { state, code_challenge: challenge });
    // As a browser is sent there.
    const begun = await call(`/oauth/authorize?${new URLSearchParams(query)}`);
    expect([begun.status, begun.headers.location]).toEqual([303, `${stack.url}${askedAt(query)}`]);
    const back = sentTo(await agree(person, query));
    expect(back.href.startsWith(`${CALLBACK}?`)).toBe(true);
    const parameters = oauth.validateAuthResponse(server, client, back, state);
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      CALLBACK,
      verifier,
      insecure,
    );
    const got = await oauth.processAuthorizationCodeResponse(server, client, answer);
    expect(got).toMatchObject({ scope: 'read:routes read:stops', expires_in: 900 });
    const resource = new URL(ROUTE, stack.url);
    const called = await oauth.protectedResourceRequest(
      got.access_token,
      'GET',
      resource,
      undefined,
      undefined,
      insecure,
    );
    expect(called.status).toBe(200);
    const again = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      got.refresh_token ?? '',
      insecure,
    );
    const next = await oauth.processRefreshTokenResponse(server, client, again);
    expect(next.refresh_token).not.toBe(got.refresh_token);
    expect((await use(next.access_token)).status).toBe(200);
    const ended = await oauth.revocationRequest(
      server,
      client,
      oauth.None(),
      next.refresh_token ?? '',
      insecure,
    );
    await oauth.processRevocationResponse(ended);
    expect((await use(next.access_token)).status).toBe(401);
    expect((await use(got.access_token)).status).toBe(401);
  });

  it('openid-client, whose tokens are bound to its key', async () => {
    const config = await openid.discovery(new URL(stack.url), program.clientId, undefined, openid.None(), {
      execute: [openid.allowInsecureRequests],
      algorithm: 'oauth2',
    });
    const verifier = openid.randomPKCECodeVerifier();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'read:routes',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: 'abc',
    });
    const back = sentTo(await agree(person, url.searchParams));
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const got = await openid.authorizationCodeGrant(
      config,
      back,
      { pkceCodeVerifier: verifier, expectedState: 'abc' },
      undefined,
      { DPoP },
    );
    expect(got.token_type).toBe('dpop');
    const resource = new URL(ROUTE, stack.url);
    const called = await openid.fetchProtectedResource(
      config,
      got.access_token,
      resource,
      'GET',
      undefined,
      undefined,
      { DPoP },
    );
    expect(called.status).toBe(200);
    expect((await use(got.access_token)).status).toBe(401);
    // So is what it is kept up with.
    const refresh = got.refresh_token ?? '';
    expect((await refreshed(refresh)).json.error).toBe('invalid_dpop_proof');
    const other = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    await expect(openid.refreshTokenGrant(config, refresh, undefined, { DPoP: other })).rejects.toThrow();
    const next = await openid.refreshTokenGrant(config, refresh, undefined, { DPoP });
    expect(next.token_type).toBe('dpop');
  });

  it('the MCP client: it finds whom to ask, and lists and calls every tool', async () => {
    const { provider, saved } = mcpProvider(program.clientId, CALLBACK);
    const endpoint = new URL('/mcp', stack.url);
    const transport = () => new StreamableHTTPClientTransport(endpoint, { authProvider: provider });
    const first = transport();
    await expect(new McpClient({ name: 't', version: '1' }).connect(first)).rejects.toThrow();
    expect(saved.url?.pathname).toBe('/oauth/authorize');
    const back = sentTo(await agree(person, saved.url?.searchParams ?? {}, { budget: '100' }));
    await first.finishAuth(back.searchParams);
    const client = new McpClient({ name: 't', version: '1' });
    await client.connect(transport());
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['searchStops', 'get_usage', 'search_docs']),
    );
    const result = await client.callTool({ name: 'searchStops', arguments: { q: 'colobane' } });
    expect(result.isError ?? false).toBe(false);
    expect(result._meta).toMatchObject({
      'passerelle/units': 1,
      'passerelle/remaining': { budget: 99 },
    });
    await client.close();
  });
});

describe('what a grant may do', () => {
  it('no more than was allowed: fewer scopes, a budget, an end; on the partner’s bill', async () => {
    const { access } = await tokens(person, { scopes: 'read:routes', budget: '2', days: '1' });
    expect((await use(access, '/v2/stops/search?q=hann')).status).toBe(403);
    expect((await use(access)).status).toBe(200);
    expect((await use(access)).headers['x-ratelimit-remaining-budget']).toBe('0');
    expect((await use(access)).json.error).toBe('budget_exceeded');
    const { json } = await call('/api/dev/grants', {
      headers: { cookie: '', ...me.headers },
    });
    expect(json.data).toEqual([]);
    const page = await person.get('/portal/grants');
    expect(page.text).toContain('Timetables');
    expect(page.text).toContain(program.clientId);
    const events = await eventually(
      () =>
        query<{ units: number; kind: string }>(
          `SELECT sum(e.units)::int AS units, min(k.kind) AS kind FROM api_usage_events e JOIN api_key k ON k.key_id = e.key_id
            WHERE e.partner_id = $1 AND k.kind = 'grant' AND k.budget_units = 2`,
          [partner.id],
        ),
      ([row]) => row?.units === 2,
    );
    expect(events).toEqual([{ units: 2, kind: 'grant' }]);
  });

  it('only where it was allowed to', async () => {
    const verifier = newVerifier();
    const code = await codeFor(person, verifier, {}, { resource: `${stack.url}/mcp` });
    const elsewhere = await redeemed(code, verifier, { resource: `${stack.url}/v2` });
    expect(errorOf(elsewhere)).toEqual([400, 'invalid_target', 'no-store']);
    // Nothing was used up.
    const { json } = await redeemed(code, verifier);
    expect((await use(json.access_token)).status).toBe(401);
    expect((await refreshed(json.refresh_token, { resource: stack.url })).json.error).toBe('invalid_target');
    expect((await refreshed(json.refresh_token)).status).toBe(200);
  });

  it('fewer scopes when it asks for them', async () => {
    const { refresh } = await tokens();
    const less = await refreshed(refresh, { scope: 'read:stops' });
    expect(less.json.scope).toBe('read:stops');
    const more = await refreshed(less.json.refresh_token, { scope: 'write:payments' });
    expect(more.json.error).toBe('invalid_scope');
  });

  it('makes no keys', async () => {
    const { access } = await tokens();
    const wanted = { name: 'x', budget: { units: 1 } };
    const made = await sendJson('/dashboard/api-keys', 'POST', wanted, {
      headers: { authorization: `Bearer ${access}` },
    });
    expect(made.status).toBe(403);
  });
});

describe('on the page of its key', () => {
  const latest = async () =>
    (
      await query<{ key_id: string }>(
        `SELECT key_id FROM api_key WHERE kind = 'grant' AND partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
        [partner.id],
      )
    )[0]?.key_id ?? '';

  it('its budget and its limits are changed; it gets no scopes but the APIs’, and has no secret to roll', async () => {
    const { access } = await tokens(person, { budget: '5' });
    const id = await latest();
    const change = (body: object) => sendJson(`/api/dev/keys/${id}`, 'PATCH', body, me);
    expect((await change({ budget: { units: 1 }, limits: { daily_quota: 9 } })).json).toMatchObject({
      budget: { limit: 1, used: 0, remaining: 1 },
      limits: { daily_quota: 9 },
    });
    expect((await use(access)).status).toBe(200);
    expect((await use(access)).status).toBe(402);
    expect((await change({ scopes: ['read:routes', 'keys:write'] })).status).toBe(400);
    const page = await person.get(`/portal/keys/${id}`);
    expect(page.text).not.toContain('data-dialog="roll"');
    expect(page.text).not.toContain('was made with');
    expect((await person.post(`/portal/keys/${id}/rotate`, { grace_days: '0' })).status).toBe(409);
  });

  it('it holds no place in the plan, with a budget or without', async () => {
    const owner = await makePartner({ tier: 'business', overage: 'charge' });
    const as = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    await sendJson('/api/dev/apps', 'POST', { name: 'App' }, as);
    await query(
      `INSERT INTO api_key (partner_id, environment, key_hash, key_prefix, name)
        SELECT $1, 'live', md5(random()::text || n), 'pk_live_xxxx', 'one of many' FROM generate_series(1, 20) n`,
      [owner.id],
    );
    const by = await memberOf(owner.id);
    expect((await agree(by, asking(program, newVerifier()))).status).toBe(200);
    expect((await agree(by, asking(program, newVerifier()), { budget: '5' })).status).toBe(200);
  });

  it('the same request allowed three times at once is one grant, and one that nobody came for ends', async () => {
    const by = await memberOf(partner.id);
    const wanted = asking(program, newVerifier());
    await Promise.all([1, 2, 3].map(() => agree(by, wanted)));
    const mine = () =>
      query<{ count: string }>(
        `SELECT count(*) FROM api_key k JOIN oauth_grant g ON g.api_key_id = k.id JOIN dev_accounts a ON a.id = g.subject
          WHERE a.email = $1 AND k.is_active`,
        [by.email],
      );
    expect(await mine()).toEqual([{ count: '1' }]);
    await query(
      `UPDATE oauth_code SET expires_at = now() - interval '1 minute' WHERE api_key_id IN (SELECT g.api_key_id FROM oauth_grant g
        JOIN dev_accounts a ON a.id = g.subject WHERE a.email = $1)`,
      [by.email],
    );
    await agree(by, asking(program, newVerifier()));
    expect(await mine()).toEqual([{ count: '1' }]);
  });

  it('an older one than many that ended is listed, and ended', async () => {
    const by = await memberOf(partner.id);
    const { access } = await tokens(by);
    const id = await latest();
    await query(
      `WITH made AS (INSERT INTO api_key (key_id, partner_id, kind, environment, key_hash, key_prefix, name, is_active)
         SELECT 'og_live_' || n || random(), $1, 'grant', 'live', md5(random()::text || n), 'og_live_', 'Ended', false
         FROM generate_series(1, 260) n RETURNING id)
       INSERT INTO oauth_grant (api_key_id, subject, client_id) SELECT made.id, a.id, 'https://x.example/c.json'
         FROM made, dev_accounts a WHERE a.email = $2`,
      [partner.id, by.email],
    );
    expect((await by.get('/portal/grants')).text).toContain(id);
    expect((await by.post(`/portal/grants/${id}/revoke`)).status).toBe(303);
    expect((await use(access)).status).toBe(401);
  });

  it('a name that reads backwards, or does not end, breaks nothing', async () => {
    const clientId = `${program.origin}/odd.json`;
    const name = `Time‮tables​${'x'.repeat(60)}`;
    program.documents.set('/odd.json', { body: JSON.stringify(describing(clientId, { client_name: name })) });
    const { text } = await person.get(askedAt(asking({ clientId }, newVerifier())));
    expect(text).toContain('Timetablesxxx');
    expect(text).not.toContain('‮');
    program.documents.delete('/odd.json');
  });
});

describe('each code and each refresh token is for one use', () => {
  it('a code that is shown again ends what came of it', async () => {
    const verifier = newVerifier();
    const code = await codeFor(person, verifier);
    const { json } = await redeemed(code, verifier);
    expect((await use(json.access_token)).status).toBe(200);
    expect(errorOf(await redeemed(code, verifier))).toEqual(REFUSED);
    expect((await use(json.access_token)).status).toBe(401);
    expect(errorOf(await refreshed(json.refresh_token))).toEqual(REFUSED);
  });

  it('a refresh token that is shown again ends the family', async () => {
    const { access, refresh } = await tokens();
    const next = await refreshed(refresh);
    expect(errorOf(await refreshed(refresh))).toEqual(REFUSED);
    expect((await use(next.json.access_token)).status).toBe(401);
    expect((await use(access)).status).toBe(401);
    expect(errorOf(await refreshed(next.json.refresh_token))).toEqual(REFUSED);
  });

  it('while the partner is suspended none is used up, and nobody is told that the grant has ended', async () => {
    const { refresh } = await tokens();
    const standing = (status: string) =>
      query(
        `UPDATE partner SET status = $1 WHERE id =
           (SELECT partner_id FROM api_key WHERE kind = 'grant' ORDER BY created_at DESC LIMIT 1)`,
        [status],
      );
    await standing('suspended');
    try {
      expect(errorOf(await refreshed(refresh))).toEqual([400, 'unauthorized_client', 'no-store']);
    } finally {
      await standing('active');
    }
    expect((await refreshed(refresh)).status).toBe(200);
  });

  it('that was used, shown while the partner is suspended, ends the family as well', async () => {
    const { refresh } = await tokens();
    const next = await refreshed(refresh);
    await query(`UPDATE partner SET status = 'suspended' WHERE id = $1`, [partner.id]);
    try {
      expect(errorOf(await refreshed(refresh))).toEqual(REFUSED);
    } finally {
      await query(`UPDATE partner SET status = 'active' WHERE id = $1`, [partner.id]);
    }
    expect(errorOf(await refreshed(next.json.refresh_token))).toEqual(REFUSED);
  });

  it('of a grant that has expired in an archived app is told that it has ended', async () => {
    const { refresh } = await tokens();
    const newest = `(SELECT id FROM api_key WHERE kind = 'grant' ORDER BY created_at DESC LIMIT 1)`;
    const [{ app_id: app } = {}] = await query<{ app_id: string }>(
      `UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = ${newest} RETURNING app_id`,
    );
    await query('UPDATE dev_apps SET archived_at = now() WHERE id = $1', [app]);
    try {
      expect(errorOf(await refreshed(refresh))).toEqual(REFUSED);
    } finally {
      await query('UPDATE dev_apps SET archived_at = NULL WHERE id = $1', [app]);
    }
  });

  it('sent twenty times at once, it is used once at most', async () => {
    const { refresh } = await tokens();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refreshed(refresh)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const verifier = newVerifier();
    const code = await codeFor(person, verifier);
    const redeemings = await Promise.all(Array.from({ length: 20 }, () => redeemed(code, verifier)));
    expect(redeemings.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it.for([
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['another verifier', { code_verifier: newVerifier() }, 'invalid_grant'],
    ['another redirect URI', { redirect_uri: `${CALLBACK}/` }, 'invalid_grant'],
    ['another program', { client_id: 'https://other.example/client.json' }, 'invalid_grant'],
    ['no code', { code: '' }, 'invalid_request'],
    ['a code of nobody', { code: 'ok_nothing' }, 'invalid_grant'],
  ] as const)('%s: refused, and nothing ends', async ([, wrong, error]) => {
    const verifier = newVerifier();
    const code = await codeFor(person, verifier);
    expect(errorOf(await redeemed(code, verifier, wrong))).toEqual([400, error, 'no-store']);
    expect((await redeemed(code, verifier)).status).toBe(200);
  });

  it('neither is taken when it is too old', async () => {
    const verifier = newVerifier();
    const code = await codeFor(person, verifier);
    await query(`UPDATE oauth_code SET expires_at = now() - interval '1 second' WHERE used_at IS NULL`);
    expect(errorOf(await redeemed(code, verifier))).toEqual(REFUSED);
    const { refresh } = await tokens();
    await query(`UPDATE oauth_refresh_token SET expires_at = now() WHERE replaced_at IS NULL`);
    expect(errorOf(await refreshed(refresh))).toEqual(REFUSED);
  });
});

describe('who is asked, and by whom', () => {
  const refusals: [string, Record<string, string>][] = [
    ['the plain challenge', { code_challenge_method: 'plain' }],
    ['no method', { code_challenge_method: '' }],
    ['no challenge', { code_challenge: '' }],
    ['a challenge that is none', { code_challenge: 'abc' }],
    ['a token at once', { response_type: 'token' }],
    ['a form', { response_mode: 'form_post' }],
    ['a request object', { request: 'x' }],
    ['another’s resource', { resource: 'https://elsewhere.example/' }],
  ];
  /** Where a page leads on to, where its reader wants that. */
  const leadsTo = ({ text }: Answer): URL => {
    const [, href = ''] = /<a class="button" href="([^"]+)"/.exec(text) ?? [];
    return new URL(href.replaceAll('&amp;', '&'));
  };
  it.for(refusals)('%s: the program is told, with its state and who says so', async ([, wrong]) => {
    const wanted = asking(program, newVerifier(), wrong);
    const answer = await person.get(askedAt(wanted));
    // Nobody here knows it: whoever reads that goes there, or does not.
    expect([answer.status, answer.headers.location, answer.headers.refresh]).toEqual([
      400,
      undefined,
      undefined,
    ]);
    const request = `?${new URLSearchParams(wanted)}`;
    const sent = await person.post('/portal/authorize/refuse', { request });
    expect([sent.status, sent.headers.refresh]).toEqual([400, undefined]);
    const { searchParams, href } = leadsTo(answer);
    expect(href.startsWith(`${CALLBACK}?`)).toBe(true);
    expect(searchParams.get('error')).toMatch(/^(?:invalid_|unsupported_|request_)/);
    expect([searchParams.get('state'), searchParams.get('iss')]).toEqual(['s1', stack.url]);
    expect(searchParams.has('code')).toBe(false);
  });

  it.for([
    `${CALLBACK}/`,
    `${CALLBACK}?x=1`,
    `${CALLBACK}#x`,
    'http://127.0.0.1:4711/Callback',
    'http://127.0.0.1:4711/callback/../callback',
    'http://127.0.0.1.evil.example:4711/callback',
    'http://localhost:4711/callback',
    'https://127.0.0.1:4711/callback',
    'http://user@127.0.0.1:4711/callback',
    'https://app.example/back',
    'https://app.example/back?from=us&more=1',
    'https://app.example.evil.example/back?from=us',
    'https://app.example:8443/back?from=us',
    'http://app.example/back?from=us',
    'org.example.app:/back/',
    'org.example.other:/back',
    'javascript:alert(1)',
    '//app.example/back?from=us',
    '',
  ])('a redirect URI that nearly matches is not gone to: %s', async (redirect) => {
    for (const send of [
      person.get(askedAt(asking(program, newVerifier(), { redirect_uri: redirect }))),
      person.post('/portal/authorize/refuse', {
        request: `?${new URLSearchParams(asking(program, newVerifier(), { redirect_uri: redirect }))}`,
      }),
    ]) {
      const answer = await send;
      expect([answer.status, answer.headers.location, answer.headers.refresh]).toEqual([
        400,
        undefined,
        undefined,
      ]);
    }
  });

  it.for(['http://127.0.0.1:9/callback', 'https://app.example/back?from=us', 'org.example.app:/back'])(
    'one that does is: %s',
    async (redirect) => {
      const verifier = newVerifier();
      const back = sentTo(await agree(person, asking(program, verifier, { redirect_uri: redirect })));
      expect(back.href.startsWith(redirect)).toBe(true);
      expect(back.searchParams.get('code')).toMatch(/^ok_/);
    },
  );

  it('documents that are none of its own, sent on, too large, or secret', async () => {
    const { documents, origin, clientId } = program;
    const at = (path: string) => origin + path;
    documents.set('/moved.json', { status: 302, location: clientId, body: '' });
    const large = describing(at('/large.json'), { more: 'x'.repeat(2 * 1024 * 1024) });
    documents.set('/large.json', { body: JSON.stringify(large) });
    documents.set('/other.json', { body: JSON.stringify(describing(clientId)) });
    documents.set('/text.json', { body: 'hello' });
    documents.set('/secret.json', {
      body: JSON.stringify(
        describing(at('/secret.json'), { token_endpoint_auth_method: 'client_secret_basic' }),
      ),
    });
    documents.set('/script.json', {
      body: JSON.stringify(describing(at('/script.json'), { redirect_uris: ['javascript:alert(1)'] })),
    });
    for (const [i, scheme] of ['search-ms:query=x', 'intent://x', 'mailto:x@y.z', 'ms-msdt:/id'].entries())
      documents.set(`/launch${i}.json`, {
        body: JSON.stringify(describing(at(`/launch${i}.json`), { redirect_uris: [scheme] })),
      });
    documents.set('/nowhere.json', {
      body: JSON.stringify(describing(at('/nowhere.json'), { redirect_uris: [] })),
    });
    for (const path of [...documents.keys(), '/missing.json', '/', '/client.json?x=1', '/./client.json']) {
      if (path === '/client.json') continue;
      const wanted = asking({ clientId: origin + path }, newVerifier());
      const { status, headers } = await person.get(askedAt(wanted));
      expect([path, status, headers.location]).toEqual([path, 400, undefined]);
    }
    for (const clientId of [
      '',
      'me',
      'ftp://x.example/y',
      'http://user:pw@x.example/y',
      `${program.clientId}#x`,
    ])
      expect((await person.get(askedAt(asking({ clientId }, newVerifier())))).status, clientId).toBe(400);
  });

  it('never one at a private address, where the deployment is public', async () => {
    for (const clientId of [
      program.clientId,
      'https://127.0.0.1/client.json',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/client.json',
      'https://localhost/client.json',
      'http://app.example/client.json',
    ]) {
      const path = askedAt(asking({ clientId }, newVerifier()));
      const { status, text } = await person.get(path, { 'x-test-edge': 'strict' });
      expect([clientId, status]).toEqual([clientId, 400]);
      expect(text).toContain('not public');
    }
  });

  it('parameters that are there twice, or far too long', async () => {
    const wanted = new URLSearchParams(asking(program, newVerifier()));
    wanted.append('state', 'another');
    expect((await person.get(askedAt(wanted))).status).toBe(400);
    const long = asking(program, newVerifier(), { state: 'x'.repeat(4000) });
    expect((await person.get(askedAt(long))).status).toBe(400);
  });

  it('nobody who is not signed in, and no viewer', async () => {
    const path = askedAt(asking(program, newVerifier()));
    const { status, headers } = await visitor().get(path);
    expect(status).toBe(303);
    expect(new URL(String(headers.location), stack.url).searchParams.get('back')).toBe(path);
    expect((await (await memberOf(partner.id, 'viewer')).get(path)).status).toBe(403);
    const forged = await person.post(
      '/portal/authorize',
      { request: path.slice(path.indexOf('?')), scopes: 'read:routes', days: '30' },
      { origin: 'https://evil.example' },
    );
    expect(forged.status).toBe(403);
  });

  it('scopes nobody has are not offered; asked for alone, nothing can be allowed', async () => {
    const wanted = asking(program, newVerifier(), { scope: 'read:everything keys:write' });
    const page = await person.get(askedAt(wanted));
    expect(page.status).toBe(400);
    expect(leadsTo(page).searchParams.get('error')).toBe('invalid_scope');
    const request = `?${new URLSearchParams(wanted)}`;
    const sent = await person.post('/portal/authorize', { request, scopes: 'keys:write', days: '30' });
    expect([sent.status, sent.headers.refresh]).toEqual([400, undefined]);
    const slipped = await agree(person, asking(program, newVerifier()), {
      scopes: 'read:routes\nkeys:write\nwrite:payments',
    });
    const code = sentTo(slipped).searchParams.get('code') ?? '';
    expect(code).not.toBe('');
    const [key] = await query<{ scopes: string[] }>(
      `SELECT scopes FROM api_key WHERE kind = 'grant' AND partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
      [partner.id],
    );
    expect(key?.scopes).toEqual(['read:routes']);
  });

  it('a name that nobody sees is none', async () => {
    const { documents, origin } = program;
    const clientId = `${origin}/unseen.json`;
    documents.set('/unseen.json', {
      body: JSON.stringify(describing(clientId, { client_name: '\u2800\u3164' })),
    });
    const page = await person.get(askedAt(asking({ clientId }, newVerifier())));
    expect(page.text).toContain(`${new URL(origin).host} asks`);
  });

  it('refused: the program is told so', async () => {
    const request = `?${new URLSearchParams(asking(program, newVerifier()))}`;
    const back = sentTo(await person.post('/portal/authorize/refuse', { request }));
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 's1',
      iss: stack.url,
    });
  });
});

describe('an OAuth client of the partner', () => {
  const made = async (as = me, more: object = {}) => {
    const app = (await sendJson('/api/dev/apps', 'POST', { name: `App ${Math.random()}` }, as)).json.id;
    return (
      await sendJson(
        `/api/dev/apps/${app}/keys`,
        'POST',
        {
          key_type: 'oauth_client',
          environment: 'live',
          name: 'Our own',
          client: { token_endpoint_auth_method: 'client_secret', redirect_uris: [CALLBACK], ...more },
        },
        as,
      )
    ).json;
  };

  it('acts for its members, and proves itself', async () => {
    const client = await made();
    const verifier = newVerifier();
    const wanted = asking({ clientId: client.key_id }, verifier);
    const code = sentTo(await agree(person, wanted)).searchParams.get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    };
    expect(errorOf(await post('/oauth/token', { ...form, client_id: client.key_id }))).toEqual([
      401,
      'invalid_client',
      'no-store',
    ]);
    expect(errorOf(await redeemed(code, verifier))).toEqual(REFUSED);
    const basic = Buffer.from(`${client.key_id}:${client.secret}`).toString('base64');
    const got = await post('/oauth/token', form, { authorization: `Basic ${basic}` });
    expect(got.status).toBe(200);
    expect((await use(got.json.access_token)).status).toBe(200);
    const seen = await post(
      '/oauth/introspect',
      { token: got.json.access_token },
      { authorization: `Basic ${basic}` },
    );
    expect(seen.json).toMatchObject({
      active: true,
      client_id: client.key_id,
      scope: 'read:routes',
    });
    expect(seen.json.sub).toMatch(/^og_live_/);
  });

  const tokenFor = async (client: { key_id: string; secret: string }) => {
    const verifier = newVerifier();
    const back = sentTo(await agree(person, asking({ clientId: client.key_id }, verifier)));
    const basic = Buffer.from(`${client.key_id}:${client.secret}`).toString('base64');
    const code = back.searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    return (await post('/oauth/token', form, { authorization: `Basic ${basic}` })).json.access_token;
  };
  it.for([
    ['revoked', 'POST', '/revoke', { reason: 'x' }],
    ['rolled at once', 'POST', '/rotate', { grace_days: 0 }],
    [
      'proves itself otherwise',
      'PATCH',
      '',
      {
        client: {
          token_endpoint_auth_method: 'client_secret',
          redirect_uris: [CALLBACK],
          dpop_bound_access_tokens: true,
        },
      },
    ],
  ] as const)('what people allowed it ends when it is %s', async ([, method, path, body]) => {
    const client = await made();
    const token = await tokenFor(client);
    expect((await use(token)).status).toBe(200);
    expect((await sendJson(`/api/dev/keys/${client.key_id}${path}`, method, body, me)).status).toBe(200);
    expect((await use(token)).status).toBe(401);
  });

  it('its app rules what people allowed it: archived, and at an address that the app does not allow', async () => {
    const client = await made();
    const token = await tokenFor(client);
    const { app_id: app } = (await call(`/api/dev/keys/${client.key_id}`, me)).json;
    expect((await use(token)).status).toBe(200);
    const page = (await person.get(`/portal/apps/${app}`)).text;
    const dialog = page.slice(page.indexOf('id="archive"'));
    // The client, and what was allowed it in another app.
    expect(dialog).toContain('These 2 keys stop');
    await sendJson(`/api/dev/apps/${app}`, 'DELETE', undefined, me);
    expect((await use(token)).json.error).toBe('invalid_token');
    await sendJson(`/api/dev/apps/${app}/restore`, 'POST', undefined, me);
    expect((await use(token)).status).toBe(200);
    await sendJson(`/api/dev/apps/${app}`, 'PATCH', { allowed_ips: ['203.0.113.1'] }, me);
    expect((await use(token)).json.error).toBe('ip_not_allowed');
    await sendJson(`/api/dev/apps/${app}`, 'PATCH', { allowed_ips: [] }, me);
    expect((await use(token)).status).toBe(200);
  });

  it('goes on when it gets another redirect URI, or is saved as it is', async () => {
    const client = await made();
    const token = await tokenFor(client);
    for (const more of [[], ['https://app.example/back']]) {
      const body = {
        client: { redirect_uris: [CALLBACK, ...more], token_endpoint_auth_method: 'client_secret' },
      };
      expect((await sendJson(`/api/dev/keys/${client.key_id}`, 'PATCH', body, me)).status).toBe(200);
      expect((await use(token)).status).toBe(200);
    }
  });

  it.for([
    ['a DPoP key', { dpop_bound_access_tokens: true }, 'invalid_dpop_proof'],
    ['its certificate', { tls_client_certificate_bound_access_tokens: true }, 'invalid_request'],
  ] as const)('bound to %s, it gets no other tokens by a code', async ([, more, error]) => {
    const client = await made(me, more);
    const verifier = newVerifier();
    const back = sentTo(await agree(person, asking({ clientId: client.key_id }, verifier)));
    const basic = Buffer.from(`${client.key_id}:${client.secret}`).toString('base64');
    const code = back.searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const got = await post('/oauth/token', form, { authorization: `Basic ${basic}` });
    expect(errorOf(got)).toEqual([400, error, 'no-store']);
  });

  it('what people allowed it never goes beyond it: scopes, addresses, time', async () => {
    const client = await made();
    const change = (body: object) => sendJson(`/api/dev/keys/${client.key_id}`, 'PATCH', body, me);
    await change({ scopes: ['read:routes', 'read:stops'] });
    const verifier = newVerifier();
    const wanted = asking({ clientId: client.key_id }, verifier);
    const code = sentTo(await agree(person, wanted)).searchParams.get('code') ?? '';
    const basic = {
      authorization: `Basic ${Buffer.from(`${client.key_id}:${client.secret}`).toString('base64')}`,
    };
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const got = (await post('/oauth/token', form, basic)).json;
    const stops = '/v2/stops/x/departures';
    const from = (address: string, path: string) =>
      call(path, {
        headers: { authorization: `Bearer ${got.access_token}`, 'cf-connecting-ip': address },
      });
    expect((await from('203.0.113.9', stops)).status).toBe(200);
    expect((await change({ scopes: ['read:routes'] })).status).toBe(200);
    expect((await from('203.0.113.9', stops)).json.error).toBe('insufficient_permissions');
    expect((await from('203.0.113.9', ROUTE)).status).toBe(200);
    const next = await post(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: got.refresh_token },
      basic,
    );
    expect(next.json.scope).toBe('read:routes');
    expect((await change({ allowed_ips: ['203.0.113.1'] })).status).toBe(200);
    expect((await from('203.0.113.9', ROUTE)).json.error).toBe('ip_not_allowed');
    expect((await from('203.0.113.1', ROUTE)).status).toBe(200);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect((await change({ expires_at: soon })).status).toBe(200);
    const endsOf = async () =>
      (
        await query<{ expires_at: Date; allowed_ips: string[] }>(
          `SELECT k.expires_at, k.allowed_ips::text[] FROM api_key k JOIN oauth_grant g ON g.api_key_id = k.id
            WHERE g.client_id = $1 ORDER BY k.created_at DESC LIMIT 1`,
          [client.key_id],
        )
      )[0];
    expect((await endsOf())?.expires_at.toISOString()).toBe(soon);
    // A later one, too.
    await agree(person, asking({ clientId: client.key_id }, newVerifier()));
    expect(await endsOf()).toMatchObject({
      expires_at: new Date(soon),
      allowed_ips: [expect.stringContaining('203.0.113.1')],
    });
  });

  it('a token that may only make keys makes none that may do more', async () => {
    const client = await made();
    await sendJson(
      `/api/dev/keys/${client.key_id}`,
      'PATCH',
      { scopes: ['read:routes', 'keys:write', 'keys:read'] },
      me,
    );
    const basic = Buffer.from(`${client.key_id}:${client.secret}`).toString('base64');
    const got = await post(
      '/oauth/token',
      { grant_type: 'client_credentials', scope: 'keys:write' },
      { authorization: `Basic ${basic}` },
    );
    const make = (more: object) =>
      sendJson(
        '/dashboard/api-keys',
        'POST',
        { name: 'Child', budget: { units: 5 }, ...more },
        {
          headers: { authorization: `Bearer ${got.json.access_token}` },
        },
      );
    expect((await make({})).status).toBe(400);
    expect((await make({ scopes: ['read:routes'] })).status).toBe(403);
  });

  it('for tests, gets test data alone, and no more scopes than it has', async () => {
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Tests' }, me)).json.id;
    const wanted = {
      key_type: 'oauth_client',
      environment: 'test',
      name: 'Ours',
      scopes: ['read:routes'],
      client: { token_endpoint_auth_method: 'client_secret', redirect_uris: [CALLBACK] },
    };
    const client = (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, me)).json;
    const verifier = newVerifier();
    const query = asking({ clientId: client.key_id }, verifier, { scope: 'read:routes write:payments' });
    expect((await agree(person, query)).status).toBe(400);
    const back = sentTo(await agree(person, query, { environment: 'test' }));
    const basic = {
      authorization: `Basic ${Buffer.from(`${client.key_id}:${client.secret}`).toString('base64')}`,
    };
    const code = back.searchParams.get('code') ?? '';
    const got = await post(
      '/oauth/token',
      { grant_type: 'authorization_code', code, code_verifier: verifier },
      basic,
    );
    expect(got.json.scope).toBe('read:routes');
    const seen = await post('/oauth/introspect', { token: got.json.access_token }, basic);
    expect(seen.json.active).toBe(true);
  });

  it('of another partner, or for machines alone, it is nobody', async () => {
    const stranger = await makePartner();
    const theirs = await made({ headers: { authorization: `Bearer ${await developerToken(stranger)}` } });
    expect((await person.get(askedAt(asking({ clientId: theirs.key_id }, newVerifier())))).status).toBe(400);
    const machine = await made(me, { redirect_uris: undefined });
    expect((await person.get(askedAt(asking({ clientId: machine.key_id }, newVerifier())))).status).toBe(400);
  });
});

describe('after it was allowed', () => {
  it('it is only narrowed, makes no keys, and sees its own usage', async () => {
    const key = await makeKey(partner.id);
    for (let i = 0; i < 3; i++) await call(ROUTE, { key: key.secret });
    const { access } = await tokens(person, { budget: '50', days: '7' });
    expect((await use(access)).status).toBe(200);
    const [grant] = await query<{ key_id: string; expires_at: Date }>(
      `SELECT key_id, expires_at FROM api_key WHERE kind = 'grant' AND partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
      [partner.id],
    );
    const path = `/api/dev/keys/${grant?.key_id}`;
    const later = new Date((grant?.expires_at.getTime() ?? 0) + 1000).toISOString();
    for (const body of [
      { scopes: ['read:routes', 'write:payments'] },
      { scopes: ['keys:write'] },
      { expires_at: null },
      { expires_at: later },
      { budget: { units: 51 } },
    ]) {
      const refused = await sendJson(path, 'PATCH', { ...body, limits: { daily_quota: 10 } }, me);
      expect([refused.status, refused.json.error, JSON.stringify(body)]).toEqual([
        400,
        'validation_error',
        JSON.stringify(body),
      ]);
    }
    const stands = (await call(path, me)).json;
    expect(stands).toMatchObject({ scopes: ['read:routes', 'read:stops'], budget: { limit: 50 } });
    expect(stands.limits.daily_quota).not.toBe(10);
    const sooner = `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)}Z`;
    expect((await sendJson(path, 'PATCH', { expires_at: sooner, budget: { units: 20 } }, me)).status).toBe(
      200,
    );
    const page = `/portal/keys/${grant?.key_id}`;
    const [, at] = /name="expires"[^>]*value="([^"]+)"/.exec((await person.get(page)).text) ?? [];
    expect(at).toBe(sooner.slice(0, 10));
    const form = { name: 'My agent', scopes: 'read:routes\nread:stops', expires: at ?? '', budget: '20' };
    expect((await person.get(page)).text).not.toContain('new-budget-key');
    expect((await person.post(page, form)).status).toBe(303);
    expect((await call(path, me)).json).toMatchObject({
      name: 'My agent',
      expires_at: `${sooner.slice(0, 19)}.000Z`,
    });
    for (const wider of [{ scopes: 'write:payments' }, { expires: '2099-01-01' }, { budget: '21' }]) {
      const refused = await person.post(page, { ...form, name: 'Wider', ...wider });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('can only be narrowed');
      expect(refused.text).toContain('value="Wider"');
    }
    expect((await call(path, me)).json.name).toBe('My agent');
    const child = { name: 'Child', budget: { units: 1 } };
    expect((await sendJson(`${path}/budget-keys`, 'POST', child, me)).status).toBe(409);
    // One without a budget has limits of its own, which a refused form does not change either.
    const free = await tokens(person);
    expect((await use(free.access)).status).toBe(200);
    const [unbounded] = await query<{ key_id: string; expires_at: Date }>(
      `SELECT key_id, expires_at FROM api_key WHERE kind = 'grant' AND partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
      [partner.id],
    );
    const wide = {
      name: 'Wide',
      scopes: 'write:payments',
      expires: unbounded?.expires_at.toISOString().slice(0, 10) ?? '',
      daily_quota: '10',
    };
    expect((await person.post(`/portal/keys/${unbounded?.key_id}`, wide)).status).toBe(400);
    expect((await call(`/api/dev/keys/${unbounded?.key_id}`, me)).json.limits.daily_quota).not.toBe(10);
    const usage = await eventually(
      () => use(access, '/dashboard/usage?days=1'),
      ({ json }) => json.stats[0]?.units > 0,
    );
    expect(usage.json.stats[0]).toMatchObject({ units: 1 });
  });
});

describe('it ends', () => {
  it('when its member ends it, and nobody else can', async () => {
    const by = await memberOf(partner.id, 'developer');
    const { access } = await tokens(by);
    const [grant] = await query<{ key_id: string }>(
      `SELECT k.key_id FROM api_key k JOIN oauth_grant g ON g.api_key_id = k.id
        JOIN dev_accounts a ON a.id = g.subject WHERE a.email = $1`,
      [by.email],
    );
    const path = `/portal/grants/${grant?.key_id}/revoke`;
    expect((await person.post(path)).status).toBe(404);
    expect((await call(`/api/dev/grants/${grant?.key_id}`, { ...me, method: 'DELETE' })).status).toBe(404);
    expect((await use(access)).status).toBe(200);
    expect((await by.post(path)).status).toBe(303);
    expect((await use(access)).status).toBe(401);
    expect((await by.get('/portal/grants')).text).toContain('revoked');
  });

  it.for([
    ['leaves', '/portal/members/remove', {}],
    ['may only look', '/portal/members/role', { role: 'viewer' }],
  ] as const)('when its member %s', async ([, path, more]) => {
    const by = await memberOf(partner.id, 'developer');
    const { access } = await tokens(by);
    const [account] = await query<{ id: string }>('SELECT id FROM dev_accounts WHERE email = $1', [by.email]);
    expect((await use(access)).status).toBe(200);
    await person.post(path, { subject: account?.id ?? '', ...more });
    expect((await use(access)).status).toBe(401);
  });

  it('when its program revokes one of its tokens, that one alone', async () => {
    const { access, refresh } = await tokens();
    const next = await refreshed(refresh);
    const form = { token: access, client_id: program.clientId };
    expect((await post('/oauth/revoke', form)).status).toBe(200);
    expect((await use(access)).status).toBe(401);
    expect((await use(next.json.access_token)).status).toBe(200);
    const other = { token: next.json.access_token, client_id: 'https://other.example/client.json' };
    expect((await post('/oauth/revoke', other)).json.error).toBe('unauthorized_client');
  });

  it('a program that proves nothing gets no tokens of its own, and looks at none', async () => {
    const form = { grant_type: 'client_credentials', client_id: program.clientId };
    expect(errorOf(await post('/oauth/token', form))).toEqual([400, 'unauthorized_client', 'no-store']);
    const { access } = await tokens();
    const seen = await post('/oauth/introspect', { token: access, client_id: program.clientId });
    expect(seen.status).toBe(401);
    expect(challengeOf('x')).toHaveLength(43);
  });
});
