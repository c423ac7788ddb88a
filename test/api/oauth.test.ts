// OAuth 2.0 for machines, by programs that nobody here wrote: oauth4webapi, openid-client, jose, and Authlib of Debian.

import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
} from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  developerToken,
  eventually,
  inParallel,
  makePartner,
  query,
  sendJson,
  setFaults,
  stack,
  type TestPartner,
} from '../support/api.ts';

const ROUTE = '/v2/routes/list';
const insecure = { [oauth.allowInsecureRequests]: true };
const run = promisify(execFile);

interface Client {
  id: string;
  secret: string;
  keyId: string;
}

let partner: TestPartner;
let me: { headers: { authorization: string } };
let app: string;
let server: oauth.AuthorizationServer;

async function makeClient(wanted: Record<string, unknown> = {}): Promise<Client> {
  const body = { key_type: 'oauth_client', environment: 'live', name: 'Machine', ...wanted };
  const { status, json } = await sendJson(`/api/dev/apps/${app}/keys`, 'POST', body, me);
  expect([status, json.key_type]).toEqual([201, 'oauth_client']);
  const [row] = await query('SELECT id FROM api_key WHERE key_id = $1', [json.key_id]);
  return { id: json.key_id, secret: json.secret, keyId: row?.id };
}

beforeAll(async () => {
  partner = await makePartner();
  me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  app = (await sendJson('/api/dev/apps', 'POST', { name: 'Machines' }, me)).json.id;
  const issuer = new URL(stack.url);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  server = await oauth.processDiscoveryResponse(issuer, found);
});
afterEach(() => setFaults({ kvFrozen: false }));

const basic = ({ id, secret }: Client) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

/** One of the endpoints, by a form. */
const post = (path: string, form: Record<string, string> | string, headers: Record<string, string> = {}) =>
  call(path, {
    method: 'POST',
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
const grant = { grant_type: 'client_credentials' };

async function tokenOf(client: Client, form: Record<string, string> = {}): Promise<string> {
  const { status, json } = await post(
    '/oauth/token',
    { ...grant, ...form },
    { authorization: basic(client) },
  );
  expect([status, json.error]).toEqual([200, undefined]);
  return json.access_token;
}
const use = (token: string, more: Record<string, string> = {}) =>
  call(ROUTE, { headers: { authorization: `Bearer ${token}`, ...more } });
const said = ({ status, json, headers }: Answer) => ({
  status,
  error: json?.error,
  isKept: headers['cache-control'] !== 'no-store',
});

describe('oauth4webapi', () => {
  const hex = 'ab'.repeat(32);
  const wrongHex = 'cd'.repeat(32);

  /** Token, call, introspection, revocation, refusal: the whole way. */
  async function wholeWay(
    client: oauth.Client,
    authentication: oauth.ClientAuth,
    options: Record<string, unknown> = insecure,
  ): Promise<void> {
    const request = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      new URLSearchParams({ scope: 'read:routes' }),
      options,
    );
    const { access_token: token, ...rest } = await oauth.processClientCredentialsResponse(
      server,
      client,
      request,
    );
    expect(rest).toMatchObject({ scope: 'read:routes', expires_in: 900 });
    const resource = () =>
      oauth.protectedResourceRequest(
        token,
        'GET',
        new URL(ROUTE, stack.url),
        options.headers as Headers,
        null,
        options,
      );
    const answer = await resource();
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('x-ratelimit-limit-day'))).not.toBe(0);

    const introspect = async () =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, authentication, token, options),
      );
    expect(await introspect()).toMatchObject({
      active: true,
      client_id: client.client_id,
      scope: 'read:routes',
      iss: stack.url,
      aud: stack.url,
    });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, authentication, token, options),
    );
    expect(await introspect()).toEqual({ active: false });
    const refused = await resource().catch((error) => error);
    expect(refused).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    expect(refused.cause[0].parameters).toMatchObject({
      error: 'invalid_token',
      resource_metadata: `${stack.url}/.well-known/oauth-protected-resource`,
    });
  }

  it('by a secret in the header, and in the form', async () => {
    const { id, secret } = await makeClient();
    await wholeWay({ client_id: id }, oauth.ClientSecretBasic(secret));
    await wholeWay({ client_id: id }, oauth.ClientSecretPost(secret));
  });

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('by a signed assertion: %s', async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1' };
    const client = await makeClient({
      client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
    });
    expect(client.secret).toBeNull();
    await wholeWay(
      { client_id: client.id },
      oauth.PrivateKeyJwt({ key: privateKey as CryptoKey, kid: 'k1' }),
    );
  });

  it('by a certificate, to which its tokens are bound', async () => {
    const { id } = await makeClient({
      client: {
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        tls_client_certificate_sha256: (hex.toUpperCase().match(/../g) ?? []).join(':'),
      },
    });
    const shown = { ...insecure, headers: new Headers({ 'x-test-certificate': hex }) };
    await wholeWay({ client_id: id }, oauth.TlsClientAuth(), shown);

    const form = { ...grant, client_id: id };
    expect((await post('/oauth/token', form)).json.error).toBe('invalid_client');
    expect((await post('/oauth/token', form, { 'x-test-certificate': wrongHex })).json.error).toBe(
      'invalid_client',
    );
    const { json } = await post('/oauth/token', form, { 'x-test-certificate': hex });
    const at = async (headers: Record<string, string>) => (await use(json.access_token, headers)).status;
    expect([
      await at({}),
      await at({ 'x-test-certificate': wrongHex }),
      await at({ 'x-test-certificate': hex }),
    ]).toEqual([401, 401, 200]);
  });

  it('bound to a DPoP key', async () => {
    const { id, secret } = await makeClient({
      client: { token_endpoint_auth_method: 'client_secret', dpop_bound_access_tokens: true },
    });
    const client = { client_id: id };
    const DPoP = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    await wholeWay(client, oauth.ClientSecretBasic(secret), { ...insecure, DPoP });
  });
});

