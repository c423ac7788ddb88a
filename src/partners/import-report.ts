// What an import did, or would do, in words for whoever reads the terminal. Pure.

import type { ImportPlan, Remark } from './import-plan.ts';

const number = new Intl.NumberFormat('en').format;

const listed = (title: string, remarks: readonly Remark[]): string[] =>
  remarks.length === 0 ? [] : ['', title, ...remarks.map(({ who, what }) => `  ${who}: ${what}`)];

/** @param failed What the database refused although the plan did not foresee it. */
export function importReport(plan: ImportPlan, failed: readonly Remark[], isDryRun: boolean): string {
  const { tiers, moves, kept, month, refused, noted } = plan;
  const sum = (of: (move: ImportPlan['moves'][number]) => number): number =>
    moves.reduce((total, move) => total + of(move), 0);
  const row = (what: string, brought: number, already: number, more = ''): string =>
    `${what.padEnd(20)}${number(brought).padStart(12)} moved${number(already).padStart(12)} here already${more}`;
  const revoked = sum((move) => move.revoked.length);
  return [
    isDryRun ? 'A dry run: nothing was changed. It would be:' : 'Imported:',
    '',
    row('tiers', tiers.length, kept.tiers),
    row(
      'partners',
      sum(({ partner }) => (partner ? 1 : 0)),
      kept.partners,
    ),
    row(
      'keys',
      sum(({ keys }) => keys.length),
      kept.keys,
      revoked > 0 ? `, ${number(revoked)} revoked there since` : '',
    ),
    row(
      `calls of ${month.slice(0, 7)}`,
      sum(({ use }) => use.reduce((units, day) => units + day.moreUnits, 0)),
      kept.units,
    ),
    ...listed('Refused:', [...refused, ...failed]),
    ...listed('Noted:', noted),
  ].join('\n');
}
