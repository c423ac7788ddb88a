// `npm run drain`: a stack under load is stopped in every way there is, and started again. Of each way: how many calls
// were answered, and how many of those the events, the rollups and the quota hold afterwards.
// `-- --tries 3` for a quick look; `--root` for another checkout; `--json` prints one object.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../src/dev/files.ts';
import { type Held, putLoad, readHeld, startSlowUpstream } from './load-in-flight.ts';
import { type Place, type Role, type StackProcess, startNpm } from './stack-process.ts';

export interface Way {
  signal: NodeJS.Signals;
  target: Role | 'group';
}

export interface Result extends Way {
  tries: number;
  /** Calls whose whole answer arrived. */
  answered: number;
  /** Of those, what events, rollups and quota hold after the next start. */
  folded: number;
  lost: number;
  /** Calls in flight that got no whole answer. */
  cut: number;
  startedAgain: number;
}

export const DRAINING: readonly Way[] = [
  { signal: 'SIGINT', target: 'group' },
  { signal: 'SIGTERM', target: 'npm' },
  { signal: 'SIGTERM', target: 'terminal' },
  { signal: 'SIGTERM', target: 'stack' },
];
/** The promise is that it runs again; what a killed process had not sent is lost with it. */
export const KILLING: readonly Way[] = (['npm', 'terminal', 'stack', 'workerd', 'postgres'] as const).map(
  (target) => ({ signal: 'SIGKILL', target }),
);

const LOAD_MS = 1500;
const END_MOST_MS = 90_000;
/** Those two are started again by the stack itself. */
const HEALS = new Set<Way['target']>(['workerd', 'postgres']);
const HEAL_MOST_MS = 20_000;
const HEAL_POLL_MS = 250;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function send({ signal, target }: Way, stack: StackProcess): void {
  const npm = stack.pidOf('npm');
  const pid = target === 'group' ? -npm : stack.pidOf(target);
  if (pid === 0) throw new Error(`there is no process ${target}`);
  process.kill(pid, signal);
}

const difference = (after: Held, before: Held): Held => ({
  events: after.events - before.events,
  eventUnits: after.eventUnits - before.eventUnits,
  rollupCalls: after.rollupCalls - before.rollupCalls,
  rollupUnits: after.rollupUnits - before.rollupUnits,
  quotaUnits: after.quotaUnits - before.quotaUnits,
});

/** Of the calls found among the events, those that rollups and quota hold as well. */
function heldByAll(
  found: number,
  { events, eventUnits, rollupCalls, rollupUnits, quotaUnits }: Held,
): number {
  const missing = Math.max(
    Math.abs(events - rollupCalls),
    Math.abs(eventUnits - rollupUnits),
    Math.abs(eventUnits - quotaUnits),
  );
  return Math.max(0, found - missing);
}

/** @throws when the stack does not say, and show, that it is whole again */
async function healed({ demo: { url }, output }: StackProcess): Promise<void> {
  for (const untilMs = Date.now() + HEAL_MOST_MS; Date.now() < untilMs; await sleep(HEAL_POLL_MS)) {
    if (!output().includes('runs again')) continue;
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`the stack did not heal itself:\n${output()}`);
}

/** Puts load on a running stack, stops it that way, starts it again. @returns the stack that now runs */
export async function tryOnce(
  way: Way,
  place: Place,
  stack: StackProcess,
): Promise<{ stack: StackProcess; answered: number; folded: number; cut: number }> {
  const before = await readHeld(stack.demo);
  const load = putLoad(stack.demo);
  await sleep(LOAD_MS);
  send(way, stack);
  if (HEALS.has(way.target)) {
    await healed(stack);
    send({ signal: 'SIGTERM', target: 'npm' }, stack);
  }
  await stack.ended(END_MOST_MS);
  const { ids, cut } = await load.stop();
  const again = await startNpm(place);
  const { found, ...after } = await readHeld(again.demo, ids);
  const folded = heldByAll(found, difference(after, before));
  return { stack: again, answered: ids.length, folded, cut };
}

export async function tryWay(
  way: Way,
  tries: number,
  place: Place,
  first: StackProcess,
): Promise<{ stack: StackProcess; result: Result }> {
  const result: Result = { ...way, tries, answered: 0, folded: 0, lost: 0, cut: 0, startedAgain: 0 };
  let stack = first;
  for (let left = tries; left > 0; left--) {
    const outcome = await tryOnce(way, place, stack);
    stack = outcome.stack;
    result.answered += outcome.answered;
    result.folded += outcome.folded;
    result.cut += outcome.cut;
    result.startedAgain++;
  }
  result.lost = result.answered - result.folded;
  return { stack, result };
}

/** @throws when the stack did not start again */
export async function stopEveryWay(
  ways: readonly (Way & { tries: number })[],
  { root, folder }: { root: string; folder: string },
  say: (result: Result) => void = () => undefined,
): Promise<Result[]> {
  const upstream = await startSlowUpstream();
  const place: Place = { root, folder, port: await freePort(), upstream: upstream.origin };
  const results: Result[] = [];
  let stack = await startNpm(place);
  try {
    for (const { tries, ...way } of ways) {
      const outcome = await tryWay(way, tries, place, stack);
      stack = outcome.stack;
      results.push(outcome.result);
      say(outcome.result);
    }
  } finally {
    if (stack.npm.exitCode === null) stack.npm.kill('SIGTERM');
    await stack.ended(END_MOST_MS);
    upstream.close();
  }
  return results;
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const here = fileURLToPath(new URL('..', import.meta.url).href);
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      tries: { type: 'string', default: '10' },
      root: { type: 'string', default: here },
      folder: { type: 'string' },
    },
  });
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'passerelle-drain-'));
  const ways = [
    ...DRAINING.map((way) => ({ ...way, tries: Number(values.tries) })),
    ...KILLING.map((way) => ({ ...way, tries: 1 })),
  ];
  const results = await stopEveryWay(ways, { root: values.root, folder }, (result) => {
    if (!values.json) console.log(JSON.stringify(result));
  });
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
  if (values.json) console.log(JSON.stringify(results));
  const isBroken = results.some(({ signal, lost, cut }) => signal !== 'SIGKILL' && lost + cut > 0);
  process.exit(isBroken ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
