// The dated versions of an API, and who calls each: for operators, and for each partner of its own.

import type { VersionInUse } from '../../versions/version-service.ts';
import { USE_DAYS, type VersionUse } from '../../versions/version-use-store.ts';
import { useView } from '../view-context.ts';
import { Panel, Until } from './parts.tsx';
import { Table } from './table.tsx';

const State = ({ version: { isNewest, isEnded, deprecatedAt } }: { version: VersionInUse }) => {
  const { m, nowMs } = useView();
  if (isEnded) return <span class="badge bad">{m.versions.ended}</span>;
  if (isNewest) return <span class="badge good">{m.versions.newest}</span>;
  return deprecatedAt !== null && Date.parse(deprecatedAt) <= nowMs ? (
    <span class="badge warn">{m.versions.deprecated}</span>
  ) : (
    <span class="badge">{m.versions.current}</span>
  );
};

const End = ({ version: { sunsetAt, brownouts, isEnded } }: { version: VersionInUse }) => {
  const { m, format } = useView();
  if (sunsetAt === null) return <span class="soft">{m.versions.noEnd}</span>;
  return (
    <div>
      <Until at={sunsetAt} />
      {!isEnded && brownouts.length > 0 && (
        <p class="hint">
          {m.versions.brownouts(
            brownouts.map(({ from }) => `${format.day(from)} ${format.time(from)}`).join(', '),
          )}
        </p>
      )}
    </div>
  );
};

/** The oldest first: it ends before the others. */
export const usesOf = (versions: readonly VersionInUse[]): VersionUse[] =>
  versions.toReversed().flatMap(({ uses }) => uses);

/** `name`: of the API. */
export const DatedVersions = ({ name, versions }: { name: string; versions: readonly VersionInUse[] }) => {
  const { m, format } = useView();
  return (
    <Panel title={m.versions.of(name)}>
      <Table
        rows={versions}
        columns={[
          { title: m.versions.date, kind: 'mono', cell: ({ date }) => date },
          { title: m.versions.state, cell: (version) => <State version={version} /> },
          { title: m.versions.ends, cell: (version) => <End version={version} /> },
          {
            title: m.versions.calls(USE_DAYS),
            kind: 'num',
            cell: ({ uses }) => format.number(uses[0]?.all_calls ?? 0),
          },
        ]}
      />
    </Panel>
  );
};

/** `hrefOf`: of the key. `partnerHref`: where it is said whose each is. */
export const VersionUses = ({
  uses,
  hrefOf,
  partnerHref,
}: {
  uses: readonly VersionUse[];
  hrefOf(use: VersionUse): string;
  partnerHref?(use: VersionUse): string;
}) => {
  const { m, format } = useView();
  if (uses.length === 0) return null;
  return (
    <Panel title={m.versions.called}>
      <Table
        rows={uses}
        columns={[
          { title: m.versions.date, kind: 'mono', cell: ({ version }) => version },
          ...(partnerHref
            ? [
                {
                  title: m.versions.partner,
                  cell: (use: VersionUse) => <a href={partnerHref(use)}>{use.partner ?? use.partner_id}</a>,
                },
              ]
            : []),
          { title: m.versions.key, cell: (use) => <a href={hrefOf(use)}>{use.key ?? use.key_id}</a> },
          { title: m.versions.lastDay, cell: ({ last_day: day }) => format.day(day) },
          { title: m.versions.callsOf, kind: 'num', cell: ({ calls }) => format.number(calls) },
        ]}
      />
    </Panel>
  );
};
