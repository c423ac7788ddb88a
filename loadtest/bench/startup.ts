// What a new isolate costs before it answers: the bundle's size, and the CPU of workerd from its start to its first answer,
// with the bare proxy's beside it, whose runtime is the same.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle } from '../../src/dev/runtime.ts';
import { type BareOptions, startBareWorkerd } from './bare-workerd.ts';
import { GATEWAY_OPTIONS } from './gateway.ts';
import { median } from './rounds.ts';

const STARTS = 7;

export interface StartUp {
  bundleBytes: number;
  gzipBytes: number;
  /** Of workerd, to the first answer of the offered API, and then of a surface of our own. */
  firstCallCpuMs: number;
  firstSurfaceCpuMs: number;
  /** To the first answer of the bare proxy. */
  floorCpuMs: number;
}

/** `asked`: a path, and what it is answered. */
async function cpuMsOf(
  options: Omit<BareOptions, 'folder'>,
  asked: readonly [path: string, status: number][],
): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-startup-'));
  const worker = await startBareWorkerd({ folder, ...options });
  try {
    const used: number[] = [];
    for (const [path, status] of asked) {
      const answer = await fetch(worker.url + path, { redirect: 'manual' });
      const text = await answer.text();
      if (answer.status !== status) throw new Error(`${path} was answered ${answer.status}: ${text}`);
      used.push(worker.cpuSeconds() * 1000);
    }
    return used.map((ms, i) => ms - (used[i - 1] ?? 0));
  } finally {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function measureStartUp(upstream: string, say: (line: string) => void): Promise<StartUp> {
  const key = () => JSON.stringify({ current: 'a', keys: { a: randomBytes(32).toString('base64') } });
  const gateway = {
    ...GATEWAY_OPTIONS,
    variables: {
      ENVIRONMENT: 'development',
      // Nothing is asked of it.
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      KEY_ENCRYPTION_KEYS: key(),
      IDENTITY_KEYS: key(),
      METRICS_TOKEN: randomBytes(16).toString('hex'),
      AUTH_SECRET: randomBytes(32).toString('base64'),
      UPSTREAM_ORIGIN: upstream,
    },
  };
  const floor = {
    entry: 'loadtest/bench/floor-worker.ts',
    objects: { COUNTER: 'Counter' },
    variables: { UPSTREAM_ORIGIN: upstream },
  };
  const ours: number[][] = [];
  const floors: number[][] = [];
  for (let start = 0; start < STARTS; start++) {
    floors.push(await cpuMsOf(floor, [['/floor/v2/stops/nearby', 200]]));
    // Without a key, so that nothing is looked up.
    ours.push(
      await cpuMsOf(gateway, [
        ['/v2/stops/nearby', 401],
        ['/healthz', 200],
      ]),
    );
  }
  const of = (samples: readonly number[][], at: number) =>
    Math.round(median(samples.map((each) => each[at] ?? 0)));
  const text = await bundle(gateway.entry);
  const result = {
    bundleBytes: Buffer.byteLength(text),
    gzipBytes: gzipSync(text).length,
    firstCallCpuMs: of(ours, 0),
    firstSurfaceCpuMs: of(ours, 1),
    floorCpuMs: of(floors, 0),
  };
  say(
    `  bundle ${(result.bundleBytes / 1e6).toFixed(2)} MB, gzipped ${(result.gzipBytes / 1e6).toFixed(2)} MB`,
  );
  say(
    `  CPU of workerd to the first answer: ${result.firstCallCpuMs} ms, of the bare proxy ${result.floorCpuMs} ms; to the first answer of a surface of our own ${result.firstSurfaceCpuMs} ms more`,
  );
  return result;
}
