// Keys as the portal shows them: the table, curl lines, the dialog that shows a secret once.

import { DAY_MS } from '../../core/time.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { Dialog, SecretSaved } from '../../web/components/dialog.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Code, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';
import { signingCurl } from './guides/snippets.ts';

/** Keys unused for longer deserve a look. */
const STALE_DAYS = 30;

export const isStale = (key: KeyView, nowMs: number): boolean =>
  key.state === 'active' && nowMs - Date.parse(key.lastUsedAt ?? key.createdAt) > STALE_DAYS * DAY_MS;

const QUOTE = /'/g;
const shell = (text: string): string => `'${text.replace(QUOTE, "'\\''")}'`;

/** A line that works when pasted: it calls what the key may call. */
export function curlLine(
  origin: string,
  key: Pick<KeyView, 'kind' | 'scopes' | 'keyId'>,
  secret: string,
): string {
  if (key.kind === 'signing')
    return `KEY_ID=${shell(key.keyId)} SECRET=${shell(secret)}\n${signingCurl(origin)}`;
  const path = key.scopes.includes('read:stops')
    ? '/v2/stops/search?q=colobane'
    : key.scopes.includes('read:routes')
      ? '/v2/routes/list'
      : '/dashboard/me';
  return `curl -i -H ${shell(`Authorization: Bearer ${secret}`)} ${shell(origin + path)}`;
}

export const KeyTable = ({ keys }: { keys: readonly KeyView[] }) => {
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
              {key.retiring.map(({ keyPrefix, expiresAt }) => (
                <p class="small soft">
                  {m.keys.retiring(keyPrefix)} <Time at={expiresAt} />
                </p>
              ))}
            </>
          ),
        },
        { title: m.keys.prefix, kind: 'mono tight', cell: ({ keyPrefix }) => keyPrefix },
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
      {keyView.kind === 'signing' && (
        <div>
          <p class="label">{m.secret.keyId}</p>
          <Code text={keyView.keyId} />
        </div>
      )}
      <div data-secret>
        <p class="label">{m.secret.secret}</p>
        <Code text={secret} label={m.secret.secret} />
      </div>
      <div>
        <p class="label">{m.secret.try}</p>
        <Code text={curlLine(view.origin, keyView, secret)} label={m.secret.try} />
      </div>
      <SecretSaved action={`/portal/keys/${keyView.keyId}`} words={m.secret.saved} />
    </Dialog>
  );
};
