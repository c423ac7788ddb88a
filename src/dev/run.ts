// The stack of `npm start`, started, watched, and stopped in order: calls in flight end, their usage is folded, then the
// Worker, the SQL endpoint and PostgreSQL stop. A second signal ends it at once.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Activity } from './activity.ts';
import { BEFORE_RELOAD, drain, sayLeft } from './drain.ts';
import { freePort, isFree } from './files.ts';
import { ORDER_HEADER } from './local-order.ts';
import { openLogFile, sayPlainly } from './log-file.ts';
import { offerApi, readApi } from './offer.ts';
import { claimFolder, type ProcessRecord } from './process-record.ts';
import { reloadOnSave } from './reload.ts';
import { sayReady } from './say-ready.ts';
import { type LocalSettings, readLocalSettings } from './settings.ts';
import { ownSignals } from './signals.ts';
import { type Stack, startStack } from './stack.ts';
import { watchRuntime } from './watch-runtime.ts';

/** One press of Ctrl-C comes twice: from the terminal, and again from npm. */
const SAME_PRESS_MS = 500;
const PORT_TRIES = 50;
const ASK_MS = 5000;
const PARENT_EVERY_MS = 1000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line: string): void => console.log(line);

let stack: Stack | undefined;
let record: ProcessRecord | undefined;
let unwatch: (() => void) | undefined;
let stopReloads: (() => Promise<void>) | undefined;
let closeLog: (() => Promise<void>) | undefined;
let stoppingSinceMs = 0;
let exitCode = 0;
let hasEndedByItself = false;
const token = randomBytes(16).toString('hex');
const terminal = process.ppid;

async function ask(miniflare: Stack['miniflare']): Promise<Activity | undefined> {
  try {
    const answer = await miniflare.dispatchFetch('http://127.0.0.1/', {
      headers: { [ORDER_HEADER]: token },
      signal: AbortSignal.timeout(ASK_MS),
    });
    return answer.ok ? ((await answer.json()) as Activity) : undefined;
  } catch {
    return undefined;
  }
}

async function stopInOrder({ miniflare, stopCron, stop }: Stack): Promise<void> {
  say('\nStopping: calls in flight end first. Ctrl-C again ends at once.');
  stopCron();
  await stopReloads?.();
  const left = await drain({ ask: () => ask(miniflare), now: Date.now, sleep });
  unwatch?.();
  await stop();
  await closeLog?.();
  record?.release();
  const counted = hasEndedByItself
    ? 'Calls that were answered are counted, but for those just before the Worker ended by itself.'
    : 'Every call that was answered is counted.';
  say(`Stopped. ${left ? sayLeft(left) : counted}`);
  process.exit(exitCode);
}

function stop(): void {
  const nowMs = Date.now();
  if (stoppingSinceMs > 0) {
    // A stack whose terminal is gone takes its time: nobody is there to be in a hurry.
    if (nowMs - stoppingSinceMs < SAME_PRESS_MS || process.ppid !== terminal) return;
    say('Ended at once. Calls in flight, and usage that was not yet folded, are lost.');
    process.exit(130);
  }
  stoppingSinceMs = nowMs;
  if (stack) void stopInOrder(stack);
  else say('\nStopping as soon as it has started. Ctrl-C again ends at once.');
}

const giveUp = (what: string): void => {
  say(`${what} Passerelle stops; npm start starts it again.`);
  exitCode = 1;
  stop();
};

function fail(error: unknown): never {
  console.error(sayPlainly(error));
  record?.release();
  process.exit(1);
}

async function waitForPort(port: number, wasClaimedFromOrphans: boolean): Promise<void> {
  for (let tries = 0; port !== 0 && !(await isFree(port)); tries++) {
    if (!wasClaimedFromOrphans || tries >= PORT_TRIES)
      throw new Error(`Port ${port} is taken. Choose another: PORT=${port + 1} npm start`);
    await sleep(100);
  }
}

async function start({ folder, port, upstreamOrigin, brand, api: wanted }: LocalSettings): Promise<void> {
  const api = wanted && (await readApi(wanted));
  mkdirSync(folder, { recursive: true });
  let hadOrphans = false;
  record = await claimFolder(folder, terminal, (line) => {
    hadOrphans = true;
    say(line);
  });
  await waitForPort(port, hadOrphans);
  const log = openLogFile({ file: join(folder, 'worker.log'), say });
  closeLog = log.close;
  say('Starting PostgreSQL and the Worker …');
  const started = await startStack({
    folder,
    port: port || (await freePort()),
    entry: 'src/dev/local-worker.ts',
    brand,
    variables: { DRAIN_TOKEN: token, ...(upstreamOrigin && { UPSTREAM_ORIGIN: upstreamOrigin }) },
    cron: true,
    demoUntilMs: Date.now(),
    onLog: log.write,
    onPostgres: (pid) => record?.add('postgres', pid),
    keepRunning: { say, givenUp: () => giveUp('PostgreSQL cannot be started.') },
  }).catch((error: Error) => {
    throw new Error(`Passerelle could not start: ${error.message}`);
  });
  const watch = (): void => {
    unwatch = watchRuntime(started.miniflare, {
      started: (pid) => record?.add('workerd', pid),
      say,
      ended() {
        hasEndedByItself = true;
      },
      givenUp: () => giveUp('Without the Worker nothing works.'),
    });
  };
  watch();
  if (process.argv.includes('--watch'))
    stopReloads = await reloadOnSave(started, {
      say,
      async drain() {
        const left = await drain({ ask: () => ask(started.miniflare), now: Date.now, sleep }, BEFORE_RELOAD);
        return left && sayLeft(left);
      },
      async swap(work) {
        unwatch?.();
        await work().finally(watch);
      },
    });
  record.ready(started.url);
  stack = started;
  if (stoppingSinceMs > 0) return stopInOrder(started);
  if (api) await offerApi(started, api);
  sayReady(started, upstreamOrigin, relative(process.cwd(), folder), api);
  if (stopReloads) say('What you save in src or durable-objects is reloaded.');
}

// A terminal that was closed takes no more text: no reason to end without draining.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
ownSignals(stop);
setInterval(() => process.ppid !== terminal && stop(), PARENT_EVERY_MS).unref();
try {
  await start(readLocalSettings(process.env, process.argv.slice(2)));
} catch (error) {
  fail(error);
}
