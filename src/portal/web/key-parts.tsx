// Keys as the portal shows them: the table, curl lines, the dialog that shows a secret once.

import { firstCalls } from '../../catalog/document-words.ts';
import { DAY_MS } from '../../core/time.ts';
import type { KeyAllowance } from '../../keys/key-allowance-store.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { Dialog, SecretSaved } from '../../web/components/dialog.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Code, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { signingCurl } from './guides/snippets.ts';

/** Keys unused for longer deserve a look. */
const STALE_DAYS = 30;

export const isStale = (key: KeyView, nowMs: number): boolean =>
  key.state === 'active' && nowMs - Date.parse(key.lastUsedAt ?? key.createdAt) > STALE_DAYS * DAY_MS;

const QUOTE = /'/g;
const shell = (text: string): string => `'${text.replace(QUOTE, "'\\''")}'`;

/** A line that works when pasted: it calls what the key may call. `secret`: or the shell's variable that holds it. */
export function curlLine(
  { origin, catalog }: Pick<View, 'origin' | 'catalog'>,
  key: Pick<KeyView, 'kind' | 'scopes' | 'keyId'>,
  secret: string,
): string {
  if (key.kind === 'signing')
    return `KEY_ID=${shell(key.keyId)} SECRET=${shell(secret)}\n${signingCurl(origin, catalog)}`;
  const text = secret.startsWith('$') ? `"${secret}"` : shell(secret);
  if (key.kind === 'oauth') {
    const client = `curl -s -u ${shell(key.keyId)}:${text} -d grant_type=client_credentials`;
    return `TOKEN=$(${client} ${shell(`${origin}/oauth/token`)} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')\n${bearerCurl({ origin, catalog }, key, '$TOKEN')}`;
  }
  return bearerCurl({ origin, catalog }, key, secret);
}

function bearerCurl(
  { origin, catalog }: Pick<View, 'origin' | 'catalog'>,
  key: Pick<KeyView, 'scopes'>,
  secret: string,
): string {
  const call = firstCalls(catalog).find(
    ({ method, scope }) => method === 'GET' && (scope === null || key.scopes.includes(scope)),
  );
  const path = call?.path ?? '/dashboard/me';
  // A variable is for the shell to fill in: no single quotes around it.
  const header = `Authorization: Bearer ${secret}`;
  return `curl -i -H ${secret.startsWith('$') ? `"${header}"` : shell(header)} ${shell(origin + path)}`;
}

/** How many live keys there are of those that the plan allows, with the list of them. */
export const AllowanceLink = ({ allowance: { used, limit } }: { allowance: KeyAllowance }) => {
  const { m, format } = useView();
  const text = limit < 0 ? m.keys.liveCount(used) : m.keys.liveOf(format.number(used), format.number(limit));
  return <a href="/portal/keys?environment=live">{text}</a>;
};

/** `appNames`: where keys of several apps are listed. */
export const KeyTable = ({
  keys,
  appNames,
}: {
  keys: readonly KeyView[];
  appNames?: ReadonlyMap<string, string>;
}) => {
  const { m, format, nowMs } = useView();
  return (
    <Table
      rows={keys}
      columns={[
        {
          title: m.keys.key,
          cell: (key) => (
            <>
              <a href={`/portal/keys/${key.keyId}`}>{key.name}</a>
              {key.budgetKeys > 0 && (
                <p class="small soft">{m.budgets.count(key.budgetKeys, format.number(key.budgetKeys))}</p>
              )}
              {key.retiring.map(({ keyPrefix, expiresAt }) => (
                <p class="small soft">
                  {m.keys.retiring(keyPrefix)} <Until at={expiresAt} />
                </p>
              ))}
            </>
          ),
        },
        ...(appNames
          ? [
              {
                title: m.keys.app,
                cell: ({ appId }: KeyView) => {
                  const name = appId && appNames.get(appId);
                  return name ? <a href={`/portal/apps/${appId}`}>{name}</a> : '–';
                },
              },
            ]
          : []),
        { title: m.keys.prefix, kind: 'mono tight', cell: (key) => shownPrefix(key) },
        { title: m.keys.scopes, kind: 'small', cell: ({ scopes }) => scopes.join(', ') },
        {
          title: m.keys.lastUsed,
          cell: (key) =>
            isStale(key, nowMs) ? (
              <span class="badge warn">{key.lastUsedAt ? format.ago(key.lastUsedAt) : m.keys.neverUsed}</span>
            ) : (
              <Time at={key.lastUsedAt} />
            ),
        },
        { title: m.keys.state, cell: ({ state }) => <KeyBadge state={state} /> },
      ]}
    />
  );
};

/** Shows a secret, once. The page that holds it is never stored, and going back does not bring it again. */
export const SecretDialog = ({ keyView, secret }: { keyView: KeyView; secret: string }) => {
  const view = useView();
  const { m } = view;
  return (
    <Dialog id="secret" title={m.secret.title(keyView.name)} open locked>
      <p>{m.secret.once}</p>
      {keyView.kind !== 'bearer' && (
        <div>
          <p class="label">{keyView.kind === 'oauth' ? m.secret.clientId : m.secret.keyId}</p>
          <Code text={keyView.keyId} />
        </div>
      )}
      <div data-secret>
        <p class="label">{m.secret.secret}</p>
        <Code text={secret} label={m.secret.secret} />
      </div>
      <div>
        <p class="label">{m.secret.try}</p>
        <Code text={curlLine(view, keyView, secret)} label={m.secret.try} />
      </div>
      <p
        class="soft"
        role="status"
        data-await={withQuery(`/portal/keys/${keyView.keyId}/arrived`, { since: String(view.nowMs) })}
        data-into
      >
        {m.secret.waiting}
      </p>
      <SecretSaved action={`/portal/keys/${keyView.keyId}`} words={m.secret.saved} />
    </Dialog>
  );
};
