// `npm run growth`: fills a real PostgreSQL with ten million events of 100,000 keys, and has Postgres explain every statement
// that the real Worker sends while a developer looks at the pages of usage, calls are folded and the nightly comparison
// runs. None may read a large table whole, nor more of one than it is about. Then fills an isolate with keys, and looks at its
// memory. `-- --events 1000000` for fewer, `-- --memory` for that alone, `-- --isolate-keys 1000000` for more
// keys than 30,000, `-- --json` for one object. Some six minutes; a million keys take forty more.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { DAY_MS, isoDay } from '../src/core/time.ts';
import { startStack } from '../src/dev/stack.ts';
import { startExplainedEndpoint, WRITES_ONCE } from './growth/explained-endpoint.ts';
import { fill } from './growth/filled.ts';
import { measureIsolate } from './growth/isolate-memory.ts';
import { type Judgement, judge, type Table } from './growth/judge.ts';
import { callsAreFolded, nightly, pagesOfUsage } from './growth/visits.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    events: { type: 'string', default: '10000000' },
    keys: { type: 'string', default: '100000' },
    'isolate-keys': { type: 'string', default: '30000' },
  },
});
const EVENTS = Number(values.events);
const KEYS = Number(values.keys);
/** A batch of the queue. */
const FOLDED_AT_ONCE = 10_000;
/** A page's statement may look at what the partner has more than once. */
const LOOKS = 3;
/** The comparison of a day looks for its events from the day before to the day after. */
const COMPARED_SHARE = 4 / 30;

const say = (line: string): void => {
  if (!values.json) console.log(line);
};

async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; rows: number }>(
    `SELECT relname AS name, reltuples AS rows FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  return rows.map(({ name, rows: count }) => ({
    name,
    rows: count,
    family: name.replace(/_\d{4}_\d\d$|_default$/, ''),
  }));
}

/** Rows of a partner, by table: of those that have partners. */
async function ownRows(client: pg.Client, partnerId: string): Promise<Map<string, number>> {
  const own = new Map<string, number>();
  for (const table of ['api_usage_events', 'api_usage_rollups_day', 'api_key', 'quota_usage']) {
    const { rows } = await client.query(`SELECT count(*) AS own FROM ${table} WHERE partner_id = $1`, [
      partnerId,
    ]);
    own.set(table, Number(rows[0]?.own));
  }
  return own;
}

async function statements(): Promise<Judgement> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-growth-'));
  const endpoint = await startExplainedEndpoint();
  const stack = await startStack({
    folder,
    port: 0,
    isThrowaway: true,
    persist: false,
    variables: { NEON_ENDPOINT: endpoint.url },
  });
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  try {
    await client.connect();
    await endpoint.open(stack.endpoint.url, stack.databaseUrl);
    const startedMs = Date.now();
    const { partner } = stack.demo;
    await fill(client, { events: EVENTS, keys: KEYS, partnerId: partner.id });
    say(`${EVENTS} events of ${KEYS} keys made in ${Math.round((Date.now() - startedMs) / 1000)} s`);
    const { rows } = await client.query(
      `SELECT id, key_id FROM api_usage_events WHERE partner_id = $1 ORDER BY occurred_at DESC OFFSET 50 LIMIT 1`,
      [partner.id],
    );
    const own = await ownRows(client, partner.id);
    await endpoint.explainAs('pages');
    await pagesOfUsage(stack.url, rows[0].key_id, rows[0].id, isoDay(Date.now() - 2 * DAY_MS));
    await endpoint.explainAs(WRITES_ONCE);
    await callsAreFolded(stack);
    await endpoint.explainAs('nightly');
    await nightly(stack);
    await endpoint.explainAs(undefined);
    const tables = await tablesOf(client);
    const all = (family: string): number =>
      tables.reduce((sum, table) => (table.family === family ? sum + table.rows : sum), 0);
    return judge(endpoint.explained, tables, (stage, family) => {
      if (stage === 'pages') return (own.get(family) ?? 0) * LOOKS;
      return stage === WRITES_ONCE ? FOLDED_AT_ONCE : all(family) * COMPARED_SHARE;
    });
  } finally {
    await client.end().catch(() => undefined);
    await endpoint.close();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function show({ statements: count, seqScans, overread, most, slowestMs, slowest }: Judgement): void {
  say(`\n  ${count} statements, the slowest ${slowestMs} ms: ${slowest}`);
  for (const { stage, table, rows, statement } of most)
    say(`  most rows read, ${stage}: ${rows} of ${table}: ${statement}`);
  for (const { stage, table, statement } of seqScans) say(`  READS ${table} WHOLE, ${stage}: ${statement}`);
  for (const { stage, table, rows, statement } of overread)
    say(`  READS TOO MUCH, ${stage}: ${rows} of ${table}: ${statement}`);
}

const judged = values.memory ? undefined : await statements();
if (judged) show(judged);
const memory = await measureIsolate(Number(values['isolate-keys']), say);
const isGood = memory.isBounded && (!judged || judged.seqScans.length + judged.overread.length === 0);
if (values.json)
  console.log(JSON.stringify({ ...(judged && { events: EVENTS, keys: KEYS, ...judged }), memory }));
process.exit(isGood ? 0 : 1);
