// `npm run bench`: CPU per request, throughput and latency of the whole pipeline against a bare Hono proxy (the floor)
// and against the floor plus one Durable Object call, in one run on workerd; and what 1,000 requests of a hot key cost
// in operations. Ratios within the run, because machines are noisy. `--json` prints one object.

import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import pg from 'pg';
import { bundle } from '../src/dev/runtime.ts';
import { type Stack, startStack } from '../src/dev/stack.ts';

const json = process.argv.includes('--json');
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 2000);
const CONCURRENCY = 16;
const PATH = '/v2/stops/x/departures';
const TICKS_A_SECOND = 100;

const say = (text: string): void => {
  if (!json) console.log(text);
};
const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Processes called workerd that this process started. */
function workerds(): number[] {
  if (!existsSync('/proc/self/stat'))
    throw new Error('CPU per request is read from /proc: run the benchmark on Linux');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return (
          stat.includes('(workerd)') &&
          Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]) === process.pid
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** CPU seconds, user and system, that a process has used. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

interface Target {
  name: string;
  url: string;
  pid: number;
  key?: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

function ask({ url, key }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const headers = key ? { authorization: `Bearer ${key}` } : {};
    const sent = httpRequest(url, { agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${url}: status ${response.statusCode}`));
        else resolve(performance.now() - startedMs);
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function load(target: Target, requests: number, concurrency: number) {
  const latencies: number[] = [];
  const cpuBefore = cpuSeconds(target.pid);
  const startedMs = performance.now();
  let left = requests;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) latencies.push(await ask(target));
    }),
  );
  const elapsedMs = performance.now() - startedMs;
  return {
    cpuMs: ((cpuSeconds(target.pid) - cpuBefore) * 1000) / requests,
    perSecond: (requests * 1000) / elapsedMs,
    p50Ms: median(latencies),
  };
}

/** A partner with finite limits that the benchmark does not reach, and a key of its own. */
async function hotKey(stack: Stack): Promise<string> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query(
    `UPDATE partner SET rate_limit_per_second = 100000, rate_limit_per_day = 100000000, rate_limit_per_month = 1000000000, custom_limits = true WHERE id = $1`,
    [stack.demo.enterprisePartner.id],
  );
  await client.query(
    `UPDATE api_key_quotas SET burst_limit = 1000000, sustained_limit = 6000000, daily_quota = 100000000
     WHERE key_id IN (SELECT key_id FROM api_key WHERE partner_id = $1)`,
    [stack.demo.enterprisePartner.id],
  );
  await client.end();
  return stack.demo.keys.enterprise;
}

async function startFloor(upstream: string): Promise<Miniflare> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'floor',
      modules: [{ type: 'ESModule', path: 'floor.mjs', contents: await bundle('loadtest/floor-worker.ts') }],
      compatibilityDate: '2026-10-15',
      durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
      bindings: { UPSTREAM_ORIGIN: upstream },
      host: '127.0.0.1',
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** Starts something, and says which workerd came with it. */
async function withPid<T>(start: () => Promise<T>): Promise<[T, number]> {
  const before = new Set(workerds());
  const started = await start();
  const pid = workerds().find((each) => !before.has(each));
  if (pid === undefined) throw new Error('no workerd was started');
  return [started, pid];
}

async function measure(upstream: string) {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'));
  const [floor, floorPid] = await withPid(() => startFloor(upstream));
  const [stack, pid] = await withPid(() =>
    startStack({ folder, port: 0, variables: { UPSTREAM_ORIGIN: upstream } }),
  );
  const key = await hotKey(stack);
  const floorUrl = (await floor.ready).origin;
  const targets: Target[] = [
    { name: 'floor', url: `${floorUrl}/floor${PATH}`, pid: floorPid },
    { name: 'floor + object', url: `${floorUrl}/object${PATH}`, pid: floorPid },
    { name: 'pipeline', url: stack.url + PATH, pid, key },
  ];
  const results = new Map(
    targets.map(({ name }) => [
      name,
      { cpuMs: [] as number[], perSecond: [] as number[], p50Ms: [] as number[] },
    ]),
  );
  try {
    for (const target of targets) await load(target, REQUESTS, CONCURRENCY);
    for (let round = 0; round < ROUNDS; round++) {
      for (const target of targets) {
        const loaded = await load(target, REQUESTS, CONCURRENCY);
        const alone = await load(target, Math.ceil(REQUESTS / 5), 1);
        const result = results.get(target.name);
        result?.cpuMs.push(loaded.cpuMs);
        result?.perSecond.push(loaded.perSecond);
        result?.p50Ms.push(alone.p50Ms);
        say(
          `  round ${round + 1}  ${target.name.padEnd(15)} ${(loaded.cpuMs * 1000).toFixed(0).padStart(5)} µs CPU  ${loaded.perSecond.toFixed(0).padStart(5)}/s  p50 ${alone.p50Ms.toFixed(2)} ms`,
        );
      }
    }
  } finally {
    await floor.dispose();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const ratio = (figure: 'cpuMs' | 'perSecond' | 'p50Ms', to: string): number => {
    const ours = results.get('pipeline')?.[figure] ?? [];
    const theirs = results.get(to)?.[figure] ?? [];
    return Number(median(ours.map((value, i) => value / (theirs[i] || Number.NaN))).toFixed(3));
  };
  return ratio;
}

/** Operations for each request of a hot key, counted by wrapping the bindings. */
async function count(upstream: string) {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'));
  const stack = await startStack({
    folder,
    port: 0,
    entry: 'test/support/test-worker.ts',
    variables: { UPSTREAM_ORIGIN: upstream },
  });
  try {
    const target = { name: 'counted', url: stack.url + PATH, pid: process.pid, key: await hotKey(stack) };
    const counters = async () => ({
      ...((await (await fetch(`${stack.url}/__test`)).json()) as Record<string, number>),
      statements: stack.endpoint.statements(),
    });
    await load(target, 200, CONCURRENCY);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const before: Record<string, number> = await counters();
    const requests = 5000;
    await load(target, requests, CONCURRENCY);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const after: Record<string, number> = await counters();
    const each = (name: string): number => ((after[name] ?? 0) - (before[name] ?? 0)) / requests;
    return {
      objectCalls: each('objectCalls'),
      rowsWritten: each('rowsWritten'),
      kvReads: each('kvReads'),
      queueMessages: each('queueMessages'),
      postgresStatements: each('statements'),
    };
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const upstream = fork(fileURLToPath(new URL('bench-upstream.ts', import.meta.url).href), {
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const origin = await new Promise<string>((resolve, reject) => {
  upstream.stdout?.once('data', (data) => resolve(String(data).trim()));
  upstream.once('exit', () => reject(new Error('the upstream did not start')));
});
try {
  say(`${ROUNDS} rounds of ${REQUESTS} requests at concurrency ${CONCURRENCY}, in turn, on workerd:`);
  const ratio = await measure(origin);
  const perRequest = await count(origin);
  const result = {
    cpuRatioToFloor: ratio('cpuMs', 'floor'),
    p50RatioToFloor: ratio('p50Ms', 'floor'),
    throughputRatioToFloor: ratio('perSecond', 'floor'),
    cpuRatioToFloorPlusObject: ratio('cpuMs', 'floor + object'),
    p50RatioToFloorPlusObject: ratio('p50Ms', 'floor + object'),
    perRequest,
  };
  if (json) console.log(JSON.stringify(result));
  else {
    say(`
                         to the floor   to the floor + one object call
  CPU per request        ${String(result.cpuRatioToFloor).padEnd(15)}${result.cpuRatioToFloorPlusObject}
  p50 latency            ${String(result.p50RatioToFloor).padEnd(15)}${result.p50RatioToFloorPlusObject}
  throughput             ${result.throughputRatioToFloor}

  For 1,000 requests of a hot key:`);
    for (const [name, value] of Object.entries(perRequest))
      say(`  ${name.padEnd(20)} ${(value * 1000).toFixed(1)}`);
  }
} finally {
  upstream.kill();
}
process.exit(0);
