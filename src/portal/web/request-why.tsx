// Why a request failed: which limit or rule refused it at that moment, whose it is, when it would have passed, what to obey,
// and where to change it; and what was answered. Of what its event kept; an older one has less to tell.

import type { Child } from 'hono/jsx';
import { isErrorCode } from '../../core/errors.ts';
import type { Failure } from '../../usage/event-columns.ts';
import type { EventDetail } from '../../usage/usage-reports.ts';
import { Code, Meter, Panel } from '../../web/components/parts.tsx';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';

/** What happened, and what to do about it. */
function guideOf({ error, status_code: status, failure }: EventDetail, { m }: View) {
  const { why } = m.requests;
  if (error !== null && isErrorCode(error)) return m.errorGuide[error];
  if (failure?.simulated) return { what: why.simulatedText, fix: '' };
  return { what: why.upstream(String(status)), fix: why.upstreamFix };
}

/** The page on which the limit or rule is changed. */
function changeOf({ error, app_id: app, key_id: key }: EventDetail, { level }: Failure, { m }: View) {
  const { raise } = m.requests.why;
  const keyPage = `/portal/keys/${key}`;
  if (level === 'key' || level === 'parent') return [keyPage, raise.key] as const;
  if (level === 'partner') return ['/portal/billing', raise.plan] as const;
  if (level === 'cap') return ['/portal/billing', raise.cap] as const;
  if (error === 'insufficient_permissions') return [keyPage, raise.scope] as const;
  if (error === 'ip_not_allowed') return [keyPage, raise.address] as const;
  if (error === 'origin_not_allowed' && app) return [`/portal/apps/${app}`, raise.origin] as const;
  return undefined;
}

function factsOf(row: EventDetail, failure: Failure, { m, format }: View): [term: string, fact: Child][] {
  const { why } = m.requests;
  const retryAfter = failure.headers?.['retry-after'];
  const facts: [string, Child | undefined][] = [
    [why.owner, failure.level && why.owners[failure.level]],
    [why.retryAt, failure.retry_at && format.moment(failure.retry_at)],
    [why.obey, retryAfter && <code>Retry-After: {retryAfter}</code>],
    [why.scope, failure.required_scope && <code>{failure.required_scope}</code>],
    [why.address, row.error === 'ip_not_allowed' && row.ip ? <code>{row.ip}</code> : undefined],
    [why.origin, failure.origin && <code>{failure.origin}</code>],
  ];
  return facts.flatMap(([term, fact]): [string, Child][] => (fact ? [[term, fact]] : []));
}

/** The limit as it stood at that moment. */
const LimitMeter = ({ failure }: { failure: Failure }) => {
  const { m, format } = useView();
  const { why } = m.requests;
  const { limit_type: type, limit, used, cost = 1 } = failure;
  if (!type || limit === undefined || used === undefined) return null;
  return (
    <Meter
      label={why.limits[type]}
      used={used}
      limit={limit}
      remaining={Math.max(0, limit - used)}
      note={cost > 1 ? why.cost(format.number(cost)) : undefined}
    />
  );
};

const isWorthRetrying = (status: number): boolean => status === 429 || status >= 500;

const Links = ({ row, failure }: { row: EventDetail; failure: Failure }) => {
  const view = useView();
  const { why } = view.m.requests;
  const change = changeOf(row, failure, view);
  return (
    <p class="row">
      {change && (
        <a class="button" href={change[0]}>
          {change[1]}
        </a>
      )}
      {isWorthRetrying(row.status_code) && <a href="/docs/retries">{why.retries}</a>}
      {row.error && <a href={`/docs/errors/${row.error}`}>{why.code}</a>}
    </p>
  );
};

/** Nothing of a request that went well. */
export const WhyPanel = ({ row }: { row: EventDetail }) => {
  const view = useView();
  const { docs, requests } = view.m;
  const { why } = requests;
  if (row.status_code < 400) return null;
  const failure = row.failure ?? {};
  const { what, fix } = guideOf(row, view);
  const facts = factsOf(row, failure, view);
  return (
    <Panel
      title={row.status_code < 500 && row.error ? why.refused : why.failed}
      action={failure.simulated && <span class="badge warn">{why.simulated}</span>}
    >
      <div class="pad meters">
        <div>
          <p>
            <strong>{what}</strong> {fix}
          </p>
          {failure.simulated && row.error && <p class="hint">{why.simulatedText}</p>}
          <p class="hint">{isWorthRetrying(row.status_code) ? docs.retry : docs.noRetry}</p>
        </div>
        <LimitMeter failure={failure} />
        {facts.length > 0 && (
          <dl class="facts">
            {facts.map(([term, fact]) => (
              <>
                <dt>{term}</dt>
                <dd>{fact}</dd>
              </>
            ))}
          </dl>
        )}
        <Links row={row} failure={failure} />
      </div>
    </Panel>
  );
};

/** Indented, where it is whole. */
function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** What was answered: the error itself, and what the headers said of limits. */
export const AnswerPanels = ({ row }: { row: EventDetail }) => {
  const { why } = useView().m.requests;
  const headers = Object.entries(row.failure?.headers ?? {}).sort();
  return (
    <>
      {row.error_body && (
        <Panel title={why.body}>
          <div class="pad">
            <Code text={indented(row.error_body)} />
          </div>
        </Panel>
      )}
      {headers.length > 0 && (
        <Panel title={why.headers}>
          <div class="pad">
            <Code text={headers.map(([name, value]) => `${name}: ${value}`).join('\n')} />
          </div>
        </Panel>
      )}
    </>
  );
};
