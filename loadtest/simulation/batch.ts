// Runs histories, from a seed on, in a process of its own: `batch.ts <first> <count> <stop at the first problem>`.

import { liveRandomly } from './histories.ts';

export interface BatchResult {
  histories: number;
  overAdmitted: number;
  underCounted: number;
  abandoned: number;
  leases: number;
  edgeLeases: number;
  rowsAhead: number;
  problems: { seed: number; problems: string[] }[];
}

const [first = 0, count = 0, stopsAtProblem = 0] = process.argv.slice(2).map(Number);
const result: BatchResult = {
  histories: 0,
  overAdmitted: 0,
  underCounted: 0,
  abandoned: 0,
  leases: 0,
  edgeLeases: 0,
  rowsAhead: 0,
  problems: [],
};
for (let seed = first; seed < first + count; seed++) {
  const { problems, abandoned, leases, edgeLeases, rowsAhead } = await liveRandomly(seed);
  result.histories++;
  result.abandoned += abandoned;
  result.leases += leases;
  result.edgeLeases += edgeLeases;
  result.rowsAhead += rowsAhead;
  if (problems.length === 0) continue;
  if (problems.some((problem) => problem.startsWith('after') || problem.includes('still work')))
    result.underCounted++;
  else result.overAdmitted++;
  if (result.problems.length < 5) result.problems.push({ seed, problems: problems.slice(0, 5) });
  if (stopsAtProblem) break;
}
console.log(JSON.stringify(result));
