// What API tests share: partners and keys of their own, calls, and waiting for usage to arrive.

import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { inject } from 'vitest';
import { subjectOf } from '../../src/accounts/subject.ts';
import { sealEnvelope } from '../../src/crypto/envelope.ts';
import { insertKey } from '../../src/dev/demo.ts';
import { ISSUER } from '../../src/dev/issuer.ts';
import { newBearerKey, newSigningId, newSigningSecret } from '../../src/keys/key-format.ts';

export interface ProvidedStack {
  url: string;
  databaseUrl: string;
  /** The SQL endpoint. */
  endpoint: string;
  demo: {
    partner: { id: string };
    freePartner: { id: string };
    enterprisePartner: { id: string };
    keys: {
      live: string;
      test: string;
      free: string;
      enterprise: string;
      signing: { id: string; secret: string };
    };
    developer: { token: string; email: string; password: string };
    operator: { token: string; email: string; password: string; factor: string };
    metrics: { token: string };
  };
  control: string;
  upstream: string;
  /** The OIDC issuer. */
  identity: string;
  secrets: { keyEncryptionKey: string; authSecret: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: ProvidedStack;
  }
}

export const stack = inject('stack');
/** The Worker's side closes what has been idle for five seconds: whoever sends at that moment is hung up on. */
const IDLE_MS = 3000;
const agent = new Agent({ keepAlive: true, maxSockets: 256, timeout: IDLE_MS });

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // Answers are JSON of many shapes; each test says what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert on the shape
  json: any;
  bytes: number;
}

export interface CallOptions {
  method?: string;
  key?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  origin?: string;
}

/** One HTTP request, its path sent byte for byte. */
export function call(
  path: string,
  { method = 'GET', key, headers = {}, body, origin = stack.url }: CallOptions = {},
): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        hostname,
        port,
        path,
        method,
        agent,
        headers: {
          ...(key && { authorization: `Bearer ${key}` }),
          ...(body && !headers['transfer-encoding'] && { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const whole = Buffer.concat(chunks);
          const text = whole.length > 1_000_000 ? '' : whole.toString();
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json,
            bytes: whole.length,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export const sendJson = (
  path: string,
  method: string,
  body: unknown,
  options: CallOptions = {},
): Promise<Answer> =>
  call(path, {
    ...options,
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...options.headers },
  });

/** Orders something of the stack's owner. */
export async function control<T = unknown>(order: string, argument: unknown = ''): Promise<T> {
  const text = typeof argument === 'string' ? argument : JSON.stringify(argument);
  const { json, status } = await call(`/${order}?argument=${encodeURIComponent(text)}`, {
    origin: stack.control,
  });
  if (status !== 200) throw new Error(`${order}: ${json?.error}`);
  return json.result;
}

export const setFaults = (faults: object): Promise<Answer> => sendJson('/__test', 'POST', faults);

/** A connection is dear, a process of PostgreSQL's that has everything to learn: they are kept. */
const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 8, allowExitOnIdle: true });
// They break where a test stops the database.
pool.on('error', () => undefined);

/** On a connection of its own until it has ended. */
export async function withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await use(client);
  } finally {
    client.release();
  }
}

export async function query<Row extends pg.QueryResultRow>(
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await pool.query<Row>(text, values)).rows;
}

export interface TestPartner {
  id: string;
  email: string;
}

export interface PartnerWishes {
  tier?: string;
  status?: string;
  second?: number;
  day?: number;
  month?: number;
  overage?: string;
  origins?: string[];
}

export async function makePartner(wishes: PartnerWishes = {}): Promise<TestPartner> {
  const id = uuidv7();
  const email = `${id}@example.com`;
  await query(
    `INSERT INTO partner (id, name, email, tier, status, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, overage_action, allowed_origins,
       granted_overage_actions)
     VALUES ($1, 'Test', $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      email,
      wishes.tier ?? 'enterprise',
      wishes.status ?? 'active',
      wishes.second ?? -1,
      wishes.day ?? -1,
      wishes.month ?? -1,
      wishes.overage ?? 'block',
      wishes.origins ?? null,
      // An operator's to give.
      wishes.overage === 'warn' ? ['warn'] : [],
    ],
  );
  // What was changed by hand, the minute job tells the edges.
  if (wishes.origins) await control('cron', { cron: '* * * * *' });
  return { id, email };
}

export interface KeyWishes {
  environment?: 'test' | 'live';
  scopes?: string[];
  appId?: string;
  /** Columns of api_key. */
  set?: Record<string, unknown>;
}

const random = (length: number): Uint8Array => randomBytes(length);
export const ALL_SCOPES = ['read:routes', 'read:stops', 'read:payments', 'write:payments', 'keys:write'];

export async function makeKey(
  partnerId: string,
  wishes: KeyWishes = {},
): Promise<{ secret: string; id: string }> {
  const environment = wishes.environment ?? 'live';
  const secret = newBearerKey(environment, random);
  return withClient(async (client) => {
    await insertKey(client, {
      partnerId,
      environment,
      name: 'Test',
      secret,
      appId: wishes.appId,
      scopes: wishes.scopes ?? ALL_SCOPES,
    });
    const { rows } = await client.query(
      `SELECT id FROM api_key WHERE partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
      [partnerId],
    );
    for (const [column, value] of Object.entries(wishes.set ?? {})) {
      await client.query(`UPDATE api_key SET ${column} = $1 WHERE id = $2`, [value, rows[0].id]);
    }
    return { secret, id: rows[0].id };
  });
}

export async function makeSigningKey(
  partnerId: string,
  environment: 'test' | 'live' = 'live',
  scopes: string[] = ALL_SCOPES,
): Promise<{ id: string; secret: string }> {
  const id = newSigningId(environment, random);
  const secret = newSigningSecret(environment, random);
  const keks = { current: 'local', keys: { local: stack.secrets.keyEncryptionKey } };
  const envelope = await sealEnvelope(keks, secret, id);
  await withClient((client) =>
    insertKey(client, {
      partnerId,
      environment,
      name: 'Signing',
      secret,
      signing: { id, envelope },
      scopes,
    }),
  );
  return { id, secret };
}

/** A developer's token, for a partner of its own or a new one. */
export async function developerToken(partner?: TestPartner): Promise<string> {
  const sub = `dev-${uuidv7()}`;
  const email = partner?.email ?? `${sub}@example.com`;
  if (partner)
    await query('INSERT INTO partner_member (partner_id, subject, email) VALUES ($1, $2, $3)', [
      partner.id,
      subjectOf(ISSUER, sub),
      email,
    ]);
  return control<string>('token', { sub, email });
}

/** Asks until it is so, for at most `withinMs`: ever less often, so that a page's own rate is not what is met. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isSo: (value: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 1.3, 500)) {
    const value = await ask();
    if (isSo(value)) return value;
    if (Date.now() > endMs) throw new Error(`not so after ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

export const eventCount = async (partnerId: string): Promise<number> =>
  Number((await query('SELECT count(*) FROM api_usage_events WHERE partner_id = $1', [partnerId]))[0]?.count);

/** Runs `total` tasks, `concurrency` at a time. */
export async function inParallel<T>(
  total: number,
  concurrency: number,
  task: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const index = next++;
      results[index] = await task(index);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

/** As if the partner had been on its terms since then. */
export async function since(partnerId: string, at: string): Promise<void> {
  await query(
    `DELETE FROM partner_terms t WHERE partner_id = $1
     AND effective_at < (SELECT max(effective_at) FROM partner_terms WHERE partner_id = $1)`,
    [partnerId],
  );
  await query('UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1', [partnerId, at]);
}
