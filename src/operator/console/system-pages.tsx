// Usage across partners, the audit of all, dead letters, and the nightly comparison.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404, numberCursor } from '../../http/api.ts';
import { reason } from '../../http/fields.ts';
import type { UsageMessage } from '../../usage/usage-event.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Empty, Panel, Time } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { readForm, render } from '../../web/web.ts';
import { ConsolePage, done, operator, operatorActor, operatorConsole } from './console-web.tsx';

const DAYS = 30;
const PAGE_ROWS = 50;

operatorConsole.get('/operator/usage', async (context) => {
  const view = operator(context);
  const { m, format, nowMs } = view;
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const [outcomes, top] = await context.var.services.reports.ask(
    queries.outcomesOfAll(from, to),
    queries.topPartners(from, to),
  );
  return render(
    context,
    <ConsolePage view={view} title={m.nav.usage}>
      <h1>{m.nav.usage}</h1>
      <Panel title={m.operator.all}>
        <div class="pad">
          <CallsChart
            view={view}
            bars={dayBars(outcomes, from, to)}
            isHourly={false}
            linkOf={() => view.path}
          />
        </div>
      </Panel>
      <Panel title={m.operator.top}>
        {top.length === 0 ? (
          <Empty title={m.usage.emptyTitle} />
        ) : (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{m.operator.partner}</th>
                <th scope="col" class="num">
                  {m.usage.requests}
                </th>
                <th scope="col" class="num">
                  {m.overview.errors}
                </th>
                <th scope="col" class="num">
                  {m.requests.units}
                </th>
              </tr>
            </thead>
            <tbody>
              {top.map((line) => (
                <tr>
                  <td>
                    <a href={`/operator/partners/${line.partnerId}`}>{line.name}</a>
                  </td>
                  <td class="num" data-label={m.usage.requests}>
                    {format.number(line.calls)}
                  </td>
                  <td class="num" data-label={m.overview.errors}>
                    {format.percent(line.errors / Math.max(1, line.calls))}
                  </td>
                  <td class="num" data-label={m.requests.units}>
                    {format.number(line.units)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </ConsolePage>,
  );
});

operatorConsole.get('/operator/audit', async (context) => {
  const view = operator(context);
  const { m } = view;
  const partnerId =
    z
      .uuid()
      .optional()
      .catch(undefined)
      .parse(context.req.query('partner') || undefined) ?? null;
  const { audit } = context.var.services;
  const rows = await audit.list(
    partnerId,
    PAGE_ROWS + 1,
    numberCursor(context.req.query('before') || undefined),
  );
  const shown = rows.slice(0, PAGE_ROWS);
  const last = shown.at(-1);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.audit}>
      <h1>{m.nav.audit}</h1>
      <section class="panel">
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{m.audit.what}</th>
              <th scope="col">{m.audit.who}</th>
              <th scope="col">{m.operator.partner}</th>
              <th scope="col">{m.operator.reason}</th>
              <th scope="col">{m.audit.when}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => (
              <tr>
                <td>{m.audit.actions[entry.action as keyof typeof m.audit.actions] ?? entry.action}</td>
                <td data-label={m.audit.who} class="small">
                  {entry.email ?? entry.actor}
                </td>
                <td data-label={m.operator.partner} class="mono small">
                  {entry.partnerId && (
                    <a href={`/operator/partners/${entry.partnerId}`}>{entry.partnerId.slice(-12)}</a>
                  )}
                </td>
                <td data-label={m.operator.reason} class="small">
                  {String(entry.details.reason ?? '')}
                </td>
                <td data-label={m.audit.when} class="tight">
                  <Time view={view} at={entry.createdAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > PAGE_ROWS && last && (
        <a class="button" href={withQuery(view.here, { before: String(last.id) })}>
          {m.requests.older}
        </a>
      )}
    </ConsolePage>,
  );
});

operatorConsole.get('/operator/dead-letters', async (context) => {
  const view = operator(context);
  const { m } = view;
  const letters = await context.var.services.usageStore.deadLetters(PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.deadLetters}>
      <h1>{m.nav.deadLetters}</h1>
      <p class="soft">{m.operator.letters}</p>
      <section class="panel">
        {letters.length === 0 ? (
          <Empty title={m.operator.noLetters} />
        ) : (
          <table class="list">
            <tbody>
              {letters.map((letter) => (
                <tr>
                  <td class="mono small">{letter.id}</td>
                  <td data-label={m.operator.queue}>{letter.queue}</td>
                  <td data-label={m.operator.received}>
                    <Time view={view} at={letter.receivedAt} />
                  </td>
                  <td>
                    {letter.replayedAt ? (
                      <span class="badge good">{m.operator.replayed}</span>
                    ) : (
                      <form
                        method="post"
                        action={`/operator/dead-letters/${letter.id}/replay`}
                        class="inline"
                      >
                        <input
                          name="reason"
                          required
                          maxlength={500}
                          aria-label={m.operator.reason}
                          placeholder={m.operator.reason}
                        />
                        <button type="submit" class="button small">
                          {m.operator.replay}
                        </button>
                      </form>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </ConsolePage>,
  );
});

operatorConsole.post('/operator/dead-letters/:id/replay', async (context) => {
  operator(context);
  const { usageStore, usageQueue, audit } = context.var.services;
  const { data } = await readForm(context, z.object({ reason }));
  if (!data) throw new AppError('validation_error');
  const letter = await usageStore.deadLetter(idOr404(context.req.param('id'), 'dead letter'));
  if (!letter) throw new AppError('not_found');
  if (letter.replayedAt) throw new AppError('conflict');
  // Whatever it is, the consumer judges it again.
  await usageQueue.send(letter.body as UsageMessage, { contentType: 'json' });
  await usageStore.markReplayed(letter.id);
  await audit.write(null, operatorActor(context), 'dead_letter.replayed', { id: letter.id }, data);
  return done(context, '/operator/dead-letters', 'replayed');
});

operatorConsole.get('/operator/checks', async (context) => {
  const view = operator(context);
  const { m, format } = view;
  const rows = await context.var.services.periods.reconciliations(100);
  const number = (value: unknown) => (typeof value === 'number' ? format.number(value) : '–');
  return render(
    context,
    <ConsolePage view={view} title={m.nav.checks}>
      <h1>{m.nav.checks}</h1>
      <p class="soft">{m.operator.checks}</p>
      <section class="panel">
        {rows.length === 0 ? (
          <Empty title={m.operator.noChecks} />
        ) : (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{m.operator.day}</th>
                <th scope="col">{m.operator.partner}</th>
                <th scope="col" class="num">
                  {m.operator.limiter}
                </th>
                <th scope="col" class="num">
                  {m.operator.events}
                </th>
                <th scope="col" class="num">
                  {m.operator.rollups}
                </th>
                <th scope="col" class="num">
                  {m.operator.quotas}
                </th>
                <th scope="col">{m.operator.agrees}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  <td>{String(row.day).slice(0, 10)}</td>
                  <td data-label={m.operator.partner} class="mono small">
                    <a href={`/operator/partners/${row.partner_id}`}>{String(row.partner_id).slice(-12)}</a>
                  </td>
                  <td class="num" data-label={m.operator.limiter}>
                    {number(row.limiter_units)}
                  </td>
                  <td class="num" data-label={m.operator.events}>
                    {number(row.event_units)}
                  </td>
                  <td class="num" data-label={m.operator.rollups}>
                    {number(row.rollup_units)}
                  </td>
                  <td class="num" data-label={m.operator.quotas}>
                    {number(row.quota_units)}
                  </td>
                  <td data-label={m.operator.agrees}>
                    <span class={`badge ${row.agrees ? 'good' : 'bad'}`}>
                      {row.agrees ? m.common.yes : m.operator.differs}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </ConsolePage>,
  );
});