it('openid-client finds the server by itself, and gets tokens that are bound to its key', async () => {
  const { id, secret } = await makeClient();
  const config = await openid.discovery(new URL(stack.url), id, {}, openid.ClientSecretBasic(secret), {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  });
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
  const token = await openid.clientCredentialsGrant(config, { resource: `${stack.url}/v2` }, { DPoP });
  expect(token.token_type).toBe('dpop');
  const ask = (path: string) =>
    openid.fetchProtectedResource(
      config,
      token.access_token,
      new URL(path, stack.url),
      'GET',
      undefined,
      undefined,
      { DPoP },
    );
  expect((await ask(ROUTE)).status).toBe(200);
  // It is for what is under /v2, and for nothing else.
  expect((await ask('/v1/payments').catch(({ status }) => ({ status }))).status).toBe(401);
  expect((await openid.tokenIntrospection(config, token.access_token)).active).toBe(true);
  await openid.tokenRevocation(config, token.access_token);
  expect((await openid.tokenIntrospection(config, token.access_token)).active).toBe(false);
});

it('Authlib gets a token by each of the methods that it knows, calls, and revokes', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const bySecret = await makeClient();
  const byKey = await makeClient({
    client: {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [await exportJWK(publicKey)] },
    },
  });
  const program = `
import json, sys
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
origin, route, secret_id, secret, key_id, key = sys.argv[1:]
def way(session):
    import requests
    metadata = requests.get(origin + '/.well-known/oauth-authorization-server').json()
    token = session.fetch_token(metadata['token_endpoint'], grant_type='client_credentials')
    first = session.get(origin + route).status_code
    active = session.introspect_token(metadata['introspection_endpoint'], token=token['access_token']).json()['active']
    revoked = session.revoke_token(metadata['revocation_endpoint'], token=token['access_token']).status_code
    return [first, active, revoked, session.get(origin + route).status_code]
out = [way(OAuth2Session(secret_id, secret, token_endpoint_auth_method=m)) for m in ('client_secret_basic', 'client_secret_post')]
by_key = dict.fromkeys(('token_endpoint_auth_method', 'revocation_endpoint_auth_method'), 'private_key_jwt')
session = OAuth2Session(key_id, json.loads(key), **by_key)
session.register_client_auth_method(PrivateKeyJWT(origin + '/oauth/token', alg='ES256'))
out.append(way(session))
print(json.dumps(out))
`;
  const jwk = JSON.stringify(await exportJWK(privateKey));
  const { stdout } = await run('/usr/bin/python3', [
    '-c',
    program,
    stack.url,
    ROUTE,
    bySecret.id,
    bySecret.secret,
    byKey.id,
    jwk,
  ]);
  expect(JSON.parse(stdout)).toEqual(Array(3).fill([200, true, 200, 401]));
});

