// The overview: first the three steps to a first answer, later today at a glance.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { queries } from '../../usage/usage-reports.ts';
import { Figure, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { ErrorTable } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useMemberView } from '../../web/view-context.ts';
import { readForm, render } from '../../web/web.ts';
import { member, Page, portal, standingOf } from './portal-web.tsx';
import { QuotaMeters } from './quota-meters.tsx';

const DAYS = 30;

interface Step {
  isDone: boolean;
  title: string;
  text: string;
  href: string;
  action: string;
}

const Checklist = ({ steps }: { steps: readonly Step[] }) => {
  const view = useMemberView();
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

portal.get('/portal', async (context) => {
  const view = member(context);
  const { m, format, workspace, environment } = view;
  const { partner } = workspace;
  const { reports, limiter } = context.var.services;
  const today = isoDay(view.nowMs);
  const scope = { partnerId: partner.id, environment, from: today, to: today };
  const month = { ...scope, from: isoDay(view.nowMs - (DAYS - 1) * DAY_MS) };
  const [[steps, day, all, errors, keys], standing] = await Promise.all([
    reports.ask(
      queries.firstSteps(partner.id),
      queries.total(scope),
      queries.total(month),
      queries.errors({ ...scope, from: isoDay(view.nowMs - 6 * DAY_MS) }),
      queries.lines(month, 'key'),
    ),
    standingOf(view, limiter),
  ]);
  const isNew = steps.calls === 0;
  const app = steps.firstApp;
  const list: Step[] = [
    {
      isDone: steps.apps > 0,
      title: m.overview.app,
      text: m.overview.appText,
      href: '/portal/apps?dialog=new-app',
      action: m.apps.new,
    },
    {
      isDone: steps.keys > 0,
      title: m.overview.key,
      text: m.overview.keyText,
      href: app ? `/portal/apps/${app}?dialog=new-key` : '/portal/apps',
      action: m.keys.new,
    },
    {
      isDone: steps.calls > 0,
      title: m.overview.call,
      text: m.overview.callText,
      href: '/docs/first-call',
      action: m.overview.callAction,
    },
    {
      isDone: partner.status === 'active',
      title: m.overview.live,
      text: m.overview.status(partner.status),
      href: '/docs/going-live',
      action: m.overview.liveAction,
    },
  ];
  const isFinished = list.every(({ isDone }) => isDone);
  return render(
    context,
    <Page view={view} title={m.nav.overview}>
      <div class="head">
        <h1 class="grow">{isNew ? m.overview.welcome(view.account.name) : partner.name}</h1>
        {!isNew && (
          <a class="button" href="/portal/usage">
            {m.nav.usage}
          </a>
        )}
      </div>
      {partner.status !== 'active' && !isNew && (
        <div class="note warn">
          {m.overview.status(partner.status)} <a href="/docs/going-live">{m.overview.liveAction}</a>
        </div>
      )}
      {isFinished ? null : (
        <Panel
          title={m.overview.steps}
          action={
            <span class="soft small">
              {m.overview.progress(list.filter(({ isDone }) => isDone).length, list.length)}
            </span>
          }
        >
          <div data-await-call={steps.keys > 0 && isNew ? '/portal/arrived' : undefined}>
            <Checklist steps={list} />
          </div>
        </Panel>
      )}
      {!isNew && (
        <>
          <dl class="figures">
            <Figure
              label={m.overview.today}
              value={format.number(day?.calls ?? 0)}
              note={m.overview.inDays(DAYS, format.number(all?.calls ?? 0))}
            />
            <Figure
              label={m.overview.errors}
              value={format.percent(day && day.calls > 0 ? day.failed / day.calls : 0)}
              note={m.usage.calls(day?.failed ?? 0, format.number(day?.failed ?? 0))}
            />
            <Figure
              label="P95"
              value={format.ms(day?.p95 ?? null)}
              note={`P50 ${format.ms(day?.p50 ?? null)}`}
            />
            <Figure
              label={m.usage.cacheHits}
              value={format.percent(day && day.calls > 0 ? day.cacheHits / day.calls : 0)}
            />
          </dl>
          <div class="two">
            <Panel title={m.quota.title}>
              <div class="pad meters">
                {standing ? (
                  <>
                    <QuotaMeters standing={standing} />
                    <p class="hint">
                      {m.quota.rate(
                        partner.rate_limit_per_second < 0
                          ? '∞'
                          : format.number(partner.rate_limit_per_second),
                      )}
                    </p>
                  </>
                ) : (
                  <p class="soft">{m.quota.unknown}</p>
                )}
              </div>
            </Panel>
            <Panel title={m.overview.problems}>
              <ErrorTable
                errors={errors.slice(0, 6)}
                hrefOf={({ code, route }) =>
                  withQuery('/portal/requests', { error: code, route, range: '7d' })
                }
              />
            </Panel>
          </div>
          <Panel title={m.overview.topKeys}>
            {keys.length === 0 ? (
              <p class="pad soft">{m.overview.noCalls}</p>
            ) : (
              <Table
                rows={keys.slice(0, 8)}
                columns={[
                  {
                    title: m.keys.key,
                    cell: ({ group }) => (
                      <a href={`/portal/keys/${group}`}>{steps.keyNames[group] ?? group}</a>
                    ),
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
        </>
      )}
    </Page>,
  );
});

/** Whether the first call has arrived: the overview asks while it waits. */
portal.get('/portal/arrived', async (context) => {
  const { workspace } = member(context);
  const [steps] = await context.var.services.reports.ask(queries.firstSteps(workspace.partner.id));
  return context.json({ arrived: steps.calls > 0 });
});

portal.post('/portal/partner', async (context) => {
  const { account } = member(context);
  const { data } = await readForm(context, z.object({ partner: z.uuid() }));
  if (data) await context.var.services.members.choose(account.id, data.partner);
  return context.redirect('/portal', 303);
});
