// What the overview is made of: the steps to a first answer, and today at a glance.

import type { Episode } from '../../alerts/alert-store.ts';
import type { PartnerStanding } from '../../limits/protocol.ts';
import { type FirstSteps, IMPORTED, type UsageLine } from '../../usage/usage-reports.ts';
import { Figure, Note, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { groupName } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useMemberView, useView } from '../../web/view-context.ts';
import { QuotaMeters } from './quota-meters.tsx';

const MAX_KEYS = 8;

interface Step {
  isDone: boolean;
  title: string;
  text: string;
  href: string;
  action: string;
}

const Checklist = ({ steps }: { steps: readonly Step[] }) => {
  const view = useView();
  return (
    <ol class="checklist">
      {steps.map(({ isDone, title, text, href, action }, index) => (
        <li class={isDone ? 'done' : undefined}>
          <span class="tick" aria-hidden="true">
            {isDone ? '✓' : String(index + 1)}
          </span>
          <div>
            <h3>
              {title}
              {isDone && <span class="visually-hidden"> ({view.m.overview.done})</span>}
            </h3>
            {!isDone && <p class="soft">{text}</p>}
          </div>
          {!isDone && (
            <a
              class={`button ${steps.findIndex((step) => !step.isDone) === index ? 'primary' : ''}`}
              href={href}
            >
              {action}
            </a>
          )}
        </li>
      ))}
    </ol>
  );
};

/** What leads to a first answer, and to live keys. */
function useSteps({ apps, keys, calls, firstApp }: FirstSteps, hasAsked: boolean): Step[] {
  const { m, workspace } = useMemberView();
  const { status } = workspace.partner;
  return [
    {
      isDone: apps > 0,
      title: m.overview.app,
      text: m.overview.appText,
      href: '/portal/apps?dialog=new-app',
      action: m.apps.new,
    },
    {
      isDone: keys > 0,
      title: m.overview.key,
      text: m.overview.keyText,
      href: firstApp ? `/portal/apps/${firstApp}?dialog=new-key` : '/portal/apps',
      action: m.keys.new,
    },
    {
      isDone: calls > 0,
      title: m.overview.call,
      text: m.overview.callText,
      href: '/docs/first-call',
      action: m.overview.callAction,
    },
    {
      isDone: status === 'active',
      title: m.overview.live,
      text: hasAsked ? m.liveAccess.waiting : m.overview.status(status),
      href: '/portal/live-access',
      action: hasAsked ? m.overview.liveSee : m.overview.liveAsk,
    },
  ];
}

/** Nothing, once all are done. `isWaiting`: it is shown again when the next is. `hasAsked`: for live access, and waits. */
export const StepsPanel = ({
  steps,
  isWaiting,
  hasAsked,
}: {
  steps: FirstSteps;
  isWaiting: boolean;
  hasAsked: boolean;
}) => {
  const { m, workspace } = useMemberView();
  const { status } = workspace.partner;
  const list = useSteps(steps, hasAsked);
  const done = list.filter(({ isDone }) => isDone).length;
  if (done === list.length) return null;
  return (
    <Panel
      title={m.overview.steps}
      action={<span class="soft small">{m.overview.progress(done, list.length)}</span>}
    >
      <div
        data-await={
          isWaiting ? withQuery('/portal/arrived', { calls: String(steps.calls), status }) : undefined
        }
      >
        <Checklist steps={list} />
      </div>
    </Panel>
  );
};

/** What is wrong now: open alerts, and endpoints that fail, where no alert says so. `episodes`: the latest open ones. */
export const AttentionNotes = ({ episodes }: { episodes: readonly Episode[] }) => {
  const { m, workspace } = useMemberView();
  const { alerts, endpoints } = workspace.attention;
  return (
    <>
      {alerts > 0 && (
        <Note kind="bad">
          <a href="/portal/alerts">{m.overview.openAlerts(alerts)}</a>{' '}
          {episodes
            .map(({ rule, label }) => [m.alerts.names[rule] ?? rule, label].filter(Boolean).join(' · '))
            .join('; ')}
        </Note>
      )}
      {endpoints > 0 && !episodes.some(({ rule }) => rule === 'webhook_failing') && (
        <Note kind="bad">
          <a href="/portal/webhooks">{m.overview.failingEndpoints(endpoints)}</a>
        </Note>
      )}
    </>
  );
};

interface Totals {
  day: UsageLine | undefined;
  all: UsageLine | undefined;
  days: number;
}

export const TodayFigures = ({ day, all, days }: Totals) => {
  const { m, format } = useView();
  return (
    <dl class="figures">
      <Figure
        label={m.overview.today}
        value={format.number(day?.calls ?? 0)}
        note={m.overview.inDays(days, format.number(all?.calls ?? 0))}
      />
      <Figure
        label={m.overview.errors}
        value={format.percent(day && day.calls > 0 ? day.failed / day.calls : 0)}
        note={m.usage.calls(day?.failed ?? 0, format.number(day?.failed ?? 0))}
      />
      <Figure label="P95" value={format.ms(day?.p95 ?? null)} note={`P50 ${format.ms(day?.p50 ?? null)}`} />
      <Figure
        label={m.usage.cacheHits}
        value={format.percent(day && day.calls > 0 ? day.cacheHits / day.calls : 0)}
      />
    </dl>
  );
};

export const QuotaPanel = ({ standing }: { standing: PartnerStanding | undefined }) => {
  const { m, format, workspace } = useMemberView();
  const { rate_limit_per_second: perSecond } = workspace.partner;
  return (
    <Panel title={m.quota.title}>
      <div class="pad meters">
        {standing ? (
          <>
            <QuotaMeters standing={standing} />
            <p class="hint">{m.quota.rate(perSecond < 0 ? '∞' : format.number(perSecond))}</p>
          </>
        ) : (
          <p class="soft">{m.quota.unknown}</p>
        )}
      </div>
    </Panel>
  );
};

export const TopKeys = ({ keys, names }: { keys: readonly UsageLine[]; names: Record<string, string> }) => {
  const view = useView();
  const { m, format } = view;
  const pageOf = (key: string) =>
    key === IMPORTED ? withQuery('/portal/usage', { key }) : `/portal/keys/${key}`;
  return (
    <Panel title={m.overview.topKeys}>
      {keys.length === 0 ? (
        <p class="pad soft">{m.overview.noCalls}</p>
      ) : (
        <Table
          rows={keys.slice(0, MAX_KEYS)}
          columns={[
            {
              title: m.keys.key,
              cell: ({ group }) => <a href={pageOf(group)}>{groupName(view, group, names)}</a>,
            },
            {
              title: m.usage.requests,
              kind: 'num',
              cell: ({ group, calls }) => (
                <a href={withQuery('/portal/requests', { key: group, range: '30d' })}>
                  {format.number(calls)}
                </a>
              ),
            },
            {
              title: m.overview.errors,
              kind: 'num',
              cell: ({ failed, calls }) => format.percent(failed / calls),
            },
            { title: 'P95', kind: 'num', cell: ({ p95 }) => format.ms(p95) },
          ]}
        />
      )}
    </Panel>
  );
};
