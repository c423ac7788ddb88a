// One partner: facts, members, usage, keys, audit, and the dialogs of what may be done with it.

import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { statusOf } from '../../partners/live-access-service.ts';
import type { InvitationView, MemberView } from '../../partners/member-service.ts';
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
import { tierName } from '../../web/plan-text.ts';
import { withQuery } from '../../web/redirects.ts';
import { shownAt, type View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { AnswersPanel } from './live-access-parts.tsx';
import { AssignDialog, LimitsDialog, SignaturesDialog, StatusDialog } from './partner-dialogs.tsx';
import { PartnerStatus } from './partner-status.tsx';
import { InviteDialog, NewAppDialog, NewKeyDialog } from './provisioning-dialogs.tsx';

const DAYS = 30;
const MAX_APPS = 100;

type StatusAction = 'approve' | 'suspend' | 'reinstate';

const PartnerHead = ({
  view,
  partner,
  action,
  isAsking,
}: {
  view: View;
  partner: PartnerView;
  action: StatusAction;
  /** For live access, and waits for an answer. */
  isAsking: boolean;
}) => {
  const { m } = view;
  return (
    <div>
      <p class="crumbs">
        <a href="/operator/partners">{m.nav.partners}</a>
      </p>
      <div class="head">
        <h1>{partner.name}</h1>
        <PartnerStatus view={view} status={partner.status} />
        <span class="grow" />
        <OpenDialog id="plan">{m.console.assign}</OpenDialog>
        <OpenDialog id="limits">{m.operator.limits}</OpenDialog>
        <OpenDialog id="signatures">{m.operator.signatures}</OpenDialog>
        {isAsking && (
          <OpenDialog id="decline" kind="danger">
            {m.liveAccess.decline}
          </OpenDialog>
        )}
        <OpenDialog id={action} kind={action === 'suspend' ? 'danger' : 'primary'}>
          {m.operator[action]}
        </OpenDialog>
      </div>
    </div>
  );
};

const PartnerFacts = ({
  view,
  partner,
  billing,
  plans,
}: {
  view: View;
  partner: PartnerView;
  billing: Billing;
  plans: readonly Plan[];
}) => {
  const { m, format } = view;
  return (
    <Panel title={m.keys.about}>
      <dl class="facts pad">
        <dt>{m.signIn.email}</dt>
        <dd>{partner.email}</dd>
        <dt>{m.liveAccess.company}</dt>
        <dd>{partner.company ?? '–'}</dd>
        <dt>{m.operator.tier}</dt>
        <dd>
          {tierName(view, plans, partner.tier)}, {billing.currency}
          {billing.taxBps > 0 && `, ${format.percent(billing.taxBps / 10_000)}`}{' '}
          <a href={withQuery('/operator/invoices', { search: partner.name })}>{m.console.invoices}</a>{' '}
          <a href={`/operator/partners/${partner.id}/simulation`}>{m.simulation.planLink}</a>
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

const PartnerMembers = ({
  view,
  members,
  invitations,
}: {
  view: View;
  members: readonly MemberView[];
  /** Those that are open. */
  invitations: readonly InvitationView[];
}) => {
  const { m } = view;
  const rows = [
    ...members.map(({ name, email, role }) => ({ name, email, role, until: undefined })),
    ...invitations.map(({ email, role, expiresAt }) => ({ name: null, email, role, until: expiresAt })),
  ];
  return (
    <Panel
      title={m.operator.members}
      action={
        <OpenDialog id="invite" kind="small">
          {m.provision.invite}
        </OpenDialog>
      }
    >
      {rows.length === 0 ? (
        <p class="pad soft">{m.provision.noMembers}</p>
      ) : (
        <Table
          hasHead={false}
          rows={rows}
          columns={[
            {
              title: m.members.who,
              cell: ({ name, email }) => (
                <>
                  {name ?? email}
                  {name && <p class="soft small">{email}</p>}
                </>
              ),
            },
            { title: m.members.role, cell: ({ role }) => m.roles[role].name },
            {
              title: m.members.until,
              kind: 'small',
              cell: ({ until }) =>
                until && (
                  <>
                    {m.provision.invited} <Time at={until} />
                  </>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
};

const PartnerKeys = ({ view, keys }: { view: View; keys: readonly KeyView[] }) => {
  const { m } = view;
  return (
    <Panel
      title={m.operator.keys}
      action={
        <div class="row">
          <OpenDialog id="new-app" kind="small">
            {m.apps.new}
          </OpenDialog>
          <OpenDialog id="new-key" kind="small">
            {m.keys.new}
          </OpenDialog>
        </div>
      }
    >
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
  const { partners, apps, keys, members, audit, reports, plans, liveAccess } = context.var.services;
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const [partner, keyList, people, trail, [outcomes], billing, planList, appList, request, invited] =
    await Promise.all([
      partners.get(id),
      keys.list(id),
      members.members(id),
      audit.list(id, 10),
      reports.ask(queries.outcomesByDay({ partnerId: id, environment: 'live', from, to })),
      plans.billing(id),
      plans.plansFor(id),
      apps.list(id, MAX_APPS),
      liveAccess.of(id),
      members.invitations(id),
    ]);
  const isAsking = statusOf(partner.status, request) === 'requested';
  const wrongIn = (name: string) => (dialog === name ? wrong : undefined);
  const action =
    partner.status === 'active' ? 'suspend' : partner.status === 'suspended' ? 'reinstate' : 'approve';
  return render(
    context,
    <ConsolePage view={view} title={partner.name}>
      <PartnerHead view={view} partner={partner} action={action} isAsking={isAsking} />
      {request && <AnswersPanel request={request} />}
      <div class="two">
        <PartnerFacts view={view} partner={partner} billing={billing} plans={planList} />
        <PartnerMembers view={view} members={people} invitations={invited} />
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
      {isAsking && <StatusDialog partner={partner} action="decline" base={base} wrong={wrongIn('decline')} />}
      <StatusDialog partner={partner} action={action} base={base} wrong={wrongIn(action)} />
      <AssignDialog partner={partner} plans={planList} billing={billing} wrong={wrongIn('plan')} />
      <LimitsDialog partner={partner} base={base} wrong={wrongIn('limits')} />
      <SignaturesDialog partner={partner} base={base} wrong={wrongIn('signatures')} />
      <NewAppDialog base={base} wrong={wrongIn('new-app')} />
      <NewKeyDialog
        base={base}
        apps={appList}
        scopes={keys.knownScopes()}
        isApproved={partner.status === 'active'}
        wrong={wrongIn('new-key')}
      />
      <InviteDialog base={base} name={partner.name} wrong={wrongIn('invite')} />
    </ConsolePage>,
    wrong?.status,
  );
}

operatorConsole.get('/operator/partners/:id', (context) => showPartner(context));
