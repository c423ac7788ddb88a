// How the APIs are doing: open incidents, success rates and latency of everybody, and of whoever is signed in. Public, also
// without scripts; a stranger costs the database nothing (src/status/status-board.ts).

import type { Incident } from '../../status/incident-service.ts';
import { type ApiStatus, type Figures, MIN_CALLS, MIN_PARTNERS } from '../../status/status-store.ts';
import { IncidentPanel, StateBadge } from '../../web/components/incident-parts.tsx';
import { Public } from '../../web/components/layout.tsx';
import { StatusBars, shareText } from '../../web/components/status-bars.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';
import { render, signIn } from '../../web/web.ts';
import { FeedLink } from './feed-link.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

export const STATUS_PATH = '/status';

interface Line extends Figures {
  whose: string;
  /** What is said of a share that there is not. */
  none: string;
}

const FigureTable = ({ all, own }: { all: Figures; own?: Figures }) => {
  const view = useView();
  const { m, format } = view;
  const rows: Line[] = [
    { ...all, whose: m.status.everybody, none: m.status.notEnough },
    ...(own ? [{ ...own, whose: m.status.yours, none: m.status.none }] : []),
  ];
  return (
    <Table
      rows={rows}
      columns={[
        { title: '', cell: ({ whose }) => whose },
        {
          title: `${m.status.success}, ${m.status.lastDay}`,
          kind: 'num',
          cell: ({ day, none }) => shareText(view, day, none),
        },
        {
          title: `${m.status.p95}, ${m.status.lastDay}`,
          kind: 'num',
          cell: ({ p95 }) => format.ms(p95),
        },
        {
          title: `${m.status.success}, ${m.status.lastMonth}`,
          kind: 'num',
          cell: ({ month, none }) => shareText(view, month, none),
        },
      ]}
    />
  );
};

const ApiPanel = ({
  name,
  status,
  own,
  incident,
}: {
  name: string;
  status: ApiStatus;
  own?: Figures;
  /** The latest that is open and affects it. */
  incident?: Incident;
}) => {
  const { m } = useView();
  return (
    <section class="panel">
      <header>
        <h2>{name}</h2>
        {incident ? (
          <StateBadge state={incident.state} />
        ) : (
          <span class="badge good">{m.status.calmApi}</span>
        )}
      </header>
      <FigureTable all={status} own={own} />
      <div class="two pad">
        <StatusBars title={m.status.byHour} points={status.hours} isHourly />
        <StatusBars title={m.status.byDay} points={status.days} />
      </div>
    </section>
  );
};

/** Of the last 30 days. */
const PAST_MS = 30 * 86_400_000;

const isOpen = ({ state }: Incident): boolean => state !== 'resolved';
const affects = (incident: Incident, api: string): boolean => incident.api === null || incident.api === api;

const Incidents = ({
  title,
  incidents,
  none,
  apis,
}: {
  title: string;
  incidents: readonly Incident[];
  /** What is said instead. */
  none: string;
  apis: ReadonlyMap<string, string>;
}) =>
  incidents.length === 0 ? (
    <p class="soft">{none}</p>
  ) : (
    <>
      <h2>{title}</h2>
      {incidents.map((incident) => (
        <IncidentPanel incident={incident} apis={apis} />
      ))}
    </>
  );

/** The figures of the partner that whoever looks works for. */
async function ownFigures(context: PortalContext): Promise<ReadonlyMap<string, Figures> | undefined> {
  if (!(await signIn(context))) return undefined;
  const { services, view } = context.var;
  const workspace = view.account && (await services.partners.workspace(view.account.id));
  return workspace && services.status.own(workspace.partner.id, view.nowMs);
}

portal.get(STATUS_PATH, async (context) => {
  const { services, view } = context.var;
  const { m, format, nowMs } = view;
  const [{ apis, incidents, atMs }, own] = await Promise.all([
    services.statusBoard.board(),
    ownFigures(context),
  ]);
  const names = new Map(
    services.gateway.catalog.documents.map(({ info, 'x-passerelle': api }) => [api.id, info.title]),
  );
  const open = incidents.filter(isOpen);
  const past = incidents.filter((each) => !isOpen(each) && Date.parse(each.startedAt) > nowMs - PAST_MS);
  return render(
    context,
    <Public view={view} title={m.status.title}>
      <h1>{m.status.title}</h1>
      <Incidents title={m.status.open} incidents={open} none={m.status.calm} apis={names} />
      {apis.map((status) => (
        <ApiPanel
          name={names.get(status.api) ?? status.api}
          status={status}
          own={own?.get(status.api)}
          incident={open.find((each) => affects(each, status.api))}
        />
      ))}
      <p class="small soft">
        {m.status.about} {m.status.notEnoughHint(format.number(MIN_CALLS), format.number(MIN_PARTNERS))}{' '}
        {m.status.readAt(format.time(new Date(atMs).toISOString()))}
      </p>
      <Incidents title={m.status.past} incidents={past} none={m.status.noPast} apis={names} />
      <FeedLink path={STATUS_PATH} />
    </Public>,
  );
});
