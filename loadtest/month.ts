// `npm run month`: a simulated month of a million calls over three partners; the totals of limiter, usage and invoices.
// CALLS=10000 for a quick look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../src/dev/files.ts';
import { migrate } from '../src/dev/migrate.ts';
import { startNeonEndpoint } from '../src/dev/neon-endpoint.ts';
import { startPostgres } from '../src/dev/postgres.ts';
import { openDatabase } from '../src/platform/database.ts';
import { disagreements, simulateMonth } from './simulated-month.ts';

const CALLS = Number(process.env.CALLS ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'passerelle-month-'));
const postgres = await startPostgres({
  folder: join(folder, 'postgres'),
  port: await freePort(),
  database: 'passerelle',
  isThrowaway: true,
});
try {
  await migrate(postgres.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const endpoint = await startNeonEndpoint(postgres.url, {});
  const partners = await simulateMonth({ client, database: openDatabase(postgres.url, endpoint.url) }, CALLS);
  console.table(
    partners.map(({ name, demanded, admitted, shown, billed, overage }) => ({
      partner: name,
      demanded,
      admitted,
      shown: shown.join(' '),
      billed,
      'overage units': overage.units,
      'overage cents': overage.minor,
    })),
  );
  const wrong = partners.flatMap(disagreements);
  console.log(wrong.length === 0 ? 'One number: admitted, shown and billed.' : wrong.join('\n'));
  process.exitCode = wrong.length === 0 ? 0 : 1;
  await endpoint.close();
  await client.end();
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
