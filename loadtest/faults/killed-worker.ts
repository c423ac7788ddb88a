// `npm start` under load, its Worker's process killed with -9: it is started again by itself. What the killed process had
// not sent is lost, and is named: the answered calls of its last moments.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../../src/dev/files.ts';
import { LEASE_MS } from '../../src/limits/lease.ts';
import { type StackProcess, startNpm } from '../stack-process.ts';
import { askDashboard, type Counts, count, missingEvents } from './agreement.ts';
import { type Answer, openCaller, putLoad } from './bounded-load.ts';
import { isUsual, type Outcome, statusesOf } from './fault.ts';
import { startFaultyUpstream } from './faulty-upstream.ts';
import { addParties, type Kind, type Party } from './parties.ts';
import { sleep } from './scene.ts';

export const KILLED_WORKER = {
  name: 'Worker killed with -9',
  promise:
    'It runs again by itself; not billed is what it had answered and not sent, of its last five seconds. The limiter has that counted, and what it was lent, until the nightly comparison corrects it.',
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
const BEFORE_MS = 6000;
const AFTER_MS = 2000;
const HEAL_MOST_MS = 30_000;
const AGREE_MOST_MS = 30_000;
const POLL_MS = 250;
/** Three seconds until a message is sealed, a second until the consumer has it, and the fold. */
const UNSENT_MS = 5000;
const END_MOST_MS = 90_000;

async function runsAgain({ demo: { url }, output }: StackProcess): Promise<void> {
  for (const untilMs = Date.now() + HEAL_MOST_MS; Date.now() < untilMs; await sleep(POLL_MS)) {
    if (!output().includes('The Worker runs again')) continue;
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error('the Worker was not started again');
}

interface Tale {
  parties: Party[];
  answers: Answer[];
  killedMs: number;
  wellMs: number;
}

async function killUnderLoad(stack: StackProcess): Promise<Tale> {
  const { url, databaseUrl } = stack.demo;
  const caller = openCaller(url);
  const parties = await addParties(databaseUrl);
  const load = putLoad(caller, parties);
  await sleep(BEFORE_MS);
  const killedMs = Date.now();
  process.kill(stack.pidOf('workerd'), 'SIGKILL');
  await runsAgain(stack);
  const wellMs = Date.now();
  await sleep(AFTER_MS);
  await load.stop();
  caller.agent.destroy();
  return { parties, answers: caller.answers, killedMs, wellMs };
}

/** What its isolate held of leases when it was killed, at most: a second's demand and a quarter, and the next one on its way. */
function heldAtMost(kind: Kind, { answers, killedMs }: Tale): number {
  const before = answers.filter((answer) => answer.kind === kind && answer.sentMs < killedMs);
  const inSecondTo = (endMs: number) =>
    before.filter(({ sentMs }) => sentMs > endMs - LEASE_MS && sentMs <= endMs).length;
  return Math.ceil(2 * 1.25 * Math.max(0, ...before.map(({ sentMs }) => inSecondTo(sentMs))));
}

interface Judged {
  problems: string[];
  lost: Answer[];
}

/** `cut`: calls whose caller never heard; they may have been counted, with or without an event. */
function judge(counts: readonly Counts[], lost: readonly Answer[], tale: Tale): string[] {
  const { answers, killedMs } = tale;
  const early = lost.filter(({ doneMs }) => doneMs < killedMs - UNSENT_MS || doneMs > killedMs + POLL_MS);
  const problems = early.length > 0 ? [`${early.length} lost long before it was killed, or after`] : [];
  for (const { kind, seen, eventUnits, rollupUnits, quotaDays, quotaMonths, limiterUnits } of counts) {
    const cut = answers.filter((answer) => answer.kind === kind && answer.status === 0).length;
    const named = lost.filter((answer) => answer.kind === kind && answer.status === 200).length;
    const isOne = new Set([eventUnits, rollupUnits, quotaDays, quotaMonths]).size === 1;
    const billedMore = eventUnits - (seen - named);
    const countedMore = limiterUnits - eventUnits;
    const isRight =
      isOne &&
      billedMore >= 0 &&
      billedMore <= cut &&
      countedMore >= 0 &&
      countedMore <= named + cut + heldAtMost(kind, tale);
    if (!isRight)
      problems.push(
        `${kind}: seen ${seen}, lost ${named}, cut ${cut}, events ${eventUnits}, rollups ${rollupUnits}, quota ${quotaDays} and ${quotaMonths}, limiter ${limiterUnits}`,
      );
  }
  return problems;
}

/** Once what was sent is folded, what is missing is lost. */
async function judgeWhenQuiet(stack: StackProcess, tale: Tale): Promise<Judged> {
  const database = new pg.Pool({ connectionString: stack.demo.databaseUrl, max: 4 });
  try {
    let missing: string[] = [];
    let isStill = false;
    for (const untilMs = Date.now() + AGREE_MOST_MS; !isStill && Date.now() < untilMs; ) {
      await sleep(3 * UNSENT_MS);
      const now = await missingEvents(database, tale.answers);
      isStill = now.length === missing.length;
      missing = now;
    }
    const counts = await count(database, tale.parties, tale.answers, askDashboard(stack.demo.url));
    const ids = new Set(missing);
    const lost = tale.answers.filter(({ id }) => ids.has(id));
    return { problems: judge(counts, lost, tale), lost };
  } finally {
    await database.end();
  }
}

export async function killWorker(): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-faults-killed-'));
  const upstream = await startFaultyUpstream();
  const stack = await startNpm({ root: ROOT, folder, port: await freePort(), upstream: upstream.origin });
  try {
    const tale = await killUnderLoad(stack);
    const { problems, lost } = await judgeWhenQuiet(stack, tale);
    const { killedMs, wellMs, answers } = tale;
    const failed = answers.filter(
      (answer) => !isUsual(answer) && (answer.doneMs < killedMs || answer.sentMs > wellMs),
    );
    const oldest = Math.max(0, ...lost.map(({ doneMs }) => killedMs - doneMs));
    return {
      fault: KILLED_WORKER.name,
      promise: KILLED_WORKER.promise,
      held: problems.length + failed.length === 0,
      failedRequests: failed.length,
      lostEvents: lost.length,
      recoverySeconds: Math.round((wellMs - killedMs) / 100) / 10,
      statuses: statusesOf(answers),
      problems,
      remarks: [`the lost were answered within ${oldest} ms before the kill`],
    };
  } finally {
    stack.npm.kill('SIGTERM');
    await stack.ended(END_MOST_MS);
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
