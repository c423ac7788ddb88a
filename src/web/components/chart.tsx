// Calls over time by outcome, drawn on the server: bars that are links into their day, the period before as a faint
// line, and a table beside it for readers of tables.

import { OUTCOMES, type Outcome } from '../../usage/usage-reports.ts';
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
  const { m, format } = useView();
  if (bars.every((bar) => callsOf(bar) === 0 && !bar.before)) return <p class="soft">{m.usage.emptyTitle}</p>;
  const top = roundUp(Math.max(1, ...bars.map((bar) => Math.max(callsOf(bar), bar.before ?? 0))));
  const step = WIDTH / Math.max(1, bars.length);
  const yOf = (calls: number) => HEIGHT - (calls / top) * HEIGHT;
  const nameOf = (at: string) => (isHourly ? `${format.day(at)} ${format.hour(at)}` : format.day(at));
  const used = OUTCOMES.filter((outcome) => bars.some(({ counts }) => (counts[outcome] ?? 0) > 0));
  const hasBefore = bars.some(({ before }) => (before ?? 0) > 0);
  const before = bars
    .map((bar, index) => `${((index + 0.5) * step).toFixed(1)},${yOf(bar.before ?? 0).toFixed(1)}`)
    .join(' ');
  return (
    <figure class="stack" aria-label={m.usage.chart}>
      <div class="plot" data-zoom>
        <span class="axis">{format.compact(top)}</span>
        <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
          <title>{m.usage.chart}</title>
          <line class="reference" x1="0" x2={String(WIDTH)} y1="0.5" y2="0.5" />
          {bars.map((bar, index) => {
            let y = HEIGHT;
            const rects = OUTCOMES.map((outcome) => {
              const height = ((bar.counts[outcome] ?? 0) / top) * HEIGHT;
              if (height <= 0) return null;
              y -= height;
              return (
                <rect
                  class={outcome}
                  x={(index * step + (step * GAP_SHARE) / 2).toFixed(1)}
                  y={y.toFixed(1)}
                  width={(step * (1 - GAP_SHARE)).toFixed(1)}
                  height={height.toFixed(1)}
                />
              );
            });
            const hit = (
              <>
                {rects}
                <rect
                  class="hit"
                  x={(index * step).toFixed(1)}
                  y="0"
                  width={step.toFixed(1)}
                  height={String(HEIGHT)}
                >
                  <title>{`${nameOf(bar.at)}: ${m.usage.calls(callsOf(bar), format.number(callsOf(bar)))}`}</title>
                </rect>
              </>
            );
            return bar.href ? (
              <a
                href={bar.href}
                data-at={bar.at}
                aria-label={`${nameOf(bar.at)}: ${format.number(callsOf(bar))}`}
              >
                {hit}
              </a>
            ) : (
              <g data-at={bar.at}>{hit}</g>
            );
          })}
          {hasBefore && <polyline class="before" points={before} vector-effect="non-scaling-stroke" />}
          <line class="base" x1="0" x2={String(WIDTH)} y1={String(HEIGHT - 0.5)} y2={String(HEIGHT - 0.5)} />
        </svg>
        <div class="axis-line">
          <span>{bars[0] && nameOf(bars[0].at)}</span>
          <span>{bars.length > 1 && nameOf(bars[bars.length - 1]?.at ?? '')}</span>
        </div>
      </div>
      <ul class="legend">
        {used.map((outcome) => (
          <li>
            <a href={linkOf(outcome)}>
              <span class={`dot ${outcome}`} aria-hidden="true" />
              {m.outcomes[outcome]}{' '}
              <span class="num">
                {format.number(bars.reduce((sum, { counts }) => sum + (counts[outcome] ?? 0), 0))}
              </span>
            </a>
          </li>
        ))}
        {hasBefore && <li class="soft">- - {m.usage.before}</li>}
      </ul>
      <details>
        <summary class="small soft">{m.usage.asTable}</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{isHourly ? m.usage.hour : m.usage.day}</th>
                {OUTCOMES.map((outcome) => (
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
                    <td>{nameOf(bar.at)}</td>
                    {OUTCOMES.map((outcome) => (
                      <td class="num">{format.number(bar.counts[outcome] ?? 0)}</td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
};
