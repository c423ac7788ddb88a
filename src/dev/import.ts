// `npm run import -- --from <postgres url> [--dry-run]`: moves partners, keys, tiers and the running month's use from a
// database of the original into DATABASE_URL, and says what was refused. The Worker tells its limiters of the use within a
// minute; this waits until it has.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { DOCUMENTS } from '../brand/brand.ts';
import { loadCatalog } from '../catalog/catalog.ts';
import { importReport } from '../partners/import-report.ts';
import { readOriginal } from './import-source.ts';
import { writeOriginal } from './import-target.ts';

export interface ImportRun {
  from: string;
  to: string;
  isDryRun: boolean;
  nowMs: number;
}

/** The report. @throws when a database cannot be reached, or is not what it should be: nothing was written then */
export async function importOriginal({ from, to, isDryRun, nowMs }: ImportRun): Promise<string> {
  const original = await readOriginal(from);
  const catalog = loadCatalog(DOCUMENTS);
  const scopes = [...catalog.scopes, 'keys:write'];
  const scopesOfAll = [...catalog.keyScopes.first, 'keys:write'];
  const { plan, failed } = await writeOriginal(original, { url: to, scopes, scopesOfAll, nowMs, isDryRun });
  return importReport(plan, failed, isDryRun);
}

const UNTOLD_EVERY_MS = 2000;
/** The job runs each minute; a deployment of this moment may take longer to begin. */
const UNTOLD_MAX_MS = 3 * 60_000;

async function untold(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query('SELECT 1 FROM imported_usage WHERE told_units <> units')).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

async function waitUntilTold(url: string): Promise<void> {
  const endsMs = Date.now() + UNTOLD_MAX_MS;
  if ((await untold(url)) > 0) console.log('\nWaiting for the Worker to tell its limiters of the use …');
  while ((await untold(url)) > 0) {
    if (Date.now() > endsMs) {
      console.log(
        'They were not told yet. Is the Worker deployed? Until they were, limits do not know of the use.',
      );
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, UNTOLD_EVERY_MS));
  }
  console.log('\nThe limiters know of all use that was imported.');
}

function readArguments(): { from: string; isDryRun: boolean } {
  const { values } = parseArgs({ options: { from: { type: 'string' }, 'dry-run': { type: 'boolean' } } });
  if (!values.from) throw new Error('Say where from: npm run import -- --from <postgres url> [--dry-run]');
  return { from: values.from, isDryRun: values['dry-run'] === true };
}

async function main(): Promise<void> {
  const { from, isDryRun } = readArguments();
  const to = process.env.DATABASE_URL;
  if (!to)
    throw new Error(
      'Set DATABASE_URL to the database to import into, as its owner: the one that you migrate.',
    );
  console.log(await importOriginal({ from, to, isDryRun, nowMs: Date.now() }));
  if (!isDryRun) await waitUntilTold(to);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main().catch((error: Error) => {
    console.error(`Nothing was imported. ${error.message}`);
    process.exit(1);
  });
