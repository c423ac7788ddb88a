// `npm run million`: a million events through the real consumer into a real PostgreSQL, 5 % of the messages sent twice and
// the consumer killed at every step. What was admitted must be what is folded, to the unit. `-- --json` for one object;
// EVENTS=100000 for a quick look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { freePort } from '../src/dev/files.ts';
import { migrate } from '../src/dev/migrate.ts';
import { startNeonEndpoint } from '../src/dev/neon-endpoint.ts';
import { type LocalPostgres, startPostgres } from '../src/dev/postgres.ts';
import { openDatabase } from '../src/platform/database.ts';
import { createUsageStore } from '../src/usage/usage-store.ts';
import { manyMessages, PARTNERS } from './many-messages.ts';
import { drain } from './mortal-queue.ts';

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const MOST_SECONDS = 60;
const MOST_STATEMENTS = 200;
const isJson = process.argv.includes('--json');

interface Sums {
  events: string;
  rollups: string;
  daily: string;
  monthly: string;
}

async function countedUnits(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<Sums>(
    `SELECT (SELECT sum(units) FROM api_usage_events) AS events, (SELECT sum(units) FROM api_usage_rollups_day) AS rollups,
       (SELECT sum(units) FROM quota_usage WHERE period_type = 'daily') AS daily,
       (SELECT sum(units) FROM quota_usage WHERE period_type = 'monthly') AS monthly`,
  );
  const [sums] = rows;
  return [sums?.events, sums?.rollups, sums?.daily, sums?.monthly].map(Number);
}

/** As a provider sets a small server; PostgreSQL's defaults are for a machine of long ago. */
async function tune({ url, stop, start }: LocalPostgres): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const setting of ["shared_buffers = '512MB'", "max_wal_size = '4GB'"])
    await client.query(`ALTER SYSTEM SET ${setting}`);
  await client.end();
  await stop();
  await start();
}

const folder = mkdtempSync(join(tmpdir(), 'passerelle-million-'));
const postgres = await startPostgres({
  folder: join(folder, 'postgres'),
  port: await freePort(),
  database: 'passerelle',
  isThrowaway: true,
});
try {
  await tune(postgres);
  await migrate(postgres.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  for (const id of PARTNERS)
    await client.query(
      `INSERT INTO partner (id, name, email, tier) VALUES ($1::uuid, 'Million', $1::uuid::text, 'enterprise')`,
      [id],
    );
  const endpoint = await startNeonEndpoint(postgres.url, {});
  const store = createUsageStore(openDatabase(postgres.url, endpoint.url));
  const { messages, admitted } = manyMessages(EVENTS, uuidv7);
  const startedMs = Date.now();
  const { duplicated, killed, statements } = await drain(messages, store);
  const seconds = (Date.now() - startedMs) / 1000;
  const counted = await countedUnits(client);
  const error = counted.reduce((sum, units) => sum + Math.abs(admitted - units), 0);
  const result = { events: EVENTS, duplicated, error, seconds, statements };
  if (isJson) console.log(JSON.stringify(result));
  else console.log(result, { admitted, counted, killed });
  process.exitCode = error === 0 && seconds <= MOST_SECONDS && statements <= MOST_STATEMENTS ? 0 : 1;
  await endpoint.close();
  await client.end();
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
