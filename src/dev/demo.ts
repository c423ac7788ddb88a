// Demo partners and keys. Idempotent: what is in .local/demo.json and still in the database is kept.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { generateRandomString, hashPassword, symmetricEncrypt } from 'better-auth/crypto';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import {
  displayPrefix,
  type Environment,
  newBearerKey,
  newSigningId,
  newSigningSecret,
} from '../keys/key-format.ts';
import { ensureHistory } from './demo-history.ts';
import { ISSUER } from './issuer.ts';

export interface DemoKeys {
  live: string;
  test: string;
  free: string;
  enterprise: string;
  signing: { id: string; secret: string };
}

export interface Demo {
  partner: { id: string; tier: string };
  freePartner: { id: string; tier: string };
  enterprisePartner: { id: string; tier: string };
  keys: DemoKeys;
}

export const DEVELOPER = { sub: 'demo-developer', email: 'awa@teranga-mobile.example' };
export const OPERATOR = { sub: 'demo-operator', email: 'operator@passerelle.example', roles: ['operator'] };

/** Accounts of the portal, on your machine only. */
export const LOGINS = {
  developer: { email: DEVELOPER.email, password: 'passerelle-demo', name: 'Awa Ndiaye', isOperator: false },
  operator: { email: OPERATOR.email, password: 'passerelle-demo', name: 'Operator', isOperator: true },
};

export async function ensureAccount(
  client: pg.Client,
  { email, password, name, isOperator }: (typeof LOGINS)['developer'],
): Promise<string> {
  const known = await client.query('SELECT id FROM dev_accounts WHERE email = $1', [email]);
  if (known.rows[0]) return String(known.rows[0].id);
  const id = uuidv7();
  await client.query(
    `INSERT INTO dev_accounts (id, name, email, email_verified, is_operator) VALUES ($1, $2, $3, true, $4)`,
    [id, name, email, isOperator],
  );
  await client.query(
    `INSERT INTO dev_credential (id, account_id, provider_id, subject, password) VALUES ($1, $2, 'credential', $2, $3)`,
    [uuidv7(), id, await hashPassword(password)],
  );
  return id;
}

/** Turns two-factor sign-in on. `secret`: what the authenticator's codes are made of. */
export async function ensureFactor(
  client: pg.Client,
  accountId: string,
  secret: string,
  authSecret: string,
): Promise<void> {
  const sealed = (data: string) => symmetricEncrypt({ key: authSecret, data });
  await client.query(
    `INSERT INTO dev_two_factor (id, account_id, secret, backup_codes, verified)
     SELECT $1, $2, $3, $4, true WHERE NOT EXISTS (SELECT 1 FROM dev_two_factor WHERE account_id = $2)`,
    [uuidv7(), accountId, await sealed(secret), await sealed(JSON.stringify([generateRandomString(10)]))],
  );
  await client.query('UPDATE dev_accounts SET two_factor_enabled = true WHERE id = $1', [accountId]);
}

const ALL_SCOPES = ['read:routes', 'read:stops', 'read:payments', 'write:payments', 'keys:write'];
const PARTNERS = {
  partner: ['Teranga Mobile', 'awa@teranga-mobile.example', 'business'],
  freePartner: ['Ndar Open Data', 'fatou@ndar-open-data.example', 'free'],
  enterprisePartner: ['Sunu Logistics', 'ops@sunu-logistics.example', 'enterprise'],
} as const;

const random = (length: number): Uint8Array => randomBytes(length);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function ensurePartner(client: pg.Client, [name, email, tier]: readonly [string, string, string]) {
  const { rows } = await client.query(
    `INSERT INTO partner (id, name, email, company, tier, allowed_origins, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
     SELECT $1, $2::varchar, $3, $2::varchar, tier, ARRAY['http://localhost:3000'], rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
     FROM tier_config WHERE tier = $4 ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id, tier`,
    [uuidv7(), name, email, tier],
  );
  return { id: String(rows[0].id), tier: String(rows[0].tier) };
}