it('an upstream verifies our tokens by discovery alone', async () => {
  const { id, secret, keyId } = await makeClient();
  const token = await tokenOf({ id, secret, keyId });
  const metadata = (await call('/.well-known/oauth-protected-resource/v2')).json;
  expect(metadata).toMatchObject({ resource: `${stack.url}/v2`, authorization_servers: [stack.url] });
  // What takes no token is no resource.
  expect((await call('/.well-known/oauth-protected-resource/portal')).status).toBe(404);
  const found = (
    await call('/.well-known/oauth-authorization-server', { origin: metadata.authorization_servers[0] })
  ).json;
  const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(found.jwks_uri)), {
    issuer: found.issuer,
    audience: stack.url,
    typ: 'at+jwt',
  });
  expect(payload).toMatchObject({ sub: id, client_id: id, iss: stack.url, aud: stack.url });
  expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'EdDSA' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
});

describe('a revoked token', () => {
  const EDGES = ['a', 'b', 'c', 'd'];

  it('is refused everywhere within a second, also where KV stands still; others of its client are not', async () => {
    const client = await makeClient();
    const [token, other] = [await tokenOf(client), await tokenOf(client)];
    for (const edge of EDGES) expect((await use(token, { 'x-test-edge': edge })).status).toBe(200);
    await setFaults({ kvFrozen: true });
    expect((await post('/oauth/revoke', { token }, { authorization: basic(client) })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answers = await inParallel(10_000, 60, (i) =>
      use(token, { 'x-test-edge': [...EDGES, 'e'][i % 5] ?? 'a' }),
    );
    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    expect(answers[0]?.json.error).toBe('invalid_token');
    expect((await use(other, { 'x-test-edge': 'b' })).status).toBe(200);
  });

  it('of a partner that is suspended has none, and is told so; whoever is not it is not', async () => {
    const client = await makeClient();
    const ask = (authorization: string) => post('/oauth/token', grant, { authorization });
    const standing = (status: string) =>
      query('UPDATE partner SET status = $1 WHERE id = (SELECT partner_id FROM api_key WHERE key_id = $2)', [
        status,
        client.id,
      ]);
    await standing('suspended');
    try {
      expect(said(await ask(basic(client)))).toMatchObject({ status: 400, error: 'unauthorized_client' });
      const other = basic({ ...client, secret: `${client.secret}x` });
      expect(said(await ask(other))).toMatchObject({ status: 401, error: 'invalid_client' });
    } finally {
      await standing('active');
    }
    expect((await ask(basic(client))).status).toBe(200);
  });

  it('and so are all of a client that was revoked', async () => {
    const client = await makeClient();
    const token = await tokenOf(client);
    expect((await use(token)).status).toBe(200);
    await sendJson(`/api/dev/keys/${client.id}/revoke`, 'POST', { reason: 'over' }, me);
    expect((await use(token)).json.error).toBe('invalid_token');
    expect(said(await post('/oauth/token', grant, { authorization: basic(client) }))).toEqual({
      status: 401,
      error: 'invalid_client',
      isKept: false,
    });
  });

  it("ends what is its client's own alone: another client's token is not touched", async () => {
    const [mine, theirs] = [await makeClient(), await makeClient()];
    const token = await tokenOf(theirs);
    const answer = await post('/oauth/revoke', { token }, { authorization: basic(mine) });
    expect(said(answer)).toEqual({ status: 400, error: 'unauthorized_client', isKept: false });
    expect((await use(token)).status).toBe(200);
    // What is none, has ended (RFC 7009, 2.2).
    for (const nothing of ['x', `${token}x`])
      expect((await post('/oauth/revoke', { token: nothing }, { authorization: basic(mine) })).status).toBe(
        200,
      );
  });
});

it('fifty tokens of a client share one quota, exactly, and its usage and bill', async () => {
  const client = await makeClient();
  const limits = { limits: { daily_quota: 120 } };
  expect((await sendJson(`/api/dev/keys/${client.id}`, 'PATCH', limits, me)).status).toBe(200);
  const tokens = await inParallel(50, 5, () => tokenOf(client));
  const answers = await inParallel(400, 40, (i) => use(tokens[i % 50] ?? '', { 'x-test-edge': `q${i % 4}` }));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(120);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  const rows = await eventually(
    () =>
      query(
        'SELECT units, route, count(*)::int AS n FROM api_usage_events WHERE key_id = $1 GROUP BY 1, 2 ORDER BY 1, 2',
        [client.id],
      ),
    (found) => found.reduce((sum, { n }) => sum + n, 0) >= 450,
  );
  expect(rows.map(({ units, route, n }) => [Number(units), route, n])).toEqual([
    [0, '/oauth/token', 50],
    [0, '/v2/routes/list', 280],
    [1, '/v2/routes/list', 120],
  ]);
});

describe('a client', () => {
  it('is rotated with a grace, in which both secrets work', async () => {
    const client = await makeClient();
    const { json } = await sendJson(`/api/dev/keys/${client.id}/rotate`, 'POST', {}, me);
    const next = { ...client, secret: json.secret };
    await tokenOf(client);
    await tokenOf(next);
    await sendJson(`/api/dev/keys/${client.id}/rotate`, 'POST', { grace_days: 0 }, me);
    for (const ended of [client, next])
      expect((await post('/oauth/token', grant, { authorization: basic(ended) })).json.error).toBe(
        'invalid_client',
      );
  });

  it('loses a scope with its tokens, and a token has at most what it asked for', async () => {
    const client = await makeClient({ scopes: ['read:routes', 'read:stops'] });
    const stops = (token: string) =>
      call('/v2/stops/search?q=a', { headers: { authorization: `Bearer ${token}` } });
    const [all, less] = [await tokenOf(client), await tokenOf(client, { scope: 'read:routes' })];
    expect([(await stops(all)).status, (await stops(less)).status]).toEqual([200, 403]);
    const challenge = String((await stops(less)).headers['www-authenticate']);
    expect(challenge).toContain('error="insufficient_scope", scope="read:stops", resource_metadata=');
    await sendJson(`/api/dev/keys/${client.id}`, 'PATCH', { scopes: ['read:routes'] }, me);
    expect((await stops(all)).status).toBe(403);
    expect(
      (await post('/oauth/token', { ...grant, scope: 'read:stops' }, { authorization: basic(client) })).json
        .error,
    ).toBe('invalid_scope');
  });

  it('takes its tokens along when its secret ends at once, or when it proves itself otherwise', async () => {
    const rotated = await makeClient();
    const graced = await tokenOf(rotated);
    await sendJson(`/api/dev/keys/${rotated.id}/rotate`, 'POST', { grace_days: 7 }, me);
    expect((await use(graced)).status).toBe(200);
    await query('UPDATE api_key SET quarantined_at = now() WHERE key_id = $1', [rotated.id]);
    const { json } = await sendJson(`/api/dev/keys/${rotated.id}/rotate`, 'POST', {}, me);
    expect((await use(graced)).json.error).toBe('invalid_token');
    expect((await use(await tokenOf({ ...rotated, secret: json.secret }))).status).toBe(200);

    const changed = await makeClient();
    const token = await tokenOf(changed);
    const bound = { client: { token_endpoint_auth_method: 'client_secret', dpop_bound_access_tokens: true } };
    expect((await sendJson(`/api/dev/keys/${changed.id}`, 'PATCH', bound, me)).status).toBe(200);
    expect((await use(token)).json.error).toBe('invalid_token');
  });

  it('that gives up its secret has none any more: not when it comes back to secrets, nor for whoever finds it', async () => {
    const client = await makeClient();
    const { publicKey } = await generateKeyPair('ES256');
    const change = (wanted: object) =>
      sendJson(`/api/dev/keys/${client.id}`, 'PATCH', { client: wanted }, me);
    const jwks = { keys: [await exportJWK(publicKey)] };
    expect((await change({ token_endpoint_auth_method: 'private_key_jwt', jwks })).status).toBe(200);
    expect((await sendJson(`/api/dev/keys/${client.id}/rotate`, 'POST', {}, me)).status).toBe(409);
    await change({ token_endpoint_auth_method: 'client_secret' });
    expect((await post('/oauth/token', grant, { authorization: basic(client) })).json.error).toBe(
      'invalid_client',
    );
    const { json } = await sendJson(`/api/dev/keys/${client.id}/rotate`, 'POST', {}, me);
    expect((await use(await tokenOf({ ...client, secret: json.secret }))).status).toBe(200);
  });

  it('of two public keys without names proves itself by either, as they are exported', async () => {
    const pairs = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
    const exported = await Promise.all(
      pairs.map(({ publicKey }) => crypto.subtle.exportKey('jwk', publicKey as CryptoKey)),
    );
    const client = await makeClient({
      client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: exported } },
    });
    for (const { privateKey } of pairs) {
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(client.id)
        .setSubject(client.id)
        .setAudience(stack.url)
        .setExpirationTime('1m')
        .sign(privateKey);
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      const form = { ...grant, client_assertion: assertion, client_assertion_type: type };
      expect((await post('/oauth/token', form)).status).toBe(200);
    }
  });

  it('is nothing that another key can be, and what is refused changes nothing', async () => {
    const client = { token_endpoint_auth_method: 'client_secret' };
    const body = { key_type: 'bearer', environment: 'live', name: 'B' };
    const path = `/api/dev/apps/${app}/keys`;
    expect((await sendJson(path, 'POST', { ...body, client }, me)).json.details[0].field).toBe('client');
    const { json } = await sendJson(path, 'POST', body, me);
    const change = { client, limits: { daily_quota: 7 } };
    expect((await sendJson(`/api/dev/keys/${json.key_id}`, 'PATCH', change, me)).status).toBe(400);
    expect((await call(`/api/dev/keys/${json.key_id}`, me)).json.limits.daily_quota).toBeNull();
  });

  it('has no secret for another door', async () => {
    const client = await makeClient();
    expect((await use(client.secret)).json.error).toBe('invalid_api_key_format');
    expect((await call(ROUTE, { headers: { 'x-api-key': `${client.id}:${'0'.repeat(64)}` } })).status).toBe(
      401,
    );
  });

  it.each([
    [
      'with a private key',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'aa', d: 'aa' }] },
      },
    ],
    [
      'with a symmetric key',
      { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'aa' }] } },
    ],
    [
      'with a weak key',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] },
      },
    ],
    ['without its keys', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['without its certificate', { token_endpoint_auth_method: 'self_signed_tls_client_auth' }],
    ['by a method that is none', { token_endpoint_auth_method: 'none' }],
  ])('is not made %s', async (_, client) => {
    const body = { key_type: 'oauth_client', environment: 'live', name: 'M', client };
    const { status, json } = await sendJson(`/api/dev/apps/${app}/keys`, 'POST', body, me);
    expect([status, json.error]).toEqual([400, 'validation_error']);
  });

  it("is nobody's but its partner's: others find nothing, and introspect nothing", async () => {
    const client = await makeClient();
    const other = await makePartner();
    const them = { headers: { authorization: `Bearer ${await developerToken(other)}` } };
    expect((await call(`/api/dev/keys/${client.id}`, them)).status).toBe(404);
    const theirApp = (await sendJson('/api/dev/apps', 'POST', { name: 'Theirs' }, them)).json.id;
    const { json } = await sendJson(
      `/api/dev/apps/${theirApp}/keys`,
      'POST',
      { key_type: 'oauth_client', environment: 'live', name: 'T' },
      them,
    );
    const theirs = { id: json.key_id, secret: json.secret, keyId: '' };
    const token = await tokenOf(client);
    expect((await post('/oauth/introspect', { token }, { authorization: basic(theirs) })).json).toEqual({
      active: false,
    });
  });
});

