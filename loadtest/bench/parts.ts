// Where the time of a hot call goes: a CPU profile of the whole Worker on workerd itself, by the files that its time is spent in.
// What a file asks of the runtime counts as its own (`fetch` in forward.ts). Profiling costs time itself: the shares are of the
// profile, the sum is of a load without one.

import { SourceMap } from 'node:module';
import { build } from 'esbuild';
import { bundleOptions } from '../../src/dev/runtime.ts';
import { GATEWAY_OPTIONS, startGateway } from './gateway.ts';
import { CONCURRENCY, type Generator } from './rounds.ts';

const REQUESTS = 10_000;
const SAMPLED_EVERY_MICROS = 100;
/** What is less stands with the rest, µs. */
const SHOWN_FROM = 0.5;

/** Of a profile (Chrome DevTools Protocol, `Profiler.ProfileNode`); lines and columns from 0. */
interface ProfileNode {
  id: number;
  callFrame: { functionName: string; lineNumber: number; columnNumber: number; url?: string };
  children?: number[];
}
interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

export interface Parts {
  /** CPU of a call, µs, without the profiler. */
  cpuMicros: number;
  /** µs by part, the largest first. */
  parts: Record<string, number>;
}

async function bundleWithMap(): Promise<{ text: string; map: SourceMap }> {
  const { outputFiles } = await build({
    ...bundleOptions(GATEWAY_OPTIONS.entry),
    sourcemap: 'external',
    outfile: 'worker.mjs',
  });
  const ending = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return { text: ending('.mjs'), map: new SourceMap(JSON.parse(ending('.map'))) };
}

/** Commands to the inspector of the Worker. */
async function inspect(address: string) {
  const targets = (await (await fetch(`http://${address}/json`)).json()) as {
    id: string;
    webSocketDebuggerUrl: string;
  }[];
  const target = targets.find(({ id }) => id === 'main');
  if (!target) throw new Error(`the inspector knows ${targets.map(({ id }) => id).join(', ')}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let commands = 0;
  return {
    send<Result>(method: string, params: object = {}): Promise<Result> {
      const id = ++commands;
      return new Promise((resolve) => {
        const hear = ({ data }: MessageEvent) => {
          const message = JSON.parse(String(data)) as { id?: number; result: Result };
          if (message.id !== id) return;
          socket.removeEventListener('message', hear);
          resolve(message.result);
        };
        socket.addEventListener('message', hear);
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.close(),
  };
}

/** The file that is bundled there, from the project's root. */
function sourceAt(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line, column);
  // Its types do not say what it holds.
  return 'originalSource' in entry ? String(entry.originalSource).replace(/^(\.\.\/)*/, '') : undefined;
}

const IDLE = 'idle';
/** For what the profiler names. */
const OUR_NAMES: Record<string, string> = {
  '(garbage collector)': 'garbage collection',
  '(idle)': IDLE,
};

/** µs by part, of one of so many calls. */
function timesOf({ nodes, samples, timeDeltas }: Profile, map: SourceMap, calls: number) {
  const partOf = new Map<number, string>();
  const visit = (node: ProfileNode, caller: string): void => {
    const { functionName, lineNumber, columnNumber, url } = node.callFrame;
    const source = url ? sourceAt(map, lineNumber, columnNumber) : undefined;
    const part = OUR_NAMES[functionName] ?? source ?? caller;
    partOf.set(node.id, part);
    for (const child of node.children ?? []) {
      const below = byId.get(child);
      if (below) visit(below, part);
    }
  };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  if (nodes[0]) visit(nodes[0], 'the runtime');
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const part = partOf.get(id) ?? 'the runtime';
    times.set(part, (times.get(part) ?? 0) + (timeDeltas[i] ?? 0) / calls);
  });
  times.delete(IDLE);
  return times;
}

export async function measureParts(
  upstream: string,
  path: string,
  generator: Generator,
  say: (line: string) => void,
): Promise<Parts> {
  const { text, map } = await bundleWithMap();
  const gateway = await startGateway(upstream, { inspected: text });
  try {
    const load = () =>
      generator.load({
        url: gateway.url + path,
        key: gateway.key,
        requests: REQUESTS,
        concurrency: CONCURRENCY,
      });
    // Until just-in-time compilation has settled.
    await load();
    await load();
    const before = gateway.cpuSeconds();
    await load();
    const cpuMicros = ((gateway.cpuSeconds() - before) * 1_000_000) / REQUESTS;
    const inspector = await inspect(gateway.inspector ?? '');
    await inspector.send('Profiler.enable');
    await inspector.send('Profiler.setSamplingInterval', { interval: SAMPLED_EVERY_MICROS });
    await inspector.send('Profiler.start');
    await load();
    const { profile } = await inspector.send<{ profile: Profile }>('Profiler.stop');
    inspector.close();
    return told(timesOf(profile, map, REQUESTS), cpuMicros, say);
  } finally {
    await gateway.stop();
  }
}

function told(times: Map<string, number>, cpuMicros: number, say: (line: string) => void): Parts {
  const sum = [...times.values()].reduce((all, micros) => all + micros, 0);
  const parts: Record<string, number> = {};
  let rest = 0;
  for (const [part, sampled] of [...times].sort(([, a], [, b]) => b - a)) {
    const micros = Number(((sampled * cpuMicros) / sum).toFixed(1));
    if (micros >= SHOWN_FROM) parts[part] = micros;
    else rest += micros;
  }
  parts['all else'] = Number(rest.toFixed(1));
  say(`  ${Math.round(cpuMicros)} µs a call, of which`);
  for (const [part, micros] of Object.entries(parts)) say(`  ${micros.toFixed(1).padStart(6)} µs  ${part}`);
  return { cpuMicros: Math.round(cpuMicros), parts };
}
