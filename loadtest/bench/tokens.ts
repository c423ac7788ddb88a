// What a warm access token costs a call beside a warm key: two live keys of one partner, one of them an OAuth client.

import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { newClientId, newClientSecret } from '../../src/keys/key-format.ts';
import { type BareGateway, startGateway } from './gateway.ts';
import { type Generator, measure, type RoundsOptions } from './rounds.ts';

/** A client of the hot key's partner, with its limits, and a token that it got at the token endpoint. */
async function tokenOf({ url, databaseUrl, key }: BareGateway): Promise<string> {
  const [id, secret] = [newClientId('live', randomBytes), newClientSecret('live', randomBytes)];
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO api_key (partner_id, key_id, kind, key_hash, key_prefix, name, scopes)
     SELECT partner_id, $1, 'oauth', $2, 'os_live_bench', 'Bench', scopes FROM api_key WHERE key_hash = $3`,
    [id, hash(secret), hash(key)],
  );
  await client.query(
    `UPDATE api_key_quotas q SET burst_limit = k.burst_limit, sustained_limit = k.sustained_limit, daily_quota = k.daily_quota
     FROM api_key_quotas k JOIN api_key a ON a.key_id = k.key_id WHERE a.key_hash = $2 AND q.key_id = $1`,
    [id, hash(key)],
  );
  await client.end();
  const answer = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token, error_description } = (await answer.json()) as Record<string, string | undefined>;
  if (access_token === undefined) throw new Error(`no token: ${answer.status} ${error_description}`);
  return access_token;
}

export async function measureTokens(
  upstream: string,
  path: string,
  generator: Generator,
  options: RoundsOptions,
): Promise<object> {
  const gateway = await startGateway(upstream);
  try {
    const { url, key, cpuSeconds } = gateway;
    const target = (name: string, credential: string) => ({
      name,
      url: url + path,
      key: credential,
      cpuSeconds,
    });
    const targets = [target('key', key), target('token', await tokenOf(gateway))];
    const rounds = await measure(targets, generator, options);
    const result = {
      cpuRatioToKey: rounds.ratio('token', 'key', 'cpuMicros'),
      p50RatioToKey: rounds.ratio('token', 'key', 'p50Ms'),
    };
    options.say(`  a warm token, to a warm key: CPU ${result.cpuRatioToKey}, p50 ${result.p50RatioToKey}`);
    return result;
  } finally {
    await gateway.stop();
  }
}
