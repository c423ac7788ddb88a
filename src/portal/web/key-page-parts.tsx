// What the page of a key is made of.

import type { BudgetStanding } from '../../keys/key-budget-service.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { hasSecret } from '../../keys/oauth-client.ts';
import type { LimitGauges } from '../../limits/protocol.ts';
import type { AppView } from '../../partners/app-view-store.ts';
import type { ErrorLine, EventRow } from '../../usage/usage-reports.ts';
import { type Bar, CallsChart } from '../../web/components/chart.tsx';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { EnvironmentBadge, KeyBadge } from '../../web/components/key-badge.tsx';
import { Code, Empty, Meter, Note, Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { ErrorTable } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { BudgetFacts } from './budget-key-parts.tsx';
import { ClientFacts } from './client-fields.tsx';
import { curlLine, isStale } from './key-parts.tsx';

const MAX_LINES = 8;

/** Its requests, whatever environment was chosen. */
const requestsOf = ({ keyId, environment }: KeyView, filter: Record<string, string> = {}): string =>
  withQuery('/portal/requests', { key: keyId, environment, range: '7d', ...filter });

/** What whoever looks may do with the key now. */
export interface KeyRights {
  change: boolean;
  revoke: boolean;
}

/** `app`: whose it is, unless that is archived. */
export const KeyHead = ({
  apiKey: key,
  app,
  rights,
}: {
  apiKey: KeyView;
  app?: AppView;
  rights: KeyRights;
}) => {
  const { m } = useView();
  return (
    <div>
      <p class="crumbs">
        <a href="/portal/apps">{m.nav.apps}</a>
        {app && (
          <>
            {' '}
            · <a href={`/portal/apps/${app.id}`}>{app.name}</a>
          </>
        )}
      </p>
      <div class="head">
        <h1>{key.name}</h1>
        <KeyBadge state={key.state} />
        <EnvironmentBadge environment={key.environment} />
        <span class="grow" />
        {rights.change && (
          <>
            <OpenDialog id="edit">{m.common.change}</OpenDialog>
            {hasSecret(key) && <OpenDialog id="roll">{m.keys.roll}</OpenDialog>}
          </>
        )}
        {rights.revoke && (
          <OpenDialog id="revoke" kind="danger">
            {m.keys.revoke}
          </OpenDialog>
        )}
      </div>
    </div>
  );
};

/** What its owner should know of it first. */
export const KeyNotes = ({ apiKey: key }: { apiKey: KeyView }) => {
  const { m, nowMs } = useView();
  return (
    <>
      {isStale(key, nowMs) && <Note kind="warn">{m.keys.stale}</Note>}
      {key.retiring.map(({ keyPrefix, expiresAt, lastUsedAt }) => (
        <Note kind="warn">
          {m.keys.retiring(keyPrefix)}{' '}
          <b>
            <Until at={expiresAt} />
          </b>
          . {m.keys.lastUsed}
          {m.common.colon} <Time at={lastUsedAt} />. {m.keys.retiringHint}
        </Note>
      ))}
      {key.state === 'app_archived' && (
        <Note kind="bad">
          {m.keys.archivedText} <a href="/portal/apps">{m.nav.apps}</a>
        </Note>
      )}
      {key.state === 'quarantined' && <Note kind="bad">{m.keys.quarantinedText}</Note>}
      {!key.isActive && (
        <Note kind="bad">
          {m.keys.revokedAt} <Time at={key.revokedAt} />. {m.keys.why}
          {m.common.colon} {key.revokedReason}
        </Note>
      )}
    </>
  );
};

/** `last`: its last call of the days that the page shows. */
export const KeyFacts = ({
  apiKey: key,
  last,
  budget,
}: {
  apiKey: KeyView;
  last: EventRow | undefined;
  budget: BudgetStanding | null;
}) => {
  const { m, format } = useView();
  return (
    <Panel title={m.keys.about}>
      <dl class="facts pad">
        <dt>{m.keys.prefix}</dt>
        <dd class="mono">{shownPrefix(key)}</dd>
        <dt>{m.keys.id}</dt>
        <dd class="mono">{key.keyId}</dd>
        <dt>{m.keys.kind}</dt>
        <dd>{m.keys.kinds[key.kind]}</dd>
        {key.kind === 'signing' && (
          <>
            <dt>{m.keys.signatureRule}</dt>
            <dd>{m.keys.signatureRules[key.signatureRule]}</dd>
          </>
        )}
        {key.kind === 'oauth' && <ClientFacts apiKey={key} />}
        {budget && <BudgetFacts apiKey={key} budget={budget} />}
        <dt>{m.keys.scopes}</dt>
        <dd>{key.scopes.join(', ')}</dd>
        <dt>{m.apps.ips}</dt>
        <dd>{key.allowedIps.length > 0 ? key.allowedIps.join(', ') : m.keys.anywhere}</dd>
        {key.apiVersion && (
          <>
            <dt>{m.versions.pin}</dt>
            <dd>
              <a href="/portal/versions">{key.apiVersion}</a>
            </dd>
          </>
        )}
        <dt>{m.common.created}</dt>
        <dd>
          <Time at={key.createdAt} />
        </dd>
        <dt>{m.keys.expires}</dt>
        <dd>{key.expiresAt ? <Until at={key.expiresAt} /> : m.common.never}</dd>
        <dt>{m.keys.lastUsed}</dt>
        <dd>
          <Time at={key.lastUsedAt} />
          {last?.country ? `, ${format.country(last.country)}` : last?.ip ? `, ${last.ip}` : ''}
        </dd>
      </dl>
    </Panel>
  );
};

export const KeyLimits = ({
  apiKey: key,
  gauges,
}: {
  apiKey: KeyView;
  gauges: (LimitGauges & { sustained: number }) | undefined;
}) => {
  const { m, format } = useView();
  if (!gauges)
    return (
      <Panel title={m.keys.limits}>
        <p class="soft pad">{m.quota.unknown}</p>
      </Panel>
    );
  const shown = [
    [m.quota.burst, gauges.burst],
    [m.quota.day, gauges.day],
    [m.quota.month, gauges.month],
    ...(gauges.budget ? [[m.explain.names.budget, gauges.budget] as const] : []),
  ] as const;
  return (
    <Panel title={m.keys.limits}>
      <div class="pad meters">
        {shown.map(([label, { limit, remaining }]) => (
          <Meter label={label} used={limit < 0 ? 0 : limit - remaining} limit={limit} remaining={remaining} />
        ))}
        <p class="hint">
          {m.quota.refill(format.number(gauges.sustained))} {m.quota.tighter}{' '}
          {key.counterId !== null && key.counterId !== key.id && m.budgets.limitsOf}
        </p>
      </div>
    </Panel>
  );
};

export const KeyActivity = ({
  apiKey: key,
  bars,
  days,
}: {
  apiKey: KeyView;
  bars: readonly Bar[];
  days: number;
}) => {
  const view = useView();
  const { m } = view;
  const isActive = key.state === 'active';
  const variable = key.kind === 'oauth' ? 'CLIENT_SECRET' : 'API_KEY';
  return (
    <Panel title={m.keys.inDays(days)} action={<a href={requestsOf(key)}>{m.nav.requests}</a>}>
      {bars.every(({ counts }) => Object.keys(counts).length === 0) ? (
        <Empty title={m.usage.emptyTitle}>
          {isActive && key.kind !== 'signing' && hasSecret(key) && (
            <>
              <p>{m.keys.tryIt(variable)}</p>
              <Code text={curlLine(view, key, `$${variable}`)} label={m.keys.tryIt(variable)} />
            </>
          )}
          {hasSecret(key) && <p class="soft small">{m.secret.lost}</p>}
        </Empty>
      ) : (
        <div class="pad">
          <CallsChart bars={bars} isHourly={false} linkOf={(outcome) => requestsOf(key, { outcome })} />
        </div>
      )}
    </Panel>
  );
};

export const KeyProblems = ({
  apiKey: key,
  errors,
  countries,
}: {
  apiKey: KeyView;
  errors: readonly ErrorLine[];
  countries: readonly { name: string; calls: number }[];
}) => {
  const { m, format } = useView();
  return (
    <div class="two">
      <Panel title={m.overview.errors}>
        <ErrorTable
          errors={errors.slice(0, MAX_LINES)}
          hrefOf={({ code }) => requestsOf(key, { error: code })}
        />
      </Panel>
      <Panel title={m.usage.countries}>
        <Table
          hasHead={false}
          rows={countries.slice(0, MAX_LINES)}
          columns={[
            { title: m.usage.countries, cell: ({ name }) => format.country(name) },
            { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
          ]}
        />
      </Panel>
    </div>
  );
};
