// One partner: facts, members, usage, keys, audit, and the dialogs of what may be done with it.

import type { Billing } from '../../billing/plan-service.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { MemberView } from '../../partners/member-service.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import type { Wrong } from '../../web/forms.ts';
import { withQuery } from '../../web/redirects.ts';
import { shownAt, type View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { AssignDialog, LimitsDialog, SignaturesDialog, StatusDialog } from './partner-dialogs.tsx';
import { PartnerStatus } from './partner-status.tsx';

const DAYS = 30;

type StatusAction = 'approve' | 'suspend' | 'reinstate';

const PartnerHead = ({
  view,
  partner,
  action,
}: {
  view: View;
  partner: PartnerView;
  action: StatusAction;
}) => {
  const { m } = view;
  return (
    <div>
      <p class="crumbs">
        <a href="/operator">{m.nav.partners}</a>
      </p>
      <div class="head">
        <h1>{partner.name}</h1>
        <PartnerStatus view={view} status={partner.status} />
        <span class="grow" />
        <OpenDialog id="plan">{m.money.assign}</OpenDialog>
        <OpenDialog id="limits">{m.operator.limits}</OpenDialog>
        <OpenDialog id="signatures">{m.operator.signatures}</OpenDialog>
        <OpenDialog id={action} kind={action === 'suspend' ? 'danger' : 'primary'}>
          {m.operator[action]}
        </OpenDialog>
      </div>
    </div>
  );
};

const PartnerFacts = ({ view, partner, billing }: { view: View; partner: PartnerView; billing: Billing }) => {
  const { m, format } = view;
  return (
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
          <Time at={partner.created_at} />
        </dd>
        <dt>{m.operator.lastActive}</dt>
        <dd>
          <Time at={partner.last_active_at} />
        </dd>
      </dl>
    </Panel>
  );
};

const PartnerMembers = ({ view, members }: { view: View; members: readonly MemberView[] }) => {
  const { m } = view;
  return (
    <Panel title={m.operator.members}>
      <Table
        hasHead={false}
        rows={members}
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
  );
};

const PartnerKeys = ({ view, keys }: { view: View; keys: readonly KeyView[] }) => {
  const { m } = view;
  return (
    <Panel title={m.operator.keys}>
      {keys.length === 0 ? (
        <Empty title={m.keys.emptyTitle} />
      ) : (
        <Table
          hasHead={false}
          rows={keys.slice(0, 50)}
          columns={[
            {
              title: m.keys.key,
              cell: ({ keyId, name }) => <a href={`/operator/keys/${keyId}`}>{name}</a>,
            },
            { title: m.keys.prefix, kind: 'mono small', cell: (key) => shownPrefix(key) },
            {
              title: m.keys.state,
              cell: ({ state }) => <KeyBadge state={state} />,
            },
            { title: m.keys.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
          ]}
        />
      )}
    </Panel>
  );
};

/** `wrong`: what was sent of this dialog, and could not be done. */
export async function showPartner(context: ConsoleContext, dialog?: string, wrong?: Wrong) {
  const id = idOr404(context.req.param('id') ?? '', 'partner');
  const base = `/operator/partners/${id}`;
  const view = shownAt(operator(context), base);
  const { m, nowMs } = view;
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
  const action =
    partner.status === 'active' ? 'suspend' : partner.status === 'suspended' ? 'reinstate' : 'approve';
  return render(
    context,
    <ConsolePage view={view} title={partner.name}>
      <PartnerHead view={view} partner={partner} action={action} />
      <div class="two">
        <PartnerFacts view={view} partner={partner} billing={billing} />
        <PartnerMembers view={view} members={people} />
      </div>
      <Panel title={m.operator.usage}>
        <div class="pad">
          <CallsChart bars={dayBars(outcomes, from, to)} isHourly={false} linkOf={() => view.path} />
        </div>
      </Panel>
      <PartnerKeys view={view} keys={keyList} />
      <Panel
        title={m.operator.audit}
        action={<a href={`/operator/audit?partner=${partner.id}`}>{m.requests.all}</a>}
      >
        <AuditTable entries={trail} />
      </Panel>
      <StatusDialog partner={partner} action={action} base={base} wrong={wrongIn(action)} />
      <AssignDialog partnerId={partner.id} plans={planList} billing={billing} wrong={wrongIn('plan')} />
      <LimitsDialog partner={partner} base={base} wrong={wrongIn('limits')} />
      <SignaturesDialog partner={partner} base={base} wrong={wrongIn('signatures')} />
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/partners/:id', (context) => showPartner(context));
