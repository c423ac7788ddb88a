// `npm run bench`: CPU per request and latency of the whole gateway against a bare Hono proxy (the floor) and against the
// floor plus one Durable Object call, in one run on workerd itself: of a hot key, and of keys whose every call is decided by
// their object; and what a request of a hot key costs in operations.
// `-- --peers`: what somebody would use instead, in the same run, and the worst second of each. `-- --neighbours`: what a
// partner notices of another that floods. `-- --startup`: what an isolate costs before it answers. `-- --routes`: what a catalogue of
// 2,000 routes costs a call. `-- --tokens`: what a warm access token costs beside a warm key. `-- --parts`: which files a hot call's
// time goes to. Ratios within the run, because machines are noisy. `-- --json` prints one object.

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UNLENT_A_DAY } from './bench/bench-keys.ts';
import { type BareGateway, LIMIT, startFloor, startGateway } from './bench/gateway.ts';
import { measureRoutes } from './bench/many-routes.ts';
import { measureNeighbours } from './bench/neighbours.ts';
import { countOperations } from './bench/operations.ts';
import { measureParts } from './bench/parts.ts';
import { measurePeers } from './bench/peers-beside.ts';
import {
  CONCURRENCY,
  measure,
  requestsInAll,
  startGenerator,
  startUpstream,
  type Target,
} from './bench/rounds.ts';
import { measureStartUp } from './bench/startup.ts';
import { measureTokens } from './bench/tokens.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    neighbours: { type: 'boolean', default: false },
    startup: { type: 'boolean', default: false },
    routes: { type: 'boolean', default: false },
    tokens: { type: 'boolean', default: false },
    parts: { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 4000);
const PATH = '/v2/stops/x/departures';

if (!existsSync('/proc/self/stat'))
  throw new Error('CPU per request is read from /proc: run the benchmark on Linux');

const say = (line: string): void => {
  if (!values.json) console.log(line);
};

const upstream = await startUpstream();
const generator = startGenerator();
const options = { rounds: ROUNDS, requests: REQUESTS, say };

async function besideTheFloor(): Promise<object> {
  const floor = await startFloor(upstream.origin);
  const unlent = Math.ceil((1.25 * requestsInAll(options)) / UNLENT_A_DAY);
  const gateway = await startGateway(upstream.origin, { unlent });
  const targets: Target[] = [
    { name: 'floor', url: `${floor.url}/floor${PATH}`, cpuSeconds: floor.cpuSeconds },
    { name: 'floor + object', url: `${floor.url}/object${PATH}`, cpuSeconds: floor.cpuSeconds },
    { name: 'gateway', url: gateway.url + PATH, cpuSeconds: gateway.cpuSeconds, key: gateway.key },
    {
      name: 'gateway, exact',
      url: gateway.url + PATH,
      cpuSeconds: gateway.cpuSeconds,
      key: gateway.unlentKeys,
    },
  ];
  say(`${ROUNDS} rounds of ${REQUESTS} requests at concurrency ${CONCURRENCY}, in turn, on workerd:`);
  try {
    if (!values.peers) return await againstTheFloor(targets, gateway);
    const of = { upstream: upstream.origin, path: PATH, limit: LIMIT, gateway, targets, generator, options };
    return { peers: await measurePeers(of) };
  } finally {
    await gateway.stop();
    await floor.stop();
  }
}

async function againstTheFloor(targets: readonly Target[], gateway: BareGateway): Promise<object> {
  const rounds = await measure(targets, generator, options);
  await gateway.stop();
  const perRequest = await countOperations(upstream.origin, PATH, generator);
  say('\n                      CPU µs   to the floor   p50    p99');
  for (const { name } of targets) {
    const ratios = (['cpuMicros', 'p50Ms', 'p99Ms'] as const).map((figure) =>
      rounds.ratio(name, 'floor', figure),
    );
    say(
      `  ${name.padEnd(18)} ${String(Math.round(rounds.of(name, 'cpuMicros'))).padStart(7)}   ${ratios.join('   ')}`,
    );
  }
  say('\n  For 1,000 requests of a hot key:');
  for (const [name, each] of Object.entries(perRequest))
    say(`  ${name.padEnd(20)} ${(each * 1000).toFixed(1)}`);
  return {
    cpuRatioToFloor: rounds.ratio('gateway', 'floor', 'cpuMicros'),
    exactCpuRatioToFloor: rounds.ratio('gateway, exact', 'floor', 'cpuMicros'),
    p50RatioToFloor: rounds.ratio('gateway', 'floor', 'p50Ms'),
    p99RatioToFloor: rounds.ratio('gateway', 'floor', 'p99Ms'),
    cpuRatioToFloorPlusObject: rounds.ratio('gateway', 'floor + object', 'cpuMicros'),
    cpuMicros: Object.fromEntries(
      targets.map(({ name }) => [name, Math.round(rounds.of(name, 'cpuMicros'))]),
    ),
    perRequest,
  };
}

try {
  const result = values.neighbours
    ? { neighbours: await measureNeighbours(upstream.origin, PATH, generator, say) }
    : values.startup
      ? { startup: await measureStartUp(upstream.origin, say) }
      : values.routes
        ? { routes: await measureRoutes(upstream.origin, PATH, generator, options) }
        : values.tokens
          ? { tokens: await measureTokens(upstream.origin, PATH, generator, options) }
          : values.parts
            ? await measureParts(upstream.origin, PATH, generator, say)
            : await besideTheFloor();
  if (values.json) console.log(JSON.stringify(result));
} finally {
  generator.stop();
  upstream.stop();
}
process.exit(0);
