// Targets measured in turn, round by round, so that whatever else the machine does hits each of them; ratios within one
// round, and their median.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './load-generator.ts';

export interface Target {
  name: string;
  url: string;
  /** CPU that every process that answering takes has used, seconds. */
  cpuSeconds(): number;
  /** In turn, where there are several. */
  key?: string | readonly string[];
}

export interface Sample {
  /** CPU of its processes for one request, microseconds. */
  cpuMicros: number;
  /** Latency, one request at a time, and the slowest hundredth at CONCURRENCY. */
  p50Ms: number;
  p99Ms: number;
  perSecond: number;
}
export type Figure = keyof Sample;

export const CONCURRENCY = 16;
const ALONE_SHARE = 0.25;

/** Requests of one target in a run, with those that are not measured. */
export const requestsInAll = ({ rounds, requests }: RoundsOptions): number =>
  (rounds + 1) * (requests + Math.ceil(requests * ALONE_SHARE));

export const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
export const median = (values: readonly number[]): number => quantile(values, 0.5);

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url).href);

/** A process with an IPC channel that ends with ours. */
const start = (file: string): ChildProcess =>
  fork(fileOf(file), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });

/** The upstream that all targets call, in a process of its own. */
export function startUpstream(): Promise<{ origin: string; stop(): void }> {
  const child = start('upstream.ts');
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (data) =>
      resolve({ origin: String(data).trim(), stop: () => void child.kill() }),
    );
    child.once('exit', () => reject(new Error('the upstream did not start')));
  });
}

export function startGenerator() {
  const child = start('load-generator.ts');
  return {
    stop: () => void child.kill(),
    load(order: LoadOrder): Promise<LoadResult> {
      return new Promise((resolve, reject) => {
        const died = () => reject(new Error('the load generator ended'));
        child.once('exit', died);
        child.once('message', (result) => {
          child.off('exit', died);
          // It answers each order with one result.
          resolve(result as LoadResult);
        });
        child.send(order);
      });
    },
  };
}
export type Generator = ReturnType<typeof startGenerator>;

async function sample(target: Target, generator: Generator, requests: number): Promise<Sample> {
  const order = { url: target.url, key: target.key };
  const before = target.cpuSeconds();
  const many = await generator.load({ ...order, requests, concurrency: CONCURRENCY });
  const cpuSeconds = target.cpuSeconds() - before;
  const alone = await generator.load({
    ...order,
    requests: Math.ceil(requests * ALONE_SHARE),
    concurrency: 1,
  });
  for (const { statuses } of [many, alone])
    if (Object.keys(statuses).join() !== '200')
      throw new Error(`${target.name} answered ${JSON.stringify(statuses)}`);
  return {
    cpuMicros: (cpuSeconds * 1_000_000) / requests,
    p50Ms: quantile(alone.latenciesMs, 0.5),
    p99Ms: quantile(many.latenciesMs, 0.99),
    perSecond: (requests * 1000) / many.elapsedMs,
  };
}

export interface RoundsOptions {
  rounds: number;
  requests: number;
  say(line: string): void;
}

export class Rounds {
  private readonly samples = new Map<string, Sample[]>();

  add(name: string, taken: Sample): void {
    this.samples.set(name, [...(this.samples.get(name) ?? []), taken]);
  }

  has(name: string): boolean {
    return this.samples.has(name);
  }

  of(name: string, figure: Figure): number {
    return median((this.samples.get(name) ?? []).map((taken) => taken[figure]));
  }

  /** Median of the rounds' ratios. */
  ratio(name: string, to: string, figure: Figure): number {
    const theirs = this.samples.get(to) ?? [];
    const ratios = (this.samples.get(name) ?? []).map(
      (taken, i) => taken[figure] / (theirs[i]?.[figure] ?? Number.NaN),
    );
    return Number(median(ratios).toFixed(3));
  }
}

export async function measure(
  targets: readonly Target[],
  generator: Generator,
  { rounds, requests, say }: RoundsOptions,
): Promise<Rounds> {
  const all = new Rounds();
  // Until just-in-time compilation has settled.
  for (const target of targets) await sample(target, generator, requests);
  for (let round = 1; round <= rounds; round++) {
    for (const target of targets) {
      const taken = await sample(target, generator, requests);
      all.add(target.name, taken);
      const { cpuMicros, p50Ms, p99Ms, perSecond } = taken;
      say(
        `  round ${round}  ${target.name.padEnd(18)} ${cpuMicros.toFixed(0).padStart(5)} µs CPU  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  ${perSecond.toFixed(0).padStart(5)}/s`,
      );
    }
  }
  return all;
}
