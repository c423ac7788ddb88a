// Whether explained statements stay what they are while tables grow: none reads a large table whole, and none reads more of
// one than its stage is about. Pure.

import type { Explained, PlanNode } from './explained-endpoint.ts';

/** Reading a smaller table whole is right. */
export const LARGE_ROWS = 10_000;

export interface Table {
  name: string;
  /** Without the month of a partition. */
  family: string;
  rows: number;
}

export interface Finding {
  stage: string;
  table: string;
  rows: number;
  statement: string;
}

export interface Judgement {
  statements: number;
  seqScans: Finding[];
  /** Rows read beyond what the stage is about. */
  overread: Finding[];
  /** Of each stage the scan that read most. */
  most: Finding[];
  slowestMs: number;
  slowest: string;
}

const SHOWN_CHARS = 140;
const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

const rowsRead = (node: PlanNode): number =>
  ((node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0)) *
  (node['Actual Loops'] ?? 1);

/** One of a kind: the one that read most. */
function distinct(findings: readonly Finding[]): Finding[] {
  const kinds = new Map<string, Finding>();
  for (const finding of findings) {
    const kind = `${finding.stage} ${finding.table} ${finding.statement}`;
    if (finding.rows > (kinds.get(kind)?.rows ?? -1)) kinds.set(kind, finding);
  }
  return [...kinds.values()];
}

/** `most`: rows of a family of tables that a stage may read. */
export function judge(
  explained: readonly Explained[],
  tables: readonly Table[],
  most: (stage: string, family: string) => number,
): Judgement {
  const large = new Map(tables.filter(({ rows }) => rows > LARGE_ROWS).map((table) => [table.name, table]));
  const seqScans: Finding[] = [];
  const reads: (Finding & { over: boolean })[] = [];
  for (const { stage, text, plan } of explained) {
    const statement = text.slice(0, SHOWN_CHARS);
    const byFamily = new Map<string, number>();
    for (const node of nodesOf(plan)) {
      const table = large.get(node['Relation Name'] ?? '');
      if (!table || !node['Node Type'].endsWith('Scan')) continue;
      const rows = rowsRead(node);
      byFamily.set(table.family, (byFamily.get(table.family) ?? 0) + rows);
      if (node['Node Type'] === 'Seq Scan' && (node['Actual Loops'] ?? 0) > 0)
        seqScans.push({ stage, table: table.name, rows, statement });
    }
    for (const [table, rows] of byFamily)
      reads.push({ stage, table, rows, statement, over: rows > most(stage, table) });
  }
  const slowest = explained.reduce<Explained | undefined>((a, b) => (a && a.ms >= b.ms ? a : b), undefined);
  const stages = [...new Set(reads.map(({ stage }) => stage))];
  const plain = ({ over: _over, ...finding }: Finding & { over: boolean }): Finding => finding;
  return {
    statements: new Set(explained.map(({ text }) => text)).size,
    seqScans: distinct(seqScans),
    overread: distinct(reads.filter(({ over }) => over).map(plain)),
    most: stages.flatMap((stage) => {
      const [first] = reads.filter((read) => read.stage === stage).sort((a, b) => b.rows - a.rows);
      return first ? [plain(first)] : [];
    }),
    slowestMs: slowest?.ms ?? 0,
    slowest: slowest ? `${slowest.stage}: ${slowest.text.slice(0, SHOWN_CHARS)}` : '',
  };
}