export async function insertKey(
  client: pg.Client,
  key: {
    partnerId: string;
    environment: Environment;
    name: string;
    secret: string;
    signing?: { id: string; envelope: string };
    appId?: string;
    scopes?: string[];
  },
): Promise<void> {
  const id = uuidv7();
  await client.query(
    `INSERT INTO api_key (id, partner_id, app_id, key_id, kind, environment, key_hash, secret_envelope, key_prefix, name, scopes)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      id,
      key.partnerId,
      key.appId ?? null,
      key.signing?.id ?? id,
      key.signing ? 'signing' : 'bearer',
      key.environment,
      sha256(key.secret),
      key.signing?.envelope ?? null,
      displayPrefix(key.secret),
      key.name,
      key.scopes ?? ALL_SCOPES,
    ],
  );
}

async function keptKeys(client: pg.Client, file: string): Promise<DemoKeys | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as Demo;
    const hashes = [keys.live, keys.test, keys.free, keys.enterprise, keys.signing.secret].map(sha256);
    const { rowCount } = await client.query('SELECT 1 FROM api_key WHERE key_hash = ANY ($1) AND is_active', [
      hashes,
    ]);
    return rowCount === hashes.length ? keys : undefined;
  } catch {
    return undefined;
  }
}

async function makeKeys(
  client: pg.Client,
  demo: Omit<Demo, 'keys'>,
  keks: KeyEncryptionKeys,
): Promise<DemoKeys> {
  const appId = uuidv7();
  await client.query(
    `INSERT INTO dev_apps (id, partner_id, name, description) VALUES ($1, $2, 'Teranga', 'Demo app')`,
    [appId, demo.partner.id],
  );
  // Demo keys whose secrets are lost make room for new ones.
  await client.query(
    `UPDATE api_key SET is_active = false, revoked_reason = 'replaced by a new demo key', revoked_at = now()
    WHERE name LIKE 'Demo %' AND is_active AND partner_id = ANY ($1)`,
    [[demo.partner.id, demo.freePartner.id, demo.enterprisePartner.id]],
  );
  const keys: DemoKeys = {
    live: newBearerKey('live', random),
    test: newBearerKey('test', random),
    free: newBearerKey('live', random),
    enterprise: newBearerKey('live', random),
    signing: { id: newSigningId('test', random), secret: newSigningSecret('test', random) },
  };
  const { id: partnerId } = demo.partner;
  const envelope = await sealEnvelope(keks, keys.signing.secret, keys.signing.id);
  await insertKey(client, { partnerId, environment: 'live', name: 'Demo live', secret: keys.live, appId });
  await insertKey(client, { partnerId, environment: 'test', name: 'Demo test', secret: keys.test, appId });
  await insertKey(client, {
    partnerId,
    environment: 'test',
    name: 'Demo signing',
    secret: keys.signing.secret,
    signing: { id: keys.signing.id, envelope },
    appId,
  });
  await insertKey(client, {
    partnerId: demo.freePartner.id,
    environment: 'live',
    name: 'Demo free',
    secret: keys.free,
  });
  await insertKey(client, {
    partnerId: demo.enterprisePartner.id,
    environment: 'live',
    name: 'Demo enterprise',
    secret: keys.enterprise,
  });
  return keys;
}

/** `endpoint`: the SQL endpoint. `file`: where the last demo was written; its keys are kept while the database knows them. */
export async function ensureDemo(
  databaseUrl: string,
  endpoint: string,
  file: string,
  keks: KeyEncryptionKeys,
  secrets: { authSecret: string; operatorFactor: string },
): Promise<Demo> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const partner = await ensurePartner(client, PARTNERS.partner);
    const freePartner = await ensurePartner(client, PARTNERS.freePartner);
    const enterprisePartner = await ensurePartner(client, PARTNERS.enterprisePartner);
    const account = await ensureAccount(client, LOGINS.developer);
    const operator = await ensureAccount(client, LOGINS.operator);
    await ensureFactor(client, operator, secrets.operatorFactor, secrets.authSecret);
    await client.query(
      'INSERT INTO operator_identity (issuer, subject, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [ISSUER, OPERATOR.sub, 'The operator of the demo'],
    );
    // The token of the local issuer and the portal's account are the same person.
    await client.query(
      `INSERT INTO dev_credential (id, account_id, provider_id, subject) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [uuidv7(), account, ISSUER, DEVELOPER.sub],
    );
    await client.query(
      `INSERT INTO partner_member (partner_id, subject, email, role) VALUES ($1, $2, $3, 'owner') ON CONFLICT DO NOTHING`,
      [partner.id, account, DEVELOPER.email],
    );
    const partners = { partner, freePartner, enterprisePartner };
    const keys = (await keptKeys(client, file)) ?? (await makeKeys(client, partners, keks));
    const app = await client.query(
      'SELECT id FROM dev_apps WHERE partner_id = $1 ORDER BY created_at LIMIT 1',
      [partner.id],
    );
    await ensureHistory({
      client,
      databaseUrl,
      endpoint,
      keks,
      partnerId: partner.id,
      enterpriseId: enterprisePartner.id,
      appId: String(app.rows[0]?.id),
    });
    return { ...partners, keys };
  } finally {
    await client.end();
  }
}
