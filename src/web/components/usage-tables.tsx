// Tables that the portal and the console share: errors by code and route, and the audit trail.

import type { AuditEntry } from '../../audit/audit-store.ts';
import { isErrorCode } from '../../core/errors.ts';
import { upstreamStatus } from '../../usage/problem.ts';
import { type ErrorLine, IMPORTED } from '../../usage/usage-reports.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { Time } from './parts.tsx';
import { Table } from './table.tsx';

/** `upstream 503` of what the upstream answered; a code of ours as it is. */
export function problemName({ m }: Pick<View, 'm'>, problem: string): string {
  const status = upstreamStatus(problem);
  return status === undefined ? problem : `${m.requests.upstreamSaid} ${status}`;
}

/** A key by its name, a route as it is, and what was imported in words. */
export const groupName = (
  { m }: Pick<View, 'm'>,
  group: string,
  keyNames: Record<string, string> = {},
): string => keyNames[group] ?? (group === IMPORTED ? m.outcomes.imported : group);

export const Problem = ({ code }: { code: string }) =>
  isErrorCode(code) ? (
    <a href={`/docs/errors/${code}`}>
      <code>{code}</code>
    </a>
  ) : (
    <span>{problemName(useView(), code)}</span>
  );

export const ErrorTable = ({
  errors,
  hrefOf,
}: {
  errors: readonly ErrorLine[];
  /** Where a count leads. */
  hrefOf(line: ErrorLine): string;
}) => {
  const { m, format } = useView();
  if (errors.length === 0) return <p class="pad soft">{m.overview.noProblems}</p>;
  return (
    <Table
      hasHead={false}
      rows={errors}
      columns={[
        {
          title: m.requests.error,
          cell: ({ code, route }) => (
            <>
              <Problem code={code} />
              <br />
              <span class="soft small mono">{route}</span>
            </>
          ),
        },
        {
          title: m.usage.requests,
          kind: 'num',
          cell: (line) => <a href={hrefOf(line)}>{format.number(line.calls)}</a>,
        },
      ]}
    />
  );
};

export const actionName = ({ m }: View, action: string): string =>
  m.audit.actions[action as keyof typeof m.audit.actions] ?? action;

/** What was done, and to what. */
export const Done = ({ entry: { action, object } }: { entry: Pick<AuditEntry, 'action' | 'object'> }) => (
  <>
    {actionName(useView(), action)} {object && <strong class="break">{object}</strong>}
  </>
);

/** As operators see it: who by address, and why. */
export const AuditTable = ({
  entries,
  hasPartner,
}: {
  entries: readonly AuditEntry[];
  hasPartner?: boolean;
}) => {
  const { m } = useView();
  return (
    <Table
      hasHead={hasPartner}
      rows={entries}
      columns={[
        { title: m.audit.what, cell: (entry) => <Done entry={entry} /> },
        { title: m.audit.who, kind: 'small', cell: ({ email, actor }) => email ?? actor },
        ...(hasPartner
          ? [
              {
                title: m.operator.partner,
                kind: 'small',
                cell: ({ partnerId, partner }: AuditEntry) =>
                  partnerId && (
                    <a href={`/operator/partners/${partnerId}`}>{partner ?? partnerId.slice(-12)}</a>
                  ),
              },
            ]
          : []),
        { title: m.operator.reason, kind: 'small', cell: ({ details }) => String(details.reason ?? '') },
        { title: m.audit.when, kind: 'tight', cell: ({ createdAt }) => <Time at={createdAt} /> },
      ]}
    />
  );
};
