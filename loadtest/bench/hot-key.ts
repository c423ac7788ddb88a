// A key with finite limits that a benchmark does not reach.

import pg from 'pg';
import type { Stack } from '../../src/dev/stack.ts';

/** The demo's enterprise key, its limits raised. */
export async function hotKey({ databaseUrl, demo }: Pick<Stack, 'databaseUrl' | 'demo'>): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `UPDATE partner SET rate_limit_per_second = 100000, rate_limit_per_day = 100000000,
       rate_limit_per_month = 1000000000, custom_limits = true WHERE id = $1`,
    [demo.enterprisePartner.id],
  );
  await client.query(
    `UPDATE api_key_quotas SET burst_limit = 1000000, sustained_limit = 6000000, daily_quota = 100000000
     WHERE key_id IN (SELECT key_id FROM api_key WHERE partner_id = $1)`,
    [demo.enterprisePartner.id],
  );
  await client.end();
  return demo.keys.enterprise;
}
