// `npm run count`: bursts and pauses against a running `npm start`, and after each, whether every place that shows a count
// shows the same one. `-- --json` prints one object. Reads `.local/demo.json` (PASSERELLE_FOLDER: another folder's).

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { insertKey } from '../src/dev/demo.ts';
import { openIssuer } from '../src/dev/issuer.ts';
import { readLocalSettings } from '../src/dev/settings.ts';
import { newBearerKey } from '../src/keys/key-format.ts';
import { differences, openReader, type Subject } from './one-count/numbers.ts';

const BURSTS = [1, 5, 6, 10, 13, 24, 100, 200];
const GAPS_MS = [30, 0];
/** After quiet of five seconds the numbers are read; then the pause goes on, past the moment at which objects are evicted. */
const QUIET_MS = 5000;
const PAUSES_MS = [1000, 5000, 12_000, 20_000];
const PATH = '/v2/routes/list';

const isJson = process.argv.includes('--json');
const say = (line: string) => {
  if (!isJson) console.log(line);
};
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const { folder } = readLocalSettings(process.env);
const file = join(folder, 'demo.json');
if (!existsSync(file)) throw new Error(`${file} is not there: run npm start first, and leave it running`);
const demo = JSON.parse(readFileSync(file, 'utf8'));
const client = new pg.Client({ connectionString: demo.databaseUrl });
await client.connect();
const issuer = await openIssuer(join(folder, 'issuer.json'));

/** A partner whose rate is not limited, on a plan of its own. */
async function customPlan(): Promise<{ partnerId: string; key: string }> {
  const partnerId = uuidv7();
  await client.query(
    `INSERT INTO partner (id, name, email, tier, status, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
     VALUES ($1, 'Custom', $2, 'enterprise', 'active', -1, 100000, 1000000)`,
    [partnerId, `${partnerId}@example.com`],
  );
  const key = newBearerKey('live', (length) => crypto.getRandomValues(new Uint8Array(length)));
  await insertKey(client, {
    partnerId,
    environment: 'live',
    name: 'Count',
    secret: key,
    scopes: ['read:routes'],
  });
  return { partnerId, key };
}

const shared = {
  url: demo.url as string,
  client,
  tokenOf: (claims: { sub: string; email: string }) => issuer.token(claims),
};
const subjects: Record<string, Subject> = {
  test: { ...shared, partnerId: demo.partner.id, environment: 'test', key: demo.keys.test },
  business: { ...shared, partnerId: demo.partner.id, environment: 'live', key: demo.keys.live },
  enterprise: {
    ...shared,
    partnerId: demo.enterprisePartner.id,
    environment: 'live',
    key: demo.keys.enterprise,
  },
  custom: { ...shared, ...(await customPlan()), environment: 'live' },
};

interface Seen {
  admitted: number;
  refused: number;
  /** Lowest Remaining-Day of the burst; NaN where the day is unlimited. */
  remaining: number;
}

async function burst({ url, key }: Subject, calls: number, gapMs: number): Promise<Seen> {
  const answers: Promise<Response>[] = [];
  for (let i = 0; i < calls; i++) {
    answers.push(fetch(url + PATH, { headers: { authorization: `Bearer ${key}` } }));
    if (gapMs > 0) await sleep(gapMs);
  }
  const all = await Promise.all(answers);
  await Promise.all(all.map((answer) => answer.arrayBuffer()));
  const remaining = all.map(({ headers }) => Number(headers.get('x-ratelimit-remaining-day')));
  const lowest = Math.min(...remaining.filter((left) => left >= 0));
  return {
    admitted: all.filter(({ status }) => status === 200).length,
    refused: all.filter(({ status }) => status === 429).length,
    remaining: Number.isFinite(lowest) ? lowest : Number.NaN,
  };
}

async function run(name: string, subject: Subject) {
  const reader = await openReader(subject);
  const before = await reader.read();
  const admitted = { day: before.quota_usage ?? 0, month: before['quota_usage, month'] ?? 0 };
  const problems = differences(before, admitted).map((problem) => `before: ${problem}`);
  let remaining = Number.NaN;
  let bursts = 0;
  let calls = 0;
  for (const gapMs of GAPS_MS) {
    for (const [i, size] of BURSTS.entries()) {
      const seen = await burst(subject, size, gapMs);
      await sleep(QUIET_MS);
      admitted.day += seen.admitted;
      admitted.month += seen.admitted;
      calls += seen.admitted;
      bursts++;
      const found = differences(await reader.read(), admitted);
      if (remaining - seen.remaining !== seen.admitted && !Number.isNaN(remaining) && seen.admitted > 0)
        found.push(`Remaining-Day fell by ${remaining - seen.remaining}, admitted ${seen.admitted}`);
      if (!Number.isNaN(seen.remaining)) remaining = seen.remaining;
      const where = `${name}: ${size} calls ${gapMs} ms apart`;
      say(
        `${found.length === 0 ? 'ok     ' : 'DIFFERS'} ${where}, ${seen.admitted} admitted, ${seen.refused} refused`,
      );
      problems.push(...found.map((problem) => `${where}: ${problem}`));
      await sleep(Math.max(0, (PAUSES_MS[(i + bursts) % PAUSES_MS.length] ?? 0) - QUIET_MS));
    }
  }
  return { bursts, calls, places: Object.keys(before).length, problems };
}

try {
  const results = await Promise.all(Object.entries(subjects).map(([name, subject]) => run(name, subject)));
  const sum = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((total, each) => total + of(each), 0);
  const problems = results.flatMap((result) => result.problems);
  const result = {
    plans: results.length,
    bursts: sum(({ bursts }) => bursts),
    admitted: sum(({ calls }) => calls),
    places: Math.max(...results.map(({ places }) => places)),
    differences: problems.length,
    problems: problems.slice(0, 20),
  };
  console.log(isJson ? JSON.stringify(result) : result);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await client.end();
}
