// Partners: search, approve, suspend, tier, limits, keys, audit. Every action has a reason, which is audited.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { reason, signatureRule } from '../../http/fields.ts';
import { SIGNATURE_RULES } from '../../keys/signature.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Dialog, Empty, Field, Older, OpenDialog, Panel, Select, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { withQuery } from '../../web/redirects.ts';
import { shownAt, type View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import { AssignDialog, assignForm, LimitsDialog, limitsForm } from './partner-dialogs.tsx';

const PAGE_ROWS = 50;
const DAYS = 30;

const StatusBadge = ({ view, status }: { view: View; status: string }) => (
  <span
    class={`badge ${status === 'active' ? 'good' : status === 'suspended' || status === 'inactive' ? 'bad' : 'warn'}`}
  >
    {view.m.operator.statuses[status] ?? status}
  </span>
);

operatorConsole.get('/operator', async (context) => {
  const view = operator(context);
  const { m } = view;
  const search = context.req.query('search')?.slice(0, 200) || undefined;
  const status = context.req.query('status') || undefined;
  const before = context.req.query('before');
  const { partners } = context.var.services;
  const rows = await partners.list(
    PAGE_ROWS + 1,
    before ? idOr404(before, 'partner') : undefined,
    search,
    status,
  );
  const waiting = await partners.waiting();
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.partners}>
      <h1>{m.nav.partners}</h1>
      {waiting > 0 && (
        <div class="note warn">
          <a href="/operator?status=sandbox_only">{m.operator.waiting(waiting)}</a>
        </div>
      )}
      <form method="get" action="/operator" class="inline">
        <div>
          <label for="search">{m.operator.search}</label>
          <input id="search" name="search" value={search ?? ''} size={30} />
        </div>
        <div>
          <label for="status">{m.operator.status}</label>
          <select id="status" name="status">
            <option value="">{m.requests.all}</option>
            {(['active', 'sandbox_only', 'suspended'] as const).map((each) => (
              <option value={each} selected={each === status}>
                {m.operator.statuses[each]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button">
          {m.operator.searchButton}
        </button>
      </form>
      <section class="panel">
        {shown.length === 0 ? (
          <Empty title={m.operator.none} />
        ) : (
          <Table
            rows={shown}
            columns={[
              {
                title: m.operator.partner,
                cell: ({ id, name, email }) => (
                  <>
                    <a href={`/operator/partners/${id}`}>{name}</a>
                    <p class="soft small">{email}</p>
                  </>
                ),
              },
              {
                title: m.operator.status,
                cell: (partner) => <StatusBadge view={view} status={partner.status} />,
              },
              { title: m.operator.tier, cell: ({ tier }) => tier },
              { title: m.operator.since, cell: ({ created_at }) => <Time view={view} at={created_at} /> },
              {
                title: m.operator.lastActive,
                cell: ({ last_active_at }) => <Time view={view} at={last_active_at} />,
              },
            ]}
          />
        )}
      </section>
      <Older view={view} rows={rows} shown={shown} />
    </ConsolePage>,
  );
});

/** `wrong`: what was sent of this dialog, and could not be done. */
async function showPartner(context: ConsoleContext, dialog?: string, wrong?: Wrong) {
  const id = idOr404(context.req.param('id') ?? '', 'partner');
  const base = `/operator/partners/${id}`;
  const view = shownAt(operator(context), base);
  const { m, format, nowMs } = view;
  const { partners, keys, members, audit, reports, plans } = context.var.services;
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const [partner, keyList, people, trail, [outcomes], billing, planList] = await Promise.all([
    partners.get(id),
    keys.list(id),
    members.members(id),
    audit.list(id, 10),
    reports.ask(queries.outcomesByDay({ partnerId: id, environment: 'live', from, to })),
    plans.billing(id),
    plans.plansFor(id),
  ]);
  const wrongIn = (name: string) => (dialog === name ? wrong : undefined);
  const isOpen = (name: string) => (wrongIn(name) ? true : undefined);
  const why = (scope: string) => (
    <Field
      scope={scope}
      name="reason"
      label={m.operator.reason}
      required
      maxlength={500}
      value={wrongIn(scope)?.values.reason}
      error={wrongIn(scope)?.errors.reason}
    />
  );
  const action =
    partner.status === 'active' ? 'suspend' : partner.status === 'suspended' ? 'reinstate' : 'approve';
  return render(
    context,
    <ConsolePage view={view} title={partner.name}>
      <div>
        <p class="crumbs">
          <a href="/operator">{m.nav.partners}</a>
        </p>
        <div class="head">
          <h1>{partner.name}</h1>
          <StatusBadge view={view} status={partner.status} />
          <span class="grow" />
          <OpenDialog view={view} id="plan">
            {m.money.assign}
          </OpenDialog>
          <OpenDialog view={view} id="limits">
            {m.operator.limits}
          </OpenDialog>
          <OpenDialog view={view} id="signatures">
            {m.operator.signatures}
          </OpenDialog>
          <OpenDialog view={view} id={action} kind={action === 'suspend' ? 'danger' : 'primary'}>
            {m.operator[action]}
          </OpenDialog>
        </div>
      </div>
      <div class="two">
        <Panel title={m.keys.about}>
          <dl class="facts pad">
            <dt>{m.signIn.email}</dt>
            <dd>{partner.email}</dd>
            <dt>{m.settings.company}</dt>
            <dd>{partner.company ?? '–'}</dd>
            <dt>{m.operator.tier}</dt>
            <dd>
              {partner.tier}, {billing.currency}
              {billing.taxBps > 0 && `, ${format.percent(billing.taxBps / 10_000)}`}{' '}
              <a href={withQuery('/operator/invoices', { search: partner.name })}>{m.money.invoices}</a>
            </dd>
            <dt>{m.operator.limits}</dt>
            <dd>
              {[partner.rate_limit_per_second, partner.rate_limit_per_day, partner.rate_limit_per_month]
                .map((limit) => (limit < 0 ? '∞' : format.number(limit)))
                .join(' / ')}{' '}
              <span class="soft">({partner.custom_limits ? m.operator.custom : m.operator.fromTier})</span>
            </dd>
            <dt>{m.operator.overage}</dt>
            <dd>{m.operator.overages[partner.overage_action]}</dd>
            <dt>{m.operator.signatures}</dt>
            <dd>{m.keys.signatureRules[partner.signature_rule]}</dd>
            <dt>{m.common.created}</dt>
            <dd>
              <Time view={view} at={partner.created_at} />
            </dd>
            <dt>{m.operator.lastActive}</dt>
            <dd>
              <Time view={view} at={partner.last_active_at} />
            </dd>
          </dl>
        </Panel>
        <Panel title={m.operator.members}>
          <Table
            hasHead={false}
            rows={people}
            columns={[
              {
                title: m.members.who,
                cell: ({ name, email }) => (
                  <>
                    {name ?? email}
                    <p class="soft small">{email}</p>
                  </>
                ),
              },
              { title: m.members.role, cell: ({ role }) => m.roles[role].name },
            ]}
          />
        </Panel>
      </div>
      <Panel title={m.operator.usage}>
        <div class="pad">
          <CallsChart
            view={view}
            bars={dayBars(outcomes, from, to)}
            isHourly={false}
            linkOf={() => view.path}
          />
        </div>
      </Panel>
      <Panel title={m.operator.keys}>
        {keyList.length === 0 ? (
          <Empty title={m.keys.emptyTitle} />
        ) : (
          <Table
            hasHead={false}
            rows={keyList.slice(0, 50)}
            columns={[
              {
                title: m.keys.key,
                cell: ({ keyId, name }) => <a href={`/operator/keys/${keyId}`}>{name}</a>,
              },
              { title: m.keys.prefix, kind: 'mono small', cell: ({ keyPrefix }) => keyPrefix },
              {
                title: m.keys.state,
                cell: ({ state }) => <KeyBadge view={view} state={state} />,
              },
              { title: m.keys.lastUsed, cell: ({ lastUsedAt }) => <Time view={view} at={lastUsedAt} /> },
            ]}
          />
        )}
      </Panel>
      <Panel
        title={m.operator.audit}
        action={<a href={`/operator/audit?partner=${partner.id}`}>{m.requests.all}</a>}
      >
        <AuditTable view={view} entries={trail} />
      </Panel>
      <Dialog view={view} id={action} title={`${m.operator[action]} · ${partner.name}`} open={isOpen(action)}>
        <form method="post" action={`${base}/${action}`} class="stack">
          <p>{action === 'suspend' ? m.operator.suspendText : m.operator.approveText}</p>
          {why(action)}
          <div class="actions">
            <button type="submit" class={`button ${action === 'suspend' ? 'solid-danger' : 'primary'}`}>
              {m.operator[action]}
            </button>
          </div>
        </form>
      </Dialog>
      <AssignDialog
        view={view}
        partnerId={partner.id}
        plans={planList}
        billing={billing}
        wrong={wrongIn('plan')}
      />
      <LimitsDialog view={view} partner={partner} base={base} wrong={wrongIn('limits')} />
      <Dialog view={view} id="signatures" title={m.operator.signatures} open={isOpen('signatures')}>
        <form method="post" action={`${base}/signatures`} class="stack">
          <p>{m.operator.signaturesText}</p>
          <p class="hint">
            {m.keys.signatureWorth.bound} {m.keys.signatureWorth.body}
          </p>
          <Select
            scope="signatures"
            name="rule"
            label={m.keys.signatureRule}
            value={wrongIn('signatures')?.values.rule ?? partner.signature_rule}
            error={wrongIn('signatures')?.errors.rule}
            options={SIGNATURE_RULES.map((rule) => [rule, m.keys.signatureRules[rule]] as const)}
          />
          {why('signatures')}
          <div class="actions">
            <button type="submit" class="button primary">
              {m.common.save}
            </button>
          </div>
        </form>
      </Dialog>
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/partners/:id', (context) => showPartner(context));

const STATUSES = { approve: 'active', reinstate: 'active', suspend: 'suspended' } as const;
const DONE = { approve: 'approved', reinstate: 'reinstated', suspend: 'suspended' } as const;

for (const action of ['approve', 'reinstate', 'suspend'] as const) {
  operatorConsole.post(`/operator/partners/:id/${action}`, (context: ConsoleContext) => {
    const { origin } = operator(context);
    const id = idOr404(context.req.param('id') ?? '', 'partner');
    return submit(context, z.object({ reason }), {
      async work({ reason: why }) {
        const { partners } = context.var.services;
        await partners.setStatus(id, STATUSES[action], why, operatorActor(context), origin);
        return done(context, `/operator/partners/${id}`, DONE[action]);
      },
      again: (wrong) => showPartner(context, action, wrong),
    });
  });
}

operatorConsole.post('/operator/partners/:id/limits', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, limitsForm, {
    async work(data) {
      const change = data.back_to_tier
        ? null
        : { perSecond: data.second, perDay: data.day, perMonth: data.month, overageAction: data.overage };
      await context.var.services.partners.setLimits(id, change, operatorActor(context), data.reason);
      return done(context, `/operator/partners/${id}`, 'limits_changed');
    },
    again: (wrong) => showPartner(context, 'limits', wrong),
  });
});

operatorConsole.post('/operator/partners/:id/plan', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, assignForm, {
    async work(data) {
      const { plans } = context.var.services;
      const now = await plans.billing(id);
      const change = {
        tier: data.tier === now.tier ? undefined : data.tier,
        taxBps: data.tax,
        currency: data.currency === (now.nextCurrency ?? now.currency) ? undefined : data.currency,
        reason: data.reason,
      };
      await plans.assign(id, change, operatorActor(context));
      return done(context, `/operator/partners/${id}`, 'saved');
    },
    again: (wrong) => showPartner(context, 'plan', wrong),
  });
});

operatorConsole.post('/operator/partners/:id/signatures', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, z.object({ rule: signatureRule, reason }), {
    async work({ rule, reason: why }) {
      await context.var.services.partners.setSignatureRule(id, rule, operatorActor(context), why);
      return done(context, `/operator/partners/${id}`, 'signatures_changed');
    },
    again: (wrong) => showPartner(context, 'signatures', wrong),
  });
});
