// Partners: search, and who waits to be let in.

import type { Plan } from '../../billing/plan-store.ts';
import { idOr404 } from '../../http/api.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { Empty, Older, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { tierName } from '../../web/plan-text.ts';
import { shownAt, type View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { PartnerStatus } from './partner-status.tsx';
import { NewPartnerDialog } from './provisioning-dialogs.tsx';

const PAGE_ROWS = 50;

const SearchForm = ({ view, search, status }: { view: View; search?: string; status?: string }) => {
  const { m } = view;
  return (
    <form method="get" action="/operator/partners" class="inline">
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
  );
};

const PartnerTable = ({
  view,
  partners,
  plans,
}: {
  view: View;
  partners: readonly PartnerView[];
  plans: readonly Plan[];
}) => {
  const { m } = view;
  return (
    <Table
      rows={partners}
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
          cell: (partner) => <PartnerStatus view={view} status={partner.status} />,
        },
        { title: m.operator.tier, cell: ({ tier }) => tierName(view, plans, tier) },
        { title: m.operator.since, cell: ({ created_at }) => <Time at={created_at} /> },
        {
          title: m.operator.lastActive,
          cell: ({ last_active_at }) => <Time at={last_active_at} />,
        },
      ]}
    />
  );
};

export async function showPartners(context: ConsoleContext, wrong?: Wrong) {
  const view = shownAt(operator(context), '/operator/partners');
  const { m } = view;
  const search = context.req.query('search')?.slice(0, 200) || undefined;
  const status = context.req.query('status') || undefined;
  const before = context.req.query('before');
  const { partners, plans, liveAccess } = context.var.services;
  const [rows, waiting, offered] = await Promise.all([
    partners.list(PAGE_ROWS + 1, before ? idOr404(before, 'partner') : undefined, search, status),
    liveAccess.waiting(),
    plans.plans(),
  ]);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.partners}>
      <div class="head">
        <h1 class="grow">{m.nav.partners}</h1>
        <OpenDialog id="new-partner" kind="primary">
          {m.provision.newPartner}
        </OpenDialog>
      </div>
      {waiting > 0 && (
        <div class="note warn">
          <a href="/operator/live-access">{m.operator.waiting(waiting)}</a>
        </div>
      )}
      <SearchForm view={view} search={search} status={status} />
      <section class="panel">
        {shown.length === 0 ? (
          <Empty title={m.operator.none} />
        ) : (
          <PartnerTable view={view} partners={shown} plans={offered} />
        )}
      </section>
      <Older rows={rows} shown={shown} />
      <NewPartnerDialog plans={offered.filter(({ partnerId }) => partnerId === null)} wrong={wrong} />
    </ConsolePage>,
    wrong?.status,
  );
}

operatorConsole.get('/operator/partners', (context) => showPartners(context));
