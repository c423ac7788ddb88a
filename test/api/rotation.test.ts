// Rotation of a key's secret: at most one earlier secret works, whoever rotates at once and whatever is reported meanwhile;
// and rotation of the keys that envelopes are under.

import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuth } from '../../src/accounts/auth.ts';
import { readConfig } from '../../src/config.ts';
import { openEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts';
import { createEnvelopeStore, ENVELOPES } from '../../src/keys/envelope-store.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { command } from '../../src/platform/query.ts';
import {
  call,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import { openDatabaseOfItsOwn } from '../support/own-database.ts';

const minimalEnvironment = {
  DATABASE_URL: 'postgres://x',
  KEY_ENCRYPTION_KEYS: JSON.stringify({ current: 'k', keys: { k: Buffer.alloc(32).toString('base64') } }),
  IDENTITY_KEYS: JSON.stringify({ current: 'a', keys: { a: Buffer.alloc(32, 7).toString('base64') } }),
  AUTH_SECRET: 'x'.repeat(32),
  METRICS_TOKEN: 'x'.repeat(16),
  PORTAL_ORIGIN: 'https://developers.example.com',
};
const ROUTE = '/v2/routes/list';
const statusOf = async (key: string) => (await call(ROUTE, { key })).status;

/** Until a session waits for a lock. */
const somebodyWaits = () =>
  eventually(
    () =>
      query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%api_key%FOR UPDATE%'`,
      ),
    (rows) => rows.length > 0,
  );

describe('a key', () => {
  let dev: { headers: { authorization: string } };
  let partner: { id: string; email: string };
  beforeAll(async () => {
    partner = await makePartner();
    dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  });
  const rotate = (id: string, body: object = {}) => sendJson(`/api/dev/keys/${id}/rotate`, 'POST', body, dev);

  it('rotated again and again has two secrets that work: the newest, and the one before', async () => {
    const key = await makeKey(partner.id);
    const secrets = [key.secret];
    for (let n = 0; n < 5; n++) {
      const { json } = await rotate(key.id);
      secrets.push(json.secret);
      const days = (Date.parse(json.retired_until) - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(7);
      expect(json.retiring).toHaveLength(1);
    }
    const statuses = await Promise.all(secrets.map(statusOf));
    expect(statuses).toEqual([401, 401, 401, 401, 200, 200]);
    const { json } = await rotate(key.id, { grace_days: 0 });
    expect([json.retired_until, json.retiring]).toEqual([null, []]);
    expect(await Promise.all([...secrets, json.secret].map(statusOf))).toEqual([
      401, 401, 401, 401, 401, 401, 200,
    ]);
  });

  it('rotated by eight at once is rotated one after the other', async () => {
    const key = await makeKey(partner.id);
    const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(key.id)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const statuses = await Promise.all(answers.map(({ json }) => statusOf(json.secret)));
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(await statusOf(key.secret)).toBe(401);
  });

  it('found in public while it is rotated leaves nothing of what was found', async () => {
    const key = await makeKey(partner.id);
    const reporter = new pg.Client({ connectionString: stack.databaseUrl });
    await reporter.connect();
    await reporter.query('BEGIN');
    // The report of a leak, not yet committed: whoever read the key before does not see it.
    await reporter.query('UPDATE api_key SET quarantined_at = now() WHERE id = $1', [key.id]);
    const rotated = rotate(key.id, { grace_days: 90 });
    await somebodyWaits();
    await reporter.query('COMMIT');
    await reporter.end();
    const { json } = await rotated;
    expect(json.retired_until).toBeNull();
    expect([await statusOf(key.secret), await statusOf(json.secret)]).toEqual([401, 200]);
    const [told] = await query(
      `SELECT data->>'grace_days' AS days FROM webhook_event WHERE type = 'key.rotated' AND data->>'key_id' = $1`,
      [key.id],
    );
    expect(told?.days).toBe('0');
  });
});

describe('envelopes', () => {
  const key = (n: number) => Buffer.alloc(32, n).toString('base64');
  const keks = { current: 'new', keys: { old: key(1), new: key(2) } };

  it('are listed, all columns of them', async () => {
    const columns = await query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name LIKE '%envelope%' ORDER BY 1`,
    );
    expect(ENVELOPES.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(
      columns.map(({ name }) => name),
    );
  });

  it('go under the current key, all but those that do not open, which are told', async () => {
    const { client, database, close } = await openDatabaseOfItsOwn('envelopes');
    try {
      const under = { current: 'old', keys: keks.keys };
      const seal = (text: string, context: string) => sealEnvelope(under, text, context);
      const gone = { current: 'gone', keys: { gone: key(3) } };
      const [{ id: partner }] = (
        await client.query(`INSERT INTO partner (name, email) VALUES ('P', 'p@example.com') RETURNING id`)
      ).rows;
      const addKey = (keyId: string, envelope: string) =>
        client.query(
          `INSERT INTO api_key (partner_id, key_id, kind, key_hash, key_prefix, name, secret_envelope)
           VALUES ($1, $2::text, 'signing', $2::text, 'x', 'x', $3) RETURNING id`,
          [partner, keyId, envelope],
        );
      await addKey('ak_lost', await sealEnvelope(gone, 'secret', 'ak_lost'));
      await addKey('ak_foreign', await seal('secret', 'ak_other'));
      const [{ id: kept }] = (await addKey('ak_1', await seal('one', 'ak_1'))).rows;
      await client.query(
        `INSERT INTO api_key_retired_secret (key_hash, api_key_id, secret_envelope, key_prefix, expires_at)
         VALUES ('before', $1, $2, 'x', now() + interval '1 day')`,
        [kept, await seal('zero', 'ak_1')],
      );
      const hook = '01990000-0000-7000-8000-000000000001';
      await client.query(
        `INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope, old_secret_envelope, old_secret_expires_at)
         VALUES ($1, $2, 'https://example.com', '{}', $3, $4, now() + interval '1 day')`,
        [hook, partner, await seal('now', hook), await seal('before', hook)],
      );
      await client.query(
        `INSERT INTO idempotency_key (owner, key, request_hash, status, answer_envelope) VALUES ('o', 'k', '', 201, $1)`,
        [await seal('answer', 'o:k')],
      );
      const lines: Record<string, unknown>[] = [];
      const store = createEnvelopeStore({
        database,
        keyEncryptionKeys: keks,
        log: (line) => void lines.push(line),
      });
      expect(await store.rewrap()).toEqual({ rewrapped: 5, failed: 2 });
      expect(lines.map(({ of }) => of).sort()).toEqual(['ak_foreign', 'ak_lost']);
      // Without the old key everything opens that opened before.
      const alone = { current: 'new', keys: { new: key(2) } };
      const [row] = (
        await client.query(
          `SELECT k.secret_envelope AS one, (SELECT secret_envelope FROM api_key_retired_secret) AS zero,
             e.secret_envelope AS now, e.old_secret_envelope AS before, e.old_secret_expires_at > now() AS valid,
             (SELECT answer_envelope FROM idempotency_key) AS answer
           FROM api_key k, webhook_endpoint e WHERE k.key_id = 'ak_1'`,
        )
      ).rows;
      const opened = Object.entries({ one: 'ak_1', zero: 'ak_1', now: hook, before: hook, answer: 'o:k' });
      for (const [name, context] of opened) expect(await openEnvelope(alone, row[name], context)).toBe(name);
      expect(row.valid).toBe(true);
      expect(await store.rewrap()).toEqual({ rewrapped: 0, failed: 2 });
    } finally {
      await close();
    }
  });
});

it('AUTH_SECRETS: second factors of before a rotation open after it, and new ones are under the newest', async () => {
  const secretOf = (n: number) => `${n}`.repeat(40);
  const configOf = async (rotations?: string) => {
    const env = { ...minimalEnvironment, AUTH_SECRET: secretOf(0), AUTH_SECRETS: rotations };
    const { AUTH_SECRET: secret, AUTH_SECRETS: secrets } = readConfig(env);
    const database = openDatabase(stack.databaseUrl, stack.endpoint).drizzle;
    const about = { origin: 'https://x.example', product: 'X', isSecure: true, cookieSuffix: '' };
    const events = { reset: () => {}, wasReset: async () => {}, mayTryCode: async () => true };
    return (await createAuth({ ...about, database, secret, secrets }, events).$context).secretConfig;
  };
  const first = await configOf();
  const second = await configOf(`1:${secretOf(1)}`);
  const third = await configOf(`2:${secretOf(2)},1:${secretOf(1)}`);
  const old = await symmetricEncrypt({ key: first, data: 'totp' });
  for (const key of [second, third]) expect(await symmetricDecrypt({ key, data: old })).toBe('totp');
  const newer = await symmetricEncrypt({ key: second, data: 'totp' });
  expect(await symmetricDecrypt({ key: third, data: newer })).toBe('totp');
  await expect(symmetricDecrypt({ key: first, data: newer })).rejects.toThrow();
  for (const wrong of ['nonsense', `1:${secretOf(1)},1:${secretOf(2)}`, '1:short'])
    expect(() => readConfig({ ...minimalEnvironment, AUTH_SECRETS: wrong })).toThrow(/AUTH_SECRETS is wrong/);
});

describe('a transaction that Postgres gave up for another', () => {
  it('of a deadlock is tried again, and succeeds', async () => {
    const { client, database, close } = await openDatabaseOfItsOwn('deadlocks');
    try {
      await client.query(`ALTER DATABASE deadlocks SET deadlock_timeout TO '50ms'`);
      const lock = (tier: string) =>
        command(sql`UPDATE tier_config SET created_at = now() WHERE tier = ${tier}`);
      const rest = command(sql`SELECT pg_sleep(0.3)`);
      // Each has what the other wants by the time that it wants it.
      const both = [
        database.batch(lock('free'), rest, lock('starter')),
        database.batch(lock('starter'), rest, lock('free')),
      ];
      expect((await Promise.all(both)).map((results) => results.length)).toEqual([3, 3]);
    } finally {
      await close();
    }
  });

  it('two owners who demote each other, again and again, are never both gone, and nobody gets a 500', async () => {
    const partner = await makePartner();
    const tokens = [
      await developerToken(partner),
      await developerToken({ ...partner, email: 'b@example.com' }),
    ];
    const members = await query<{ subject: string }>(
      'SELECT subject FROM partner_member WHERE partner_id = $1',
      [partner.id],
    );
    const subjects = members.map(({ subject }) => subject);
    const demote = (subject: string | undefined, n: number) =>
      sendJson(
        `/api/dev/members/${encodeURIComponent(subject ?? '')}`,
        'PATCH',
        { role: 'viewer' },
        {
          headers: { authorization: `Bearer ${tokens[n % 2]}` },
        },
      );
    for (let round = 0; round < 5; round++) {
      await query(`UPDATE partner_member SET role = 'owner' WHERE partner_id = $1`, [partner.id]);
      const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => demote(subjects[n % 2], n)));
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      const owners = await query(`SELECT 1 FROM partner_member WHERE partner_id = $1 AND role = 'owner'`, [
        partner.id,
      ]);
      expect(owners).toHaveLength(1);
    }
  });
});
