// Success rates over time as a strip of bars, drawn on the server: what failed stands red at its top, never too thin to be seen;
// what cannot be told is empty. A table beside it for readers of tables.

import type { Point } from '../../status/status-store.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';

const WIDTH = 600;
const HEIGHT = 40;
const GAP_SHARE = 0.2;
/** The least that a failure takes of its bar, and how much it is drawn larger: 1 % failed is a tenth. */
const MIN_FAILED = 0.08;
const MAGNIFIED = 10;

const nameOf = ({ format }: View, at: string, isHourly: boolean): string =>
  isHourly ? `${format.day(at)} ${format.hour(at)}` : format.day(at);

/** Rounded down: what failed is never rounded away. */
export const shareText = (
  { m, format }: View,
  share: number | null,
  none: string = m.status.notEnough,
): string => (share === null ? none : format.percentExact(Math.floor(share * 100_000) / 100_000));

/** Up from the base: green, then what failed. */
const Bar = ({ point, index, step }: { point: Point; index: number; step: number }) => {
  const x = ((index + GAP_SHARE / 2) * step).toFixed(1);
  const width = (step * (1 - GAP_SHARE)).toFixed(1);
  const failed = point.success === null ? 0 : 1 - point.success;
  const height = failed === 0 ? 0 : Math.min(1, Math.max(MIN_FAILED, failed * MAGNIFIED)) * HEIGHT;
  const rect = (kind: string, y: number, tall: number) => (
    <rect class={kind} x={x} y={y.toFixed(1)} width={width} height={tall.toFixed(1)} />
  );
  if (point.success === null) return rect('unknown', HEIGHT - 4, 4);
  return (
    <>
      {height < HEIGHT && rect('succeeded', height, HEIGHT - height)}
      {height > 0 && rect('upstream', 0, height)}
    </>
  );
};

export const StatusBars = ({
  title,
  points,
  isHourly = false,
}: {
  title: string;
  points: readonly Point[];
  isHourly?: boolean;
}) => {
  const view = useView();
  const { m } = view;
  const step = WIDTH / Math.max(1, points.length);
  const [first] = points;
  const last = points.at(-1);
  return (
    <figure class="stack strip" aria-label={title}>
      <figcaption class="small soft">{title}</figcaption>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        <title>{title}</title>
        {points.map((point, index) => (
          <g>
            <title>{`${nameOf(view, point.at, isHourly)}: ${shareText(view, point.success)}`}</title>
            <rect
              class="hit"
              x={(index * step).toFixed(1)}
              y="0"
              width={step.toFixed(1)}
              height={String(HEIGHT)}
            />
            <Bar point={point} index={index} step={step} />
          </g>
        ))}
      </svg>
      <div class="axis-line">
        <span>{first && nameOf(view, first.at, isHourly)}</span>
        <span>{last && nameOf(view, last.at, isHourly)}</span>
      </div>
      <details>
        <summary class="small soft">{m.status.asTable}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{m.status.when}</th>
              <th scope="col" class="num">
                {m.status.success}
              </th>
            </tr>
          </thead>
          <tbody>
            {points
              .filter(({ success }) => success !== null)
              .map(({ at, success }) => (
                <tr>
                  <td>{nameOf(view, at, isHourly)}</td>
                  <td class="num">{shareText(view, success)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
};
