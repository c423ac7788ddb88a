// Today: what needs somebody. Who waits for live access, which alerts are open, how the traffic of the last day went, what is
// behind, what is overdue, and whether last night's counts agreed.

import type { Episode } from '../../alerts/alert-store.ts';
import { RULES } from '../../alerts/rules.ts';
import type { Today } from '../../metrics/today-store.ts';
import type { WaitingRequest } from '../../partners/live-access-service.ts';
import { EpisodeTable } from '../../web/components/alert-parts.tsx';
import { Figure, Panel } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { WaitingTable } from './live-access-parts.tsx';

const MAX_SHOWN = 5;

const Traffic = ({ calls, refused, failed, p95 }: Today['traffic']) => {
  const { m, format } = useView();
  const share = (part: number) => (calls === 0 ? undefined : format.percent(part / calls));
  return (
    <dl class="figures">
      <Figure label={m.today.requests} value={format.number(calls)} note={m.today.lastDay} />
      <Figure label={m.today.refused} value={format.number(refused)} note={share(refused)} />
      <Figure label={m.outcomes.upstream} value={format.number(failed)} note={share(failed)} />
      <Figure label="P95" value={format.ms(p95)} note={m.today.live} />
    </dl>
  );
};

const Waiting = ({ requests, waiting }: { requests: readonly WaitingRequest[]; waiting: number }) => {
  const { m } = useView();
  return (
    <Panel
      title={m.liveAccess.queue}
      action={waiting > MAX_SHOWN && <a href="/operator/live-access">{m.today.all(waiting)}</a>}
    >
      {requests.length === 0 ? (
        <p class="pad soft">{m.liveAccess.nobody}</p>
      ) : (
        <WaitingTable requests={requests} />
      )}
    </Panel>
  );
};

const Alerts = ({ open }: { open: readonly Episode[] }) => {
  const { m } = useView();
  return (
    <Panel title={m.today.alerts} action={<a href="/operator/alerts">{m.console.alerts}</a>}>
      {open.length === 0 ? (
        <p class="pad soft">{m.alerts.none}</p>
      ) : (
        <EpisodeTable episodes={open} rules={new Map(Object.entries(RULES))} hasOwner />
      )}
    </Panel>
  );
};

/** Seconds that are worth a look. */
const LATE_SECONDS = 60;

const State = ({ isGood, text }: { isGood: boolean; text: string }) => (
  <span class={`badge ${isGood ? 'good' : 'bad'}`}>{text}</span>
);

const Standing = ({ backlog, overdue, lastNight }: Omit<Today, 'traffic'>) => {
  const { m, format } = useView();
  const { lagSeconds, webhookSeconds, deadLetters } = backlog;
  const delay = (seconds: number) => (
    <State
      isGood={seconds < LATE_SECONDS}
      text={seconds < LATE_SECONDS ? m.today.upToDate : m.today.behind(format.ms(seconds * 1000))}
    />
  );
  return (
    <Panel title={m.today.standing}>
      <dl class="facts pad">
        <dt>{m.today.usage}</dt>
        <dd>{delay(lagSeconds)}</dd>
        <dt>{m.console.webhooks}</dt>
        <dd>{delay(webhookSeconds)}</dd>
        <dt>
          <a href="/operator/dead-letters">{m.nav.deadLetters}</a>
        </dt>
        <dd>
          <State isGood={deadLetters === 0} text={format.number(deadLetters)} />
        </dd>
        <dt>
          <a href={withQuery('/operator/invoices', { status: 'open' })}>{m.today.overdue}</a>
        </dt>
        <dd>
          {overdue.length === 0 ? (
            <State isGood text={m.today.nothingOverdue} />
          ) : (
            overdue.map(({ currency, invoices, minor }) => (
              <State
                isGood={false}
                text={m.today.overdueOf(format.number(invoices), format.money(minor, currency))}
              />
            ))
          )}
        </dd>
        <dt>
          <a href="/operator/checks">{m.today.comparison}</a>
        </dt>
        <dd>
          {lastNight.day === null ? (
            <span class="soft">{m.operator.noChecks}</span>
          ) : (
            <State
              isGood={lastNight.differing === 0}
              text={
                lastNight.differing === 0
                  ? m.today.allAgree(format.number(lastNight.partners), format.date(lastNight.day))
                  : m.today.someDiffer(format.number(lastNight.differing), format.date(lastNight.day))
              }
            />
          )}
        </dd>
      </dl>
    </Panel>
  );
};

operatorConsole.get('/operator', async (context) => {
  const view = operator(context);
  const { m } = view;
  const { today, liveAccess, alerts } = context.var.services;
  const [{ traffic, ...standing }, requests, waiting, open] = await Promise.all([
    today.now(),
    liveAccess.queue(MAX_SHOWN),
    liveAccess.waiting(),
    alerts.list(undefined, MAX_SHOWN, { isOpen: true }),
  ]);
  return render(
    context,
    <ConsolePage view={view} title={m.today.title}>
      <h1>{m.today.title}</h1>
      <Traffic {...traffic} />
      <Waiting requests={requests} waiting={waiting} />
      <Alerts open={open} />
      <Standing {...standing} />
    </ConsolePage>,
  );
});
