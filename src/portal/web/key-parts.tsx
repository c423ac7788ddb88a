// Keys as the portal shows them: the table, the dialog that makes one, the dialog that shows a secret once, curl lines.

import type { Catalog } from '../../catalog/catalog.ts';
import { newId } from '../../core/ids.ts';
import { DAY_MS } from '../../core/time.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { AppView } from '../../partners/app-service.ts';
import { Dialog, SecretSaved } from '../../web/components/dialog.tsx';
import { Area, Field, Select } from '../../web/components/form.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Code, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useMemberView, useView } from '../../web/view-context.ts';
import type { FormErrors, FormValues } from '../../web/web.ts';
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
  const { m, format, nowMs } = useMemberView();
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

export const ScopeChoices = ({
  scopes,
  chosen,
  error,
}: {
  scopes: readonly string[];
  chosen: readonly string[];
  error?: string;
}) => {
  const view = useView();
  return (
    <fieldset aria-describedby={error ? 'scopes-error' : undefined}>
      <legend>{view.m.keys.scopes}</legend>
      <div class="choices">
        {scopes.map((scope) => (
          <label class="choice">
            <input type="checkbox" name="scopes" value={scope} checked={chosen.includes(scope)} />
            <span>
              <b class="mono">{scope}</b>
              <br />
              <span class="soft small">{view.m.scopes[scope as keyof typeof view.m.scopes] ?? ''}</span>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p class="error" id="scopes-error">
          {error}
        </p>
      )}
    </fieldset>
  );
};

/** What a signing key takes, and what each form is worth. */
export const SignatureChoice = ({ scope, value }: { scope: string; value?: string }) => {
  const view = useView();
  const { signatureRule, signatureRules, signatureWorth } = view.m.keys;
  return (
    <div>
      <Select
        scope={scope}
        name="signature_rule"
        label={signatureRule}
        value={value}
        options={[
          ['bound', signatureRules.bound],
          ['any', signatureRules.any],
        ]}
      />
      <p class="hint">
        {signatureWorth.bound} {signatureWorth.body} <a href="/docs/signing">{view.m.nav.docs}</a>
      </p>
    </div>
  );
};

/** Reading before writing: least first. */
export const scopesOf = (catalog: Catalog): string[] =>
  [...catalog.scopes, 'keys:read', 'keys:write'].sort(
    (a, b) => Number(a.includes('write')) - Number(b.includes('write')) || a.localeCompare(b),
  );

const DEFAULT_SCOPES = ['read:routes', 'read:stops'];

export const NewKeyDialog = ({
  app,
  catalog,
  values,
  errors,
}: {
  app: AppView;
  catalog: Catalog;
  values?: FormValues;
  errors?: FormErrors;
}) => {
  const { m, environment } = useMemberView();
  const chosen = values?.scopes?.split('\n') ?? (app.scopes.length > 0 ? app.scopes : DEFAULT_SCOPES);
  return (
    <Dialog
      id="new-key"
      title={environment === 'test' ? m.keys.newTest : m.keys.newLive}
      open={errors ? true : undefined}
    >
      <form method="post" action={`/portal/apps/${app.id}/keys`} class="stack">
        {/* The same form sent twice makes one key. */}
        <input type="hidden" name="form" value={newId()} />
        <input type="hidden" name="environment" value={environment} />
        <Field
          scope="key"
          name="name"
          label={m.keys.name}
          required
          maxlength={255}
          value={values?.name}
          error={errors?.name}
          hint={m.keys.nameHint}
          autofocus
        />
        <Select
          scope="key"
          name="kind"
          label={m.keys.kind}
          value={values?.kind}
          options={[
            ['bearer', m.keys.kinds.bearer],
            ['signing', m.keys.kinds.signing],
          ]}
        />
        <ScopeChoices scopes={scopesOf(catalog)} chosen={chosen} error={errors?.scopes} />
        <details open={Boolean(errors?.allowed_ips || errors?.expires)}>
          <summary>{m.keys.more}</summary>
          <div class="stack">
            <Field
              scope="key"
              name="expires"
              type="date"
              label={m.keys.expires}
              value={values?.expires}
              error={errors?.expires}
              hint={m.keys.expiresHint}
            />
            <Area
              scope="key"
              name="allowed_ips"
              label={m.apps.ips}
              value={values?.allowed_ips}
              error={errors?.allowed_ips}
              hint={m.apps.ipsHint}
            />
            <SignatureChoice scope="key" value={values?.signature_rule} />
          </div>
        </details>
        {errors?.form && <p class="error">{errors.form}</p>}
        <div class="actions">
          <button type="submit" class="button primary">
            {m.keys.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

/** Shows a secret, once. The page that holds it is never stored, and going back does not bring it again. */
export const SecretDialog = ({ keyView, secret }: { keyView: KeyView; secret: string }) => {
  const view = useMemberView();
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