describe('what the token endpoint is asked wrongly', () => {
  let client: Client;
  beforeAll(async () => {
    client = await makeClient();
  });

  it.each<[string, Record<string, string> | string, Record<string, string>, number, string]>([
    ['nothing', '', {}, 400, 'invalid_request'],
    ['no grant', {}, {}, 400, 'invalid_request'],
    ['another grant', { grant_type: 'password' }, {}, 400, 'unsupported_grant_type'],
    [
      'a parameter twice',
      'grant_type=client_credentials&grant_type=client_credentials',
      {},
      400,
      'invalid_request',
    ],
    [
      'JSON',
      '{"grant_type":"client_credentials"}',
      { 'content-type': 'application/json' },
      400,
      'invalid_request',
    ],
    ['too much', `grant_type=client_credentials&scope=${'x'.repeat(40_000)}`, {}, 400, 'invalid_request'],
    ['scopes nobody has', { ...grant, scope: 'read:everything' }, {}, 400, 'invalid_scope'],
    ['another resource', { ...grant, resource: 'https://elsewhere.example' }, {}, 400, 'invalid_target'],
    [
      'a resource with a fragment',
      { ...grant, resource: 'https://elsewhere.example/#x' },
      {},
      400,
      'invalid_target',
    ],
    [
      'a resource that no token holds',
      { ...grant, resource: `${stack.url}/${'x'.repeat(600)}` },
      {},
      400,
      'invalid_target',
    ],
    ['a proof that is none', grant, { dpop: 'x.y.z' }, 400, 'invalid_dpop_proof'],
  ])('%s', async (_, form, headers, status, error) => {
    expect(said(await post('/oauth/token', form, { authorization: basic(client), ...headers }))).toEqual(
      form === '' ? { status, error, isKept: false } : { status, error, isKept: false },
    );
  });

  it.each<[string, (client: Client) => Record<string, string>, string]>([
    [
      'a wrong secret',
      ({ id }) => ({ authorization: basic({ id, secret: 'os_live_x', keyId: '' }) }),
      'invalid_client',
    ],
    [
      'an unknown client',
      () => ({ authorization: basic({ id: 'oc_live_x', secret: 'y', keyId: '' }) }),
      'invalid_client',
    ],
    ['no client', () => ({}), 'invalid_client'],
    ['a scheme that is none', () => ({ authorization: 'Bearer x' }), 'invalid_client'],
    ['no base64', () => ({ authorization: 'Basic ~~~' }), 'invalid_client'],
    [
      'a percent sign too many',
      () => ({ authorization: `Basic ${Buffer.from('%:%').toString('base64')}` }),
      'invalid_client',
    ],
  ])('by %s', async (_, headersOf, error) => {
    const answer = await post('/oauth/token', grant, headersOf(client));
    expect(said(answer)).toEqual({ status: 401, error, isKept: false });
    expect(typeof answer.json.error_description).toBe('string');
    const isBasic = /^basic /i.test(headersOf(client).authorization ?? '');
    expect(answer.headers['www-authenticate']?.startsWith('Basic realm=') ?? false).toBe(isBasic);
  });

  it('in two ways at once', async () => {
    const form = { ...grant, client_id: client.id, client_secret: client.secret };
    expect((await post('/oauth/token', form, { authorization: basic(client) })).json.error).toBe(
      'invalid_request',
    );
  });

  it('by another method', async () => {
    const { status, headers } = await call('/oauth/token');
    expect([status, headers.allow]).toEqual([405, 'POST']);
  });

  it('by assertions that are none, and by one a second time', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const foreign = await generateKeyPair('ES256');
    const { id } = await makeClient({
      client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await exportJWK(publicKey)] } },
    });
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: id, sub: id, aud: stack.url, jti: randomUUID(), exp: now + 60 };
    const signed = (claims: object, key = privateKey, header: object = {}) =>
      new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: 'ES256', ...header } as JWTHeaderParameters)
        .sign(key);
    const ask = async (assertion: string) =>
      (
        await post('/oauth/token', {
          ...grant,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        })
      ).json.error;
    const plain = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { x = '' } = await exportJWK(publicKey);
    const wrong = {
      foreign: await signed({}, foreign.privateKey),
      'alg none': `${plain({ alg: 'none' })}.${plain(good)}.`,
      'HS256 by the public key': await new SignJWT(good)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(x.repeat(2))),
      'of another client': await signed({ iss: client.id, sub: client.id }),
      'for another': await signed({ aud: 'https://elsewhere.example' }),
      expired: await signed({ exp: now - 60 }),
      'not yet valid': await signed({ nbf: now + 600 }),
      'for a year': await signed({ exp: now + 31_536_000 }),
      'without an id': await signed({ jti: undefined }),
      'with a foreign kid': await signed({}, privateKey, {
        kid: 'other',
        jku: 'https://elsewhere.example/jwks',
      }),
    };
    // A kid that the client's keys lack names none of them.
    for (const [what, assertion] of Object.entries(wrong).slice(0, -1))
      expect([what, await ask(assertion)]).toEqual([what, 'invalid_client']);
    const assertion = await signed({});
    expect(await ask(assertion)).toBeUndefined();
    expect(await ask(assertion)).toBe('invalid_client');
    // And a client of keys has no secret, and one of a secret no keys.
    expect((await post('/oauth/token', { ...grant, client_id: id, client_secret: 'x' })).json.error).toBe(
      'invalid_client',
    );
  });
});

