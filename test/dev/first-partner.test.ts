// From nothing to the first partner, as docs/deploy.md and README.md say it, word by word: their commands are read from them
// and run. What exists only in the cloud is replaced, and listed here with its reason.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Miniflare } from 'miniflare';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../../src/dev/files.ts';
import { openIssuer } from '../../src/dev/issuer.ts';
import { type NeonEndpoint, startNeonEndpoint } from '../../src/dev/neon-endpoint.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';
import { startRuntime } from '../../src/dev/runtime.ts';
import { commandsUnder, type Replacement, replaced, runCommand } from '../support/documented-commands.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const ISSUER = 'https://id.example.com';
const OPERATOR = { sub: 'operator-1', email: 'you@example.com' };
const OWNER = { sub: 'owner-1', email: 'dev@first.example' };
const WORKER_PASSWORD = 'c0ffee';

const folder = mkdtempSync(join(tmpdir(), 'passerelle-first-'));
const secretsFolder = join(folder, 'secrets');
const programs = join(folder, 'bin');
let postgres: LocalPostgres | undefined;
let endpoint: NeonEndpoint | undefined;
let upstream: Upstream | undefined;
let worker: Miniflare | undefined;
/** An email provider in Resend's form: what it was sent. */
const mails: { to: string }[] = [];
const provider = createServer(async (request, response) => {
  mails.push(JSON.parse(await text(request)));
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
});

afterAll(async () => {
  await worker?.dispose();
  await endpoint?.close();
  await upstream?.close();
  provider.close();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Stands for wrangler: Cloudflare's account is not here. It keeps the secrets that it is given. */
const NPX = `#!/bin/sh
[ "$1" = wrangler ] || exit 1
case "$2 $3" in
  'secret put') head -n 1 > "${secretsFolder}/$4" ;;
esac
`;

/** What a person types where wrangler asks for it. */
const TYPED: Record<string, (databaseUrl: string) => string> = {
  DATABASE_URL: (url) => url.replace(/\/\/[^@]*@/, `//passerelle_app:${WORKER_PASSWORD}@`),
  MAIL_HTTP_TOKEN: () => 'token-of-the-provider',
  UPSTASH_REDIS_REST_URL: () => '',
  UPSTASH_REDIS_REST_TOKEN: () => '',
};

const secretsPut = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(secretsFolder).map((name) => [name, readFileSync(join(secretsFolder, name), 'utf8').trim()]),
  );

/** The Worker with the secrets that were put by now, and the variables of step 3. */
async function deploy(databaseUrl: string, port: number): Promise<void> {
  const issuer = await openIssuer(join(folder, 'issuer.json'));
  const secrets = secretsPut();
  endpoint = await startNeonEndpoint(TYPED.DATABASE_URL?.(databaseUrl) ?? '', issuer.jwks);
  upstream = await startUpstream();
  worker = await startRuntime({
    port,
    onLog: () => undefined,
    variables: {
      ENVIRONMENT: 'production',
      UPSTREAM_ORIGIN: upstream.origin,
      PORTAL_ORIGIN: 'https://developers.example.com',
      MAIL_HTTP_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/emails`,
      JWT_ISSUER: ISSUER,
      JWT_JWKS_URL: endpoint.jwksUrl,
      // Neon's own endpoint is not here.
      NEON_ENDPOINT: endpoint.url,
      ...Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== '')),
    },
  });
}

async function send(url: string, token: string, body: object): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status, await answer.clone().text()).toBeLessThan(300);
  return (await answer.json()) as Record<string, string>;
}

it('docs/deploy.md and README lead from nothing to the first partner’s first call', async () => {
  const database = { folder: join(folder, 'postgres'), port: await freePort(), database: 'neondb' };
  postgres = await startPostgres({ ...database, isThrowaway: true });
  const databaseUrl = postgres.url;
  const port = await freePort();
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (const made of [programs, secretsFolder]) mkdirSync(made);
  writeFileSync(join(programs, 'npx'), NPX, { mode: 0o700 });
  const issuer = await openIssuer(join(folder, 'issuer.json'));
  const tokenOf = (who: typeof OWNER, roles: string[] = []) => issuer.token({ ...who, roles }, '1h', ISSUER);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${programs}:${process.env.PATH}`,
    OPERATOR_JWT: await tokenOf(OPERATOR, ['operator']),
  };

  const cloud: Replacement[] = [
    { what: 'npm install', by: 'true', why: 'this very test runs from what it installs' },
    {
      what: "'postgres://…neon.tech/neondb?sslmode=require'",
      by: `'${databaseUrl}'`,
      why: 'the reader’s database at Neon: here an empty one of PostgreSQL’s',
    },
    { what: '<openssl rand -hex 24>', by: WORKER_PASSWORD, why: 'the reader’s own password' },
    { what: 'https://api.example.com', by: url, why: 'the reader’s domain' },
  ];
  let exported = '';
  for (const command of replaced(commandsUnder('docs/deploy.md', '# Deploy'), cloud)) {
    if (command.startsWith('export ')) exported += `${command}\n`;
    // What is deployed has its secrets by then; without them: test/dev/unconfigured.
    if (command.startsWith('curl ') && !worker) await deploy(databaseUrl, port);
    const [, secret = ''] = /^npx wrangler secret put (\w+)/.exec(command) ?? [];
    const typed = TYPED[secret]?.(databaseUrl);
    const fed = typed === undefined ? command : `echo '${typed}' | ${command}`;
    const said = await runCommand(exported + fed.replace(/^curl /, 'curl -sS -w "%{http_code}" '), env);
    if (command.startsWith('curl ')) expect(said).toMatch(/200$/);
  }

  const people: Replacement[] = [
    { what: 'https://api.example.com', by: url, why: 'the reader’s domain' },
    { what: '<sub>', by: OPERATOR.sub, why: 'the reader’s own subject at an issuer' },
  ];
  const said: string[] = [];
  for (const command of replaced(commandsUnder('docs/deploy.md', '## First operator, first partner'), people))
    said.push(await runCommand(exported + command.replace(/^curl /, 'curl -sS '), env));
  const [named = '', , created = '{}'] = said;
  const link = new URL(/https:\/\/developers\.example\.com\/\S+/.exec(named)?.[0] ?? '');
  const chosen = await fetch(url + link.pathname, {
    method: 'POST',
    headers: { origin: 'https://developers.example.com' },
    body: new URLSearchParams({ password: 'correct horse battery' }),
  });
  expect(chosen.status).toBe(200);
  expect(JSON.parse(created)).toMatchObject({ name: 'First', email: OWNER.email, tier: 'starter' });

  expect(mails).toEqual([expect.objectContaining({ to: OWNER.email })]);
  const owner = await tokenOf(OWNER);
  const app = await send(`${url}/api/dev/apps`, owner, { name: 'First app' });
  const wanted = { key_type: 'bearer', environment: 'live', name: 'First key', scopes: ['read:routes'] };
  const key = await send(`${url}/api/dev/apps/${app.id}/keys`, owner, wanted);
  const partner: Replacement[] = [
    { what: 'https://api.example.com', by: url, why: 'the reader’s domain' },
    { what: 'pk_live_…', by: key.secret ?? key.key ?? '', why: 'the partner’s own key' },
  ];
  const [call = ''] = replaced(commandsUnder('README.md', '## What a partner sees'), partner);
  const answer = await runCommand(call.replace(/^curl /, 'curl -sS '), env);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(answer).toMatch(/x-ratelimit-remaining-month: \d+/i);
}, 240_000);
