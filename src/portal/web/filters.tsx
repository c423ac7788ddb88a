// What usage and requests are narrowed by: the range, and filters that can be taken off. Each is a link.

import { Choose } from '../../web/components/parts.tsx';
import type { View } from '../../web/view.ts';
import { RANGES, type Range } from './usage-range.ts';

/** The page's address with these query parameters. */
type Link = (changes: Record<string, string | undefined>) => string;

export const RangeChoice = ({ view: { m }, range, link }: { view: View; range: Range; link: Link }) => (
  <Choose
    label={m.usage.range}
    current={range.name}
    options={RANGES.filter((name) => name !== 'custom').map((name) => [name, m.usage.ranges[name]] as const)}
    hrefOf={(name) => link({ range: name, from: undefined, to: undefined })}
  />
);

export const RemovableFilters = ({
  view: { m },
  active,
  link,
}: {
  view: View;
  active: readonly (readonly [name: string, shown: string | undefined])[];
  link: Link;
}) => (
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
