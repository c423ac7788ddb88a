// An OIDC issuer ("Molam ID") for tests: discovery, authorization code with PKCE, signed id tokens. `POST /next` says
// who signs in next, and what the issuer gets wrong.

import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { keepConnections } from '../../src/dev/keep-alive.ts';

export const OIDC_CLIENT = { id: 'passerelle-portal', secret: 'test-client-secret' };

interface Next {
  sub: string;
  email: string;
  email_verified: boolean;
  name: string;
  /** Claims of the id token that are forged: `nonce`, `aud`, `iss`, `exp`. */
  wrong?: Record<string, unknown>;
  /** The id token is signed by another key. */
  otherKey?: boolean;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export async function startOidcIssuer() {
  const [own, other] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, { challenge: string; nonce: string; redirect: string; next: Next }>();
  let next: Next | undefined;
  let origin = '';

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const reply = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/next') {
      next = JSON.parse(await textOf(request));
      return reply({});
    }
    if (url.pathname === '/.well-known/openid-configuration') {
      return reply({
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      });
    }
    if (url.pathname === '/jwks') return reply({ keys: [jwk] });
    if (url.pathname === '/authorize') {
      const code = randomUUID();
      const query = (name: string) => url.searchParams.get(name) ?? '';
      if (!next || query('client_id') !== OIDC_CLIENT.id || query('code_challenge_method') !== 'S256')
        return reply({ error: 'invalid_request' }, 400);
      codes.set(code, {
        challenge: query('code_challenge'),
        nonce: query('nonce'),
        redirect: query('redirect_uri'),
        next,
      });
      const back = new URL(query('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', query('state'));
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/token') {
      const form = new URLSearchParams(await textOf(request));
      const known = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      // RFC 6749, 2.3.1: both are form-encoded before they are joined.
      const basic = Buffer.from(
        (request.headers.authorization ?? '').slice('Basic '.length),
        'base64',
      ).toString();
      if (!known || known.challenge !== challenge || known.redirect !== form.get('redirect_uri'))
        return reply({ error: 'invalid_grant' }, 400);
      if (decodeURIComponent(basic) !== `${OIDC_CLIENT.id}:${OIDC_CLIENT.secret}`)
        return reply({ error: 'invalid_client' }, 401);
      const { sub, email, email_verified, name, wrong, otherKey } = known.next;
      const nowSeconds = Math.floor(Date.now() / 1000);
      const claims = {
        iss: origin,
        aud: OIDC_CLIENT.id,
        nonce: known.nonce,
        iat: nowSeconds,
        exp: nowSeconds + 300,
      };
      const id_token = await new SignJWT({ ...claims, sub, email, email_verified, name, ...wrong })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .sign((otherKey ? other : own).privateKey);
      return reply({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token });
    }
    return reply({}, 404);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
