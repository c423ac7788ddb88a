// Of every second `take`, `settle`, `draw` and `report` the reply is lost, and every third message arrives twice,
// over twenty thousand calls with upstreams that fail.

import { askDashboard } from './agreement.ts';
import { type Answer, callOnce, openCaller } from './bounded-load.ts';
import { isUsual, type Moment, type Outcome, settleDown, statusesOf } from './fault.ts';
import { addParties, type Party } from './parties.ts';
import type { Hearing, Scene } from './scene.ts';

const CALLS = 20_000;
const CALLERS = 40;
const FAIL_EVERY = 5;
const EDGES = ['a', 'b', 'c'];
/** Which party a call is of, in turn: most of those that lease and of those without limits. */
const TURNS = [2, 3, 2, 3, 2, 3, 2, 3, 1, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 0];

async function callAll({ caller, parties }: Moment): Promise<void> {
  let next = 0;
  const one = (turn: number, party: Party): Promise<Answer> => {
    const key = party.keys[turn % party.keys.length];
    const edge = EDGES[turn % EDGES.length] ?? 'a';
    const isToFail = turn % FAIL_EVERY === 0;
    return callOnce(caller, { kind: party.kind, secret: key?.secret ?? '', isToFail, edge });
  };
  const work = async () => {
    while (next < CALLS) {
      const turn = next++;
      const party = parties[TURNS[turn % TURNS.length] ?? 0];
      if (party) await one(turn, party);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, work));
}

/** What was lost and doubled has to be what was ordered. */
function checkTallies({ tallies }: Hearing): string[] {
  return ['take', 'settle', 'draw', 'report'].flatMap((method) => {
    const { sent, lost, twice } = tallies[method] ?? { sent: 0, lost: 0, twice: 0 };
    const isSo = sent > 0 && Math.abs(lost - sent / 2) <= 0.1 * sent && Math.abs(twice - sent / 3) <= 1;
    return isSo ? [] : [`${method}: of ${sent}, ${lost} lost and ${twice} doubled`];
  });
}

export const LOST_REPLIES = {
  name: 'lost and doubled replies',
  promise:
    'Limiter, events and quota differ by 0; only a call of which the edge heard nothing, asked for twice, is refused.',
};

export async function loseReplies(scene: Scene): Promise<Outcome> {
  const caller = openCaller(scene.stack.url);
  const parties = await addParties(scene.stack.databaseUrl);
  const moment: Moment = { scene, parties, caller };
  await scene.replies({ lostEvery: 2, twiceEvery: 3, lateMs: 0 });
  await callAll(moment);
  const hearing = await scene.hearing();
  const healedMs = Date.now();
  await scene.replies({ lostEvery: 0, twiceEvery: 0, lateMs: 0 });
  const settled = await settleDown(moment, askDashboard(scene.stack.url));
  caller.agent.destroy();
  const unheard = new Set(hearing.unheard);
  const failed = caller.answers.filter((answer) => {
    const isNotHeard = answer.status === 503 && unheard.has(answer.id);
    const isBusy = answer.status === 429 && answer.kind === 'steady';
    return !isUsual(answer) && !isNotHeard && !isBusy;
  });
  const problems = [...checkTallies(hearing), ...settled.problems];
  return {
    fault: LOST_REPLIES.name,
    promise: LOST_REPLIES.promise,
    held: problems.length + settled.missing.length + failed.length === 0 && settled.agreedMs > 0,
    failedRequests: failed.length,
    lostEvents: settled.missing.length,
    recoverySeconds: Math.round(((settled.agreedMs || Date.now()) - healedMs) / 100) / 10,
    statuses: statusesOf(caller.answers),
    problems,
    remarks: Object.entries(hearing.tallies).map(
      ([method, { sent, lost, twice }]) =>
        `${method}: ${sent} sent, ${lost} replies lost, ${twice} sent twice`,
    ),
  };
}
