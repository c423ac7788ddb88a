// The bars of a chart, from counted lines: one for each day or hour, empty ones too. Pure.

import { DAY_MS, HOUR_MS, isoDay } from '../core/time.ts';
import type { Outcome, OutcomeLine } from '../usage/usage-reports.ts';
import type { Bar } from './components/chart.tsx';

function bars(
  lines: readonly OutcomeLine[],
  names: readonly string[],
  hrefOf: ((at: string) => string) | undefined,
  before: readonly number[] = [],
): Bar[] {
  const counts = new Map<string, Partial<Record<Outcome, number>>>(names.map((name) => [name, {}]));
  for (const { at, outcome, calls } of lines) {
    const bar = counts.get(at);
    if (bar) bar[outcome] = (bar[outcome] ?? 0) + calls;
  }
  return names.map((at, index) => ({
    at,
    counts: counts.get(at) ?? {},
    before: before[index],
    href: hrefOf?.(at),
  }));
}

const steps = (fromMs: number, toMs: number, stepMs: number): number[] =>
  Array.from(
    { length: Math.max(0, Math.round((toMs - fromMs) / stepMs)) },
    (_, index) => fromMs + index * stepMs,
  );

export const dayBars = (
  lines: readonly OutcomeLine[],
  from: string,
  to: string,
  hrefOf?: (day: string) => string,
  before?: readonly number[],
): Bar[] => bars(lines, steps(Date.parse(from), Date.parse(to) + DAY_MS, DAY_MS).map(isoDay), hrefOf, before);

export const hourBars = (
  lines: readonly OutcomeLine[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
  before?: readonly number[],
): Bar[] =>
  bars(
    lines,
    steps(fromMs, toMs, HOUR_MS).map((ms) => `${new Date(ms).toISOString().slice(0, 13)}:00:00Z`),
    undefined,
    before,
  );

export const totalOf = ({ counts }: Bar): number =>
  Object.values(counts).reduce((sum, calls) => sum + calls, 0);
