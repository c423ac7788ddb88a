// `npm run bench`: CPU per request and latency of the whole gateway against a bare Hono proxy (the floor) and against the
// floor plus one Durable Object call, in one run on workerd itself; and what a request of a hot key costs in operations.
// Ratios within the run, because machines are noisy. `-- --json` prints one object.

import { existsSync } from 'node:fs';
import { startFloor, startGateway } from './bench/gateway.ts';
import { countOperations } from './bench/operations.ts';
import { CONCURRENCY, measure, startGenerator, startUpstream, type Target } from './bench/rounds.ts';

const isJson = process.argv.includes('--json');
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 4000);
const PATH = '/v2/stops/x/departures';

if (!existsSync('/proc/self/stat'))
  throw new Error('CPU per request is read from /proc: run the benchmark on Linux');

const say = (line: string): void => {
  if (!isJson) console.log(line);
};

const upstream = await startUpstream();
const generator = startGenerator();
const floor = await startFloor(upstream.origin);
const gateway = await startGateway(upstream.origin);
try {
  const targets: Target[] = [
    { name: 'floor', url: `${floor.url}/floor${PATH}`, process: floor },
    { name: 'floor + object', url: `${floor.url}/object${PATH}`, process: floor },
    { name: 'gateway', url: gateway.url + PATH, process: gateway, key: gateway.key },
  ];
  say(`${ROUNDS} rounds of ${REQUESTS} requests at concurrency ${CONCURRENCY}, in turn, on workerd:`);
  const rounds = await measure(targets, generator, { rounds: ROUNDS, requests: REQUESTS, say });
  await gateway.stop();
  const perRequest = await countOperations(upstream.origin, PATH, generator);
  const result = {
    cpuRatioToFloor: rounds.ratio('gateway', 'floor', 'cpuMicros'),
    p50RatioToFloor: rounds.ratio('gateway', 'floor', 'p50Ms'),
    p99RatioToFloor: rounds.ratio('gateway', 'floor', 'p99Ms'),
    cpuRatioToFloorPlusObject: rounds.ratio('gateway', 'floor + object', 'cpuMicros'),
    cpuMicros: Object.fromEntries(
      targets.map(({ name }) => [name, Math.round(rounds.of(name, 'cpuMicros'))]),
    ),
    perRequest,
  };
  if (isJson) console.log(JSON.stringify(result));
  else {
    say('\n                     CPU µs   to the floor   p50 to the floor   p99 to the floor');
    for (const { name } of targets)
      say(
        `  ${name.padEnd(18)} ${rounds.of(name, 'cpuMicros').toFixed(0).padStart(6)}   ${(['cpuMicros', 'p50Ms', 'p99Ms'] as const).map((figure) => String(rounds.ratio(name, 'floor', figure)).padEnd(16)).join(' ')}`,
      );
    say('\n  For 1,000 requests of a hot key:');
    for (const [name, each] of Object.entries(perRequest))
      say(`  ${name.padEnd(20)} ${(each * 1000).toFixed(1)}`);
  }
} finally {
  await floor.stop();
  generator.stop();
  upstream.stop();
}
process.exit(0);
