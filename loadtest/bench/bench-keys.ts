// Keys of the demo with the limits that a benchmark wants. To be called before they are used: nobody is told.

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Stack } from '../../src/dev/stack.ts';
import { newBearerKey } from '../../src/keys/key-format.ts';

type Place = Pick<Stack, 'databaseUrl' | 'demo'>;

/** `second`: calls a second; the bucket holds one second of it. */
async function setLimits(databaseUrl: string, partnerId: string, second: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `UPDATE partner SET rate_limit_per_second = $2, rate_limit_per_day = 100000000,
       rate_limit_per_month = 1000000000, custom_limits = true WHERE id = $1`,
    [partnerId, second],
  );
  await client.query(
    `UPDATE api_key_quotas SET burst_limit = $2::int, sustained_limit = $2::int * 60, daily_quota = 100000000
     WHERE key_id IN (SELECT key_id FROM api_key WHERE partner_id = $1)`,
    [partnerId, second],
  );
  await client.end();
}

/** A key with finite limits that a benchmark does not reach. */
export async function hotKey({ databaseUrl, demo }: Place): Promise<string> {
  await setLimits(databaseUrl, demo.enterprisePartner.id, 100_000);
  return demo.keys.enterprise;
}

/** A key that may call this often a second. */
export async function limitedKey({ databaseUrl, demo }: Place, second: number): Promise<string> {
  await setLimits(databaseUrl, demo.partner.id, second);
  return demo.keys.live;
}

/** What is shown of the keys below. */
export const BENCH_PREFIX = 'pk_live_bench';

/** So many more live keys of the hot key's partner, with the limits of its tier. */
export async function moreKeys({ databaseUrl, demo }: Place, count: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const keys = Array.from({ length: count }, () => newBearerKey('live', randomBytes));
  await client.query(
    `INSERT INTO api_key (id, partner_id, key_id, key_hash, key_prefix, name, scopes)
     SELECT id, $1, id::text, encode(sha256(secret::bytea), 'hex'), $3, 'Bench', ARRAY['read:stops']
     FROM (SELECT gen_random_uuid() AS id, unnest($2::text[]) AS secret) key`,
    [demo.enterprisePartner.id, keys, BENCH_PREFIX],
  );
  await client.end();
  return keys;
}

/** What is left of such a day is so little that nothing is lent of it. */
export const UNLENT_A_DAY = 3900;

/** Such keys whose every call is decided by their object, UNLENT_A_DAY times. */
export async function unlentKeys(place: Place, count: number): Promise<string[]> {
  const keys = await moreKeys(place, count);
  const client = new pg.Client({ connectionString: place.databaseUrl });
  await client.connect();
  await client.query(
    `UPDATE api_key_quotas SET burst_limit = 100000, sustained_limit = 6000000, daily_quota = $2
     WHERE key_id IN (SELECT key_id FROM api_key
       WHERE key_hash IN (SELECT encode(sha256(secret::bytea), 'hex') FROM unnest($1::text[]) secret))`,
    [keys, UNLENT_A_DAY],
  );
  await client.end();
  return keys;
}