describe('a token that is none', () => {
  let client: Client;
  let token: string;
  beforeAll(async () => {
    client = await makeClient();
    token = await tokenOf(client);
  });
  const part = (index: number) =>
    JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
  const plain = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('is refused, whatever it says', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    const [header, claims] = [part(0), part(1)];
    const resigned = (more: object, changed: object = {}) =>
      new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...header, ...more }).sign(privateKey);
    const jwks = (await call('/.well-known/jwks.json')).json;
    const key = Buffer.from(jwks.keys[0].x, 'base64url');
    const wrong = {
      'alg none': `${plain({ ...header, alg: 'none' })}.${plain(claims)}.`,
      'HS256 by the public key': await new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'HS256' })
        .sign(key),
      'somebody else’s key': await resigned({}),
      'a foreign kid and jku': await resigned({ kid: 'other', jku: `${stack.url}/.well-known/jwks.json` }),
      'its own key inside': await resigned({ jwk: jwks.keys[0] }),
      changed: `${token.split('.')[0]}.${plain({ ...claims, scope: 'write:payments' })}.${token.split('.')[2]}`,
      cut: token.slice(0, -4),
      'of two parts': token.split('.').slice(0, 2).join('.'),
      huge: `${token}${'a'.repeat(9000)}`,
    };
    for (const [what, text] of Object.entries(wrong)) {
      const answer = await use(text);
      expect([what, answer.status]).toEqual([what, 401]);
      expect([what, String(answer.headers['www-authenticate'])]).toEqual([
        what,
        expect.stringContaining('error="invalid_token"'),
      ]);
    }
    expect((await use(token)).status).toBe(200);
  });

  it('needs the proof of its key: of this call, of this token, once', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const other = await generateKeyPair('ES256', { extractable: true });
    const url = `${stack.url}${ROUTE}`;
    const sha = (text: string) => createHash('sha256').update(text).digest('base64url');
    const proof = async (claims: object = {}, pair = { publicKey, privateKey }, header: object = {}) =>
      new SignJWT({
        jti: randomBytes(12).toString('hex'),
        htm: 'GET',
        htu: url,
        iat: Math.floor(Date.now() / 1000),
        ...claims,
      })
        .setProtectedHeader({
          alg: 'ES256',
          typ: 'dpop+jwt',
          jwk: await exportJWK(pair.publicKey),
          ...header,
        } as JWTHeaderParameters)
        .sign(pair.privateKey);
    const { json } = await post('/oauth/token', grant, {
      authorization: basic(client),
      dpop: await proof({ htm: 'POST', htu: `${stack.url}/oauth/token` }),
    });
    expect(json.token_type).toBe('DPoP');
    const bound = json.access_token;
    expect(part(1).cnf).toBeUndefined();
    const ath = sha(bound);
    const at = async (text?: string, scheme = 'DPoP') =>
      (await call(ROUTE, { headers: { authorization: `${scheme} ${bound}`, ...(text && { dpop: text }) } }))
        .status;
    const good = await proof({ ath });
    expect([await at(good), await at(good)]).toEqual([200, 401]);
    const now = Math.floor(Date.now() / 1000);
    const wrong = {
      none: undefined,
      'of another key': await proof({ ath }, other),
      'of another method': await proof({ ath, htm: 'POST' }),
      'of another address': await proof({ ath, htu: `${stack.url}/v1/payments` }),
      'of another token': await proof({ ath: sha(token) }),
      'of no token': await proof(),
      old: await proof({ ath, iat: now - 300 }),
      'of the future': await proof({ ath, iat: now + 300 }),
      'without an id': await proof({ ath, jti: undefined }),
      'of another type': await proof({ ath }, undefined, { typ: 'JWT' }),
      'with the private key': await proof({ ath }, undefined, { jwk: await exportJWK(privateKey) }),
    };
    for (const [what, text] of Object.entries(wrong)) expect([what, await at(text)]).toEqual([what, 401]);
    expect(await at(await proof({ ath }), 'Bearer')).toBe(401);
    expect(await calculateJwkThumbprint(await exportJWK(publicKey))).toBe(
      JSON.parse(Buffer.from(bound.split('.')[1], 'base64url').toString()).cnf.jkt,
    );
  });
});
