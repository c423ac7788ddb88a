// The overview: first the three steps to a first answer, later today at a glance.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { statusOf } from '../../partners/live-access-service.ts';
import { queries } from '../../usage/usage-reports.ts';
import { Panel } from '../../web/components/parts.tsx';
import { ErrorTable } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { readForm, render } from '../../web/web.ts';
import { takeFirstKey } from './first-key.ts';
import { FirstKeyPanel } from './first-key-panel.tsx';
import { AttentionNotes, QuotaPanel, StepsPanel, TodayFigures, TopKeys } from './overview-parts.tsx';
import { member, Page, portal, standingOf } from './portal-web.tsx';
import { EndingNotes } from './version-page.tsx';

const DAYS = 30;
const MAX_ERRORS = 6;
const MAX_ALERTS = 3;

portal.get('/portal', async (context) => {
  const view = member(context);
  const { m, workspace, environment } = view;
  const { partner } = workspace;
  const { alerts, reports, limiter, liveAccess } = context.var.services;
  const today = isoDay(view.nowMs);
  const scope = { partnerId: partner.id, environment, from: today, to: today };
  const month = { ...scope, from: isoDay(view.nowMs - (DAYS - 1) * DAY_MS) };
  const [[steps, day, all, errors, keys], standing, open, request, firstKey, versions] = await Promise.all([
    reports.ask(
      queries.firstSteps(partner.id),
      queries.total(scope),
      queries.total(month),
      queries.errors({ ...scope, from: isoDay(view.nowMs - 6 * DAY_MS) }),
      queries.lines(month, 'key'),
    ),
    standingOf(view, limiter),
    workspace.attention.alerts > 0 ? alerts.list(partner.id, MAX_ALERTS, { isOpen: true }) : [],
    liveAccess.of(partner.id),
    takeFirstKey(context, view.account.id),
    context.var.services.versions.ofPartner(partner.id),
  ]);
  const isNew = steps.calls === 0;
  const isClosed = partner.status === 'suspended' || partner.status === 'inactive';
  const hasAsked = statusOf(partner.status, request) === 'requested';
  // A secret that is shown once is not loaded away.
  const isWaiting = !firstKey && ((steps.keys > 0 && isNew) || hasAsked);
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
      {partner.status === 'inactive' && <div class="note warn">{m.overview.status(partner.status)}</div>}
      <AttentionNotes episodes={open} />
      <EndingNotes versions={versions} />
      {firstKey && <FirstKeyPanel {...firstKey} />}
      {!isClosed && <StepsPanel steps={steps} isWaiting={isWaiting} hasAsked={hasAsked} />}
      {!isNew && (
        <>
          <TodayFigures day={day} all={all} days={DAYS} />
          <div class="two">
            <QuotaPanel standing={standing} />
            <Panel title={m.overview.problems}>
              <ErrorTable
                errors={errors.slice(0, MAX_ERRORS)}
                hrefOf={({ code, route }) =>
                  withQuery('/portal/requests', { error: code, route, range: '7d' })
                }
              />
            </Panel>
          </div>
          <TopKeys keys={keys} names={steps.keyNames} />
        </>
      )}
    </Page>,
  );
});

/** Whether the first call, or the approval, has arrived: the overview asks while it waits. */
portal.get('/portal/arrived', async (context) => {
  const { workspace } = member(context);
  const { calls, status } = context.req.query();
  const [steps] = await context.var.services.reports.ask(queries.firstSteps(workspace.partner.id));
  const isNews = String(steps.calls) !== calls || workspace.partner.status !== status;
  return context.text(isNews ? 'news' : '');
});

portal.post('/portal/partner', async (context) => {
  const { account } = member(context);
  const { data } = await readForm(context, z.object({ partner: z.uuid() }));
  if (data) await context.var.services.members.choose(account.id, data.partner);
  return context.redirect('/portal', 303);
});
