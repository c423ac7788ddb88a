// `npm run faults`: the whole stack under load, one thing broken at a time, healed, and compared to the unit.
// `-- --json` prints one array; `-- --only NAME` runs those whose name contains it.

import { parseArgs } from 'node:util';
import { CLOCK_FAULTS } from './faults/clock-faults.ts';
import { type Outcome, runFault } from './faults/fault.ts';
import { KILLED_WORKER, killWorker } from './faults/killed-worker.ts';
import { LIMITER_FAULTS } from './faults/limiter-faults.ts';
import { LOST_REPLIES, loseReplies } from './faults/lost-replies.ts';
import { PLATFORM_FAULTS } from './faults/platform-faults.ts';
import { openScene, type Scene } from './faults/scene.ts';
import { UPSTREAM_FAULTS } from './faults/upstream-faults.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

const say = (outcome: Outcome): void => {
  if (values.json) return;
  const { fault, promise, held, failedRequests, lostEvents, recoverySeconds, statuses } = outcome;
  const seen = Object.entries(statuses).map(([status, calls]) => `${status}: ${calls}`);
  console.log(`${held ? '✓' : '✗'} ${fault}. ${promise}`);
  console.log(
    `    well after ${recoverySeconds} s, ${failedRequests} failed, ${lostEvents} lost; callers saw ${seen.join(', ')}`,
  );
  for (const line of [...outcome.problems, ...outcome.remarks]) console.log(`    ${line}`);
};

interface Trial {
  name: string;
  run(scene: Scene): Promise<Outcome>;
}

const onTheScene: Trial[] = [
  ...[...PLATFORM_FAULTS, ...LIMITER_FAULTS, ...UPSTREAM_FAULTS, ...CLOCK_FAULTS].map((fault) => ({
    name: fault.name,
    run: (scene: Scene) => runFault(fault, scene),
  })),
  { name: LOST_REPLIES.name, run: loseReplies },
];

async function main(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const isChosen = (name: string) => name.toLowerCase().includes(values.only.toLowerCase());
  const add = (outcome: Outcome) => {
    outcomes.push(outcome);
    say(outcome);
  };
  const chosen = onTheScene.filter(({ name }) => isChosen(name));
  if (chosen.length > 0) {
    const scene = await openScene();
    try {
      for (const { run } of chosen) add(await run(scene));
    } finally {
      await scene.close();
    }
  }
  // In a stack of its own: it is about the process that runs everything.
  if (isChosen(KILLED_WORKER.name)) add(await killWorker());
  return outcomes;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const outcomes = await main();
if (values.json)
  console.log(
    JSON.stringify(outcomes.map(({ statuses: _, problems: __, remarks: ___, ...outcome }) => outcome)),
  );
const isBroken = outcomes.length === 0 || outcomes.some(({ held }) => !held);
if (!values.json && outcomes.length === 0) console.log(`No fault is called “${values.only}”.`);
process.exit(isBroken ? 1 : 0);
