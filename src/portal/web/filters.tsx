// What usage and requests are narrowed by: the range, and filters that can be taken off. Each is a link.

import { Choose } from '../../web/components/parts.tsx';
import { useView } from '../../web/view-context.ts';
import { RANGES, type Range } from './usage-range.ts';

/** The page's address with these query parameters. */
export type Link = (changes: Record<string, string | undefined>) => string;
export type Filters = readonly (readonly [name: string, shown: string | undefined])[];

export const RangeChoice = ({ range, link }: { range: Range; link: Link }) => {
  const { m } = useView();
  return (
    <Choose
      label={m.usage.range}
      current={range.name}
      options={RANGES.filter((name) => name !== 'custom').map(
        (name) => [name, m.usage.ranges[name]] as const,
      )}
      hrefOf={(name) => link({ range: name, from: undefined, to: undefined })}
    />
  );
};

export const RemovableFilters = ({ active, link }: { active: Filters; link: Link }) => {
  const { m } = useView();
  return (
    <>
      {active.map(
        ([name, shown]) =>
          shown && (
            <a class="button" href={link({ [name]: undefined })}>
              {shown} <span aria-hidden="true">✕</span>
              <span class="visually-hidden">{m.common.remove}</span>
            </a>
          ),
      )}
    </>
  );
};
