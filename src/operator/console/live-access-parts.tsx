// Requests for live access as operators see them: the queue, and the answers of one partner.

import type { LiveAccessRequest, WaitingRequest } from '../../partners/live-access-service.ts';
import { Note, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';

/** The oldest first. */
export const WaitingTable = ({ requests }: { requests: readonly WaitingRequest[] }) => {
  const { m, format } = useView();
  return (
    <Table
      rows={requests}
      columns={[
        {
          title: m.operator.partner,
          cell: ({ partnerId, partner, company }) => (
            <>
              <a href={`/operator/partners/${partnerId}`}>{partner}</a>
              <p class="soft small">{company}</p>
            </>
          ),
        },
        { title: m.liveAccess.use, kind: 'small', cell: ({ useCase }) => useCase.slice(0, 140) },
        {
          title: m.liveAccess.volume,
          kind: 'num',
          cell: ({ monthlyRequests }) => format.number(monthlyRequests),
        },
        { title: m.liveAccess.asked, kind: 'tight', cell: ({ askedAt }) => <Time at={askedAt} /> },
      ]}
    />
  );
};

/** What a partner said when it asked. */
export const AnswersPanel = ({ request }: { request: LiveAccessRequest }) => {
  const { m, format } = useView();
  return (
    <Panel title={m.liveAccess.request}>
      {request.declineReason !== null && (
        <Note kind="warn">
          {m.liveAccess.declined} {request.declineReason}
        </Note>
      )}
      <dl class="facts pad">
        <dt>{m.liveAccess.asked}</dt>
        <dd>
          <Time at={request.askedAt} />
        </dd>
        <dt>{m.liveAccess.company}</dt>
        <dd>{request.company}</dd>
        <dt>{m.liveAccess.site}</dt>
        <dd>
          {request.website === null ? (
            '–'
          ) : (
            <a href={request.website} rel="noreferrer nofollow">
              {request.website}
            </a>
          )}
        </dd>
        <dt>{m.liveAccess.use}</dt>
        <dd class="prewrap">{request.useCase}</dd>
        <dt>{m.liveAccess.volume}</dt>
        <dd>{format.number(request.monthlyRequests)}</dd>
      </dl>
    </Panel>
  );
};
