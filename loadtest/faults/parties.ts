// The partners whose calls are under way while something is broken: new ones for each fault, so that what is counted of
// them is what that fault saw.

import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { insertKey } from '../../src/dev/demo.ts';
import { newBearerKey } from '../../src/keys/key-format.ts';

/** `small` is refused at its rate and its day; `leased` is fast enough to be lent to; `unlimited` has no limit. */
export type Kind = 'small' | 'steady' | 'leased' | 'unlimited';

interface Plan {
  tier: string;
  second: number;
  day: number;
  keys: number;
  callsPerSecond: number;
}

export const PLANS = {
  small: { tier: 'free', second: 5, day: 60, keys: 1, callsPerSecond: 10 },
  steady: { tier: 'business', second: 50, day: 50_000, keys: 1, callsPerSecond: 12 },
  leased: { tier: 'enterprise', second: 1000, day: 100_000, keys: 2, callsPerSecond: 30 },
  unlimited: { tier: 'enterprise', second: -1, day: -1, keys: 1, callsPerSecond: 20 },
} as const satisfies Record<Kind, Plan>;

export interface PartyKey {
  id: string;
  secret: string;
}

export interface Party {
  kind: Kind;
  partnerId: string;
  keys: PartyKey[];
}

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

async function addKey(client: pg.Client, partnerId: string): Promise<PartyKey> {
  const secret = newBearerKey('live', random);
  await insertKey(client, { partnerId, environment: 'live', name: 'Faults', secret });
  const { rows } = await client.query(
    'SELECT id FROM api_key WHERE partner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1',
    [partnerId],
  );
  return { id: String(rows[0].id), secret };
}

async function addParty(client: pg.Client, kind: Kind): Promise<Party> {
  const partnerId = uuidv7();
  const { tier, second, day, keys: count } = PLANS[kind];
  await client.query(
    `INSERT INTO partner (id, name, email, tier, status, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
     VALUES ($1, $2, $3, $4, 'active', $5, $6, -1)`,
    [partnerId, `Faults ${kind}`, `${partnerId}@example.com`, tier, second, day],
  );
  const keys: PartyKey[] = [];
  for (let i = 0; i < count; i++) keys.push(await addKey(client, partnerId));
  return { kind, partnerId, keys };
}

export async function addParties(databaseUrl: string): Promise<Party[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const parties: Party[] = [];
    for (const kind of ['small', 'steady', 'leased', 'unlimited'] as const)
      parties.push(await addParty(client, kind));
    return parties;
  } finally {
    await client.end();
  }
}

/** A key that is well-formed, and nobody's. */
export const strangersKey = (): string => newBearerKey('live', random);
