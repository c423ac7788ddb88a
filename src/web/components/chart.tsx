// Calls over time by outcome, drawn on the server: bars that are links into their day, the period before as a faint
// line, and a table beside it for readers of tables.

import { IMPORTED, OUTCOMES, type Outcome } from '../../usage/usage-reports.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';

export interface Bar {
  /** `YYYY-MM-DD`, or the hour in RFC 3339. */
  at: string;
  counts: Partial<Record<Outcome, number>>;
  /** Calls of the same bar, one period earlier. */
  before?: number;
  /** Where the bar leads; none for the smallest step. */
  href?: string;
}

const WIDTH = 1000;
const HEIGHT = 200;
const GAP_SHARE = 0.25;
const ROUND_TO = [1, 2, 2.5, 5, 10];

/** The next round number at or above, for the top of the axis. */
export function roundUp(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (ROUND_TO.find((step) => value <= step * power) ?? 10);
}

export const callsOf = ({ counts }: Pick<Bar, 'counts'>): number =>
  OUTCOMES.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);

const nameOf = ({ format }: View, at: string, isHourly: boolean): string =>
  isHourly ? `${format.day(at)} ${format.hour(at)}` : format.day(at);

const yOf = (calls: number, top: number): number => HEIGHT - (calls / top) * HEIGHT;

/** The outcomes of one bar, on top of each other. */
const Outcomes = ({ bar, x, width, top }: { bar: Bar; x: number; width: number; top: number }) => {
  let y = HEIGHT;
  return (
    <>
      {OUTCOMES.map((outcome) => {
        const height = ((bar.counts[outcome] ?? 0) / top) * HEIGHT;
        if (height <= 0) return null;
        y -= height;
        return (
          <rect
            class={outcome}
            x={x.toFixed(1)}
            y={y.toFixed(1)}
            width={width.toFixed(1)}
            height={height.toFixed(1)}
          />
        );
      })}
    </>
  );
};

/** One bar of the plot, as wide as its step: a link where it leads into its day. */
const Column = ({
  bar,
  index,
  step,
  top,
  isHourly,
}: {
  bar: Bar;
  index: number;
  step: number;
  top: number;
  isHourly: boolean;
}) => {
  const view = useView();
  const { m, format } = view;
  const name = nameOf(view, bar.at, isHourly);
  const calls = callsOf(bar);
  const hit = (
    <>
      <Outcomes bar={bar} x={(index + GAP_SHARE / 2) * step} width={step * (1 - GAP_SHARE)} top={top} />
      <rect class="hit" x={(index * step).toFixed(1)} y="0" width={step.toFixed(1)} height={String(HEIGHT)}>
        <title>{`${name}: ${m.usage.calls(calls, format.number(calls))}`}</title>
      </rect>
    </>
  );
  return bar.href ? (
    <a href={bar.href} data-at={bar.at} aria-label={`${name}: ${format.number(calls)}`}>
      {hit}
    </a>
  ) : (
    <g data-at={bar.at}>{hit}</g>
  );
};

const Plot = ({ bars, isHourly }: { bars: readonly Bar[]; isHourly: boolean }) => {
  const view = useView();
  const { m, format } = view;
  const top = roundUp(Math.max(1, ...bars.map((bar) => Math.max(callsOf(bar), bar.before ?? 0))));
  const step = WIDTH / Math.max(1, bars.length);
  const before = bars
    .map((bar, index) => `${((index + 0.5) * step).toFixed(1)},${yOf(bar.before ?? 0, top).toFixed(1)}`)
    .join(' ');
  const [first] = bars;
  const last = bars.at(-1);
  return (
    <div class="plot" data-zoom>
      <span class="axis">{format.compact(top)}</span>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        <title>{m.usage.chart}</title>
        <line class="reference" x1="0" x2={String(WIDTH)} y1="0.5" y2="0.5" />
        {bars.map((bar, index) => (
          <Column bar={bar} index={index} step={step} top={top} isHourly={isHourly} />
        ))}
        {hasBefore(bars) && <polyline class="before" points={before} vector-effect="non-scaling-stroke" />}
        <line class="base" x1="0" x2={String(WIDTH)} y1={String(HEIGHT - 0.5)} y2={String(HEIGHT - 0.5)} />
      </svg>
      <div class="axis-line">
        <span>{first && nameOf(view, first.at, isHourly)}</span>
        <span>{bars.length > 1 && last && nameOf(view, last.at, isHourly)}</span>
      </div>
    </div>
  );
};

const sumOf = (bars: readonly Bar[], outcome: Outcome): number =>
  bars.reduce((sum, { counts }) => sum + (counts[outcome] ?? 0), 0);

const hasBefore = (bars: readonly Bar[]): boolean => bars.some(({ before }) => (before ?? 0) > 0);

const Legend = ({ bars, linkOf }: { bars: readonly Bar[]; linkOf(outcome: Outcome): string }) => {
  const { m, format } = useView();
  return (
    <ul class="legend">
      {OUTCOMES.filter((outcome) => sumOf(bars, outcome) > 0).map((outcome) => (
        <li>
          <a href={linkOf(outcome)}>
            <span class={`dot ${outcome}`} aria-hidden="true" />
            {m.outcomes[outcome]} <span class="num">{format.number(sumOf(bars, outcome))}</span>
          </a>
        </li>
      ))}
      {hasBefore(bars) && <li class="soft">- - {m.usage.before}</li>}
    </ul>
  );
};

const AsTable = ({ bars, isHourly }: { bars: readonly Bar[]; isHourly: boolean }) => {
  const view = useView();
  const { m, format } = view;
  const shown = OUTCOMES.filter((outcome) => outcome !== IMPORTED || sumOf(bars, IMPORTED) > 0);
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{isHourly ? m.usage.hour : m.usage.day}</th>
            {shown.map((outcome) => (
              <th scope="col" class="num">
                {m.outcomes[outcome]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars
            .filter((bar) => callsOf(bar) > 0)
            .map((bar) => (
              <tr>
                <td>{nameOf(view, bar.at, isHourly)}</td>
                {shown.map((outcome) => (
                  <td class="num">{format.number(bar.counts[outcome] ?? 0)}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
};

export const CallsChart = ({
  bars,
  isHourly,
  linkOf,
}: {
  bars: readonly Bar[];
  isHourly: boolean;
  /** Where an outcome of the legend leads. */
  linkOf(outcome: Outcome): string;
}) => {
  const { m } = useView();
  if (bars.every((bar) => callsOf(bar) === 0 && !bar.before)) return <p class="soft">{m.usage.emptyTitle}</p>;
  return (
    <figure class="stack" aria-label={m.usage.chart}>
      <Plot bars={bars} isHourly={isHourly} />
      <Legend bars={bars} linkOf={linkOf} />
      {sumOf(bars, IMPORTED) > 0 && (
        <p class="small soft">{isHourly ? m.usage.importedByHour : m.usage.imported}</p>
      )}
      <details>
        <summary class="small soft">{m.usage.asTable}</summary>
        <AsTable bars={bars} isHourly={isHourly} />
      </details>
    </figure>
  );
};
