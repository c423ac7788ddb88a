// One thing broken for a while under load, then healed: what callers saw meanwhile, what was lost, how long until all was
// one number again.

import { askDashboard, type Counts, count, disagreements, type Limiter, missingEvents } from './agreement.ts';
import { type Answer, type Caller, openCaller, putLoad } from './bounded-load.ts';
import { addParties, type Party } from './parties.ts';
import { type Scene, sleep } from './scene.ts';

export interface Outcome {
  fault: string;
  promise: string;
  held: boolean;
  /** Answers that had no need to fail. */
  failedRequests: number;
  /** Answered calls without an event. */
  lostEvents: number;
  /** From the healing until every count was one number, with the last calls made since: about 4 where nothing was broken. */
  recoverySeconds: number;
  /** For people: how often each status was answered, what did not hold, and what else there is to say. */
  statuses: Record<string, number>;
  problems: string[];
  remarks: string[];
}

export interface Moment {
  scene: Scene;
  parties: Party[];
  caller: Caller;
}

export interface Fault {
  name: string;
  promise: string;
  brokenMs: number;
  /** No call is made before it is broken. */
  isBrokenFirst?: boolean;
  break(moment: Moment): Promise<unknown> | unknown;
  /** Done again and again while it is broken. */
  again?: { everyMs: number; act(moment: Moment, turn: number): Promise<unknown> };
  heal(moment: Moment): Promise<unknown> | unknown;
  /** A count that has to have risen by then: or else nothing was broken. */
  trace(scene: Scene): Promise<number> | number;
  /** Whether the promise lets an answer of that time fail. */
  mayFail?(answer: Answer, scene: Scene): boolean;
  /** Where the limiter's count is read, when the dashboard shows only a part of it. */
  limiter?(scene: Scene): Limiter;
  /** What else the promise says, and does not hold: when the last call was answered, and when all was compared. */
  check?(moment: Moment): Promise<string[]>;
  checkLast?(moment: Moment): Promise<string[]>;
}

const BEFORE_MS = 1500;
/** Calls go on for this long after the healing. */
const AFTER_MS = 1500;
const AGREE_MOST_MS = 60_000;
const POLL_MS = 250;
/** What agrees once agrees still after this long: nothing is counted late. */
const STAYS_MS = 1500;

/** As it is in ordinary use. */
export function isUsual({ kind, status, isToFail, error }: Answer): boolean {
  if (status === 200) return true;
  if (status === 500) return isToFail && error === 'boom';
  if (kind === undefined) return status === 401 || status === 429;
  return status === 429 && kind === 'small';
}

export const statusesOf = (answers: readonly Answer[]): Record<string, number> => {
  const statuses: Record<string, number> = {};
  for (const { status, error } of answers) {
    const name = [status || 'no answer', error].filter(Boolean).join(' ');
    statuses[name] = (statuses[name] ?? 0) + 1;
  }
  return statuses;
};

export interface Settled {
  problems: string[];
  missing: string[];
  counts: Counts[];
  /** Zero when they never agreed. */
  agreedMs: number;
}

/** Waits until everything is one number, and looks again a moment later. */
export async function settleDown({ scene, parties, caller }: Moment, limiter: Limiter): Promise<Settled> {
  const look = async (): Promise<Settled> => {
    try {
      const counts = await count(scene.database, parties, caller.answers, limiter);
      const missing = await missingEvents(scene.database, caller.answers);
      return { problems: disagreements(counts), missing, counts, agreedMs: 0 };
    } catch (error) {
      return { problems: [`cannot be compared: ${error}`], missing: [], counts: [], agreedMs: 0 };
    }
  };
  const isWell = ({ problems, missing }: Settled) => problems.length + missing.length === 0;
  const untilMs = Date.now() + AGREE_MOST_MS;
  let seen = await look();
  while (!isWell(seen) && Date.now() < untilMs) {
    await sleep(POLL_MS);
    seen = await look();
  }
  if (!isWell(seen)) return seen;
  const agreedMs = Date.now();
  await sleep(STAYS_MS);
  return { ...(await look()), agreedMs };
}

async function whileBroken(fault: Fault, moment: Moment): Promise<void> {
  const untilMs = Date.now() + fault.brokenMs;
  for (let turn = 0; Date.now() < untilMs; turn++) {
    const leftMs = untilMs - Date.now();
    await sleep(fault.again ? Math.min(fault.again.everyMs, leftMs) : leftMs);
    if (fault.again && Date.now() < untilMs) await fault.again.act(moment, turn);
  }
}

export async function runFault(fault: Fault, scene: Scene): Promise<Outcome> {
  const caller = openCaller(scene.stack.url);
  const moment: Moment = { scene, parties: await addParties(scene.stack.databaseUrl), caller };
  let traceBefore = 0;
  const breakIt = async () => {
    traceBefore = await fault.trace(scene);
    await fault.break(moment);
  };
  if (fault.isBrokenFirst) await breakIt();
  const load = putLoad(caller, moment.parties);
  await sleep(BEFORE_MS);
  const brokenMs = Date.now();
  if (!fault.isBrokenFirst) await breakIt();
  await whileBroken(fault, moment);
  await fault.heal(moment);
  const healedMs = Date.now();
  await sleep(AFTER_MS);
  await load.stop();
  const checked = (await fault.check?.(moment)) ?? [];
  if ((await fault.trace(scene)) <= traceBefore) checked.push('nothing was broken');
  const limiter = fault.limiter?.(scene) ?? askDashboard(scene.stack.url);
  const { problems, missing, agreedMs } = await settleDown(moment, limiter);
  const checkedLast = (await fault.checkLast?.(moment)) ?? [];
  caller.agent.destroy();
  const failed = caller.answers.filter((answer) => {
    const isMeanwhile = answer.doneMs >= brokenMs && answer.sentMs <= healedMs;
    return !isUsual(answer) && !(isMeanwhile && fault.mayFail?.(answer, scene));
  });
  const all = [...checked, ...problems, ...checkedLast];
  const wellMs = Math.max(agreedMs || Date.now(), ...failed.map(({ doneMs }) => doneMs));
  return {
    fault: fault.name,
    promise: fault.promise,
    held: all.length === 0 && missing.length === 0 && failed.length === 0 && agreedMs > 0,
    failedRequests: failed.length,
    lostEvents: missing.length,
    recoverySeconds: Math.round((wellMs - healedMs) / 100) / 10,
    statuses: statusesOf(caller.answers),
    problems: all,
    remarks: [],
  };
}
