// The fields of a key, and the form that makes one.

import * as z from 'zod';
import type { Catalog } from '../../catalog/catalog.ts';
import { newId } from '../../core/ids.ts';
import { keyName, signatureRule } from '../../http/fields.ts';
import { MADE_KINDS } from '../../keys/key-columns-store.ts';
import type { AppView } from '../../partners/app-service.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Area, Choices, Field, FormError, Select } from '../../web/components/form.tsx';
import type { Wrong } from '../../web/forms.ts';
import { scopeText } from '../../web/scope-text.ts';
import { useView } from '../../web/view-context.ts';
import { dayField, ipLines, scopeLines } from './fields.ts';

export const keyFields = z.object({
  name: keyName,
  scopes: scopeLines,
  allowed_ips: ipLines,
  expires: dayField,
});
export const newKey = keyFields.extend({
  form: z.uuid(),
  kind: z.enum(MADE_KINDS),
  environment: z.enum(['test', 'live']),
  /** A person who makes a key reads what each form is worth; the API does as the source document. */
  signature_rule: signatureRule.default('bound'),
});

/** Reading before writing: least first. */
export const scopesOf = (catalog: Catalog): string[] =>
  [...catalog.scopes, 'keys:read', 'keys:write'].sort(
    (a, b) => Number(a.includes('write')) - Number(b.includes('write')) || a.localeCompare(b),
  );

export const ScopeChoices = ({ catalog }: { catalog: Catalog }) => {
  const view = useView();
  return (
    <Choices
      name="scopes"
      label={view.m.keys.scopes}
      options={scopesOf(catalog).map((scope) => [scope, scopeText(catalog, scope, view)] as const)}
    />
  );
};

export const ExpiryField = () => {
  const { keys } = useView().m;
  return <Field name="expires" type="date" label={keys.expires} hint={keys.expiresHint} />;
};

export const AddressArea = () => {
  const { apps } = useView().m;
  return <Area name="allowed_ips" label={apps.ips} hint={apps.ipsHint} />;
};

/** What a signing key takes, and what each form is worth. */
export const SignatureChoice = () => {
  const { keys, nav } = useView().m;
  return (
    <div>
      <Select
        name="signature_rule"
        label={keys.signatureRule}
        options={[
          ['bound', keys.signatureRules.bound],
          ['any', keys.signatureRules.any],
        ]}
      />
      <p class="hint">
        {keys.signatureWorth.bound} {keys.signatureWorth.body} <a href="/docs/signing">{nav.docs}</a>
      </p>
    </div>
  );
};

export const NewKeyDialog = ({ app, catalog, wrong }: { app: AppView; catalog: Catalog; wrong?: Wrong }) => {
  const { m, environment } = useView();
  const scopes = app.scopes.length > 0 ? app.scopes : catalog.keyScopes.first;
  const { allowed_ips, expires, signature_rule } = wrong?.errors ?? {};
  return (
    <FormDialog
      id="new-key"
      scope="key"
      title={environment === 'test' ? m.keys.newTest : m.keys.newLive}
      action={`/portal/apps/${app.id}/keys`}
      submit={m.keys.create}
      saved={{ scopes: scopes.join('\n') }}
      wrong={wrong}
    >
      {/* The same form sent twice makes one key. */}
      <input type="hidden" name="form" value={newId()} />
      <input type="hidden" name="environment" value={environment} />
      <Field name="name" label={m.keys.name} required maxlength={255} hint={m.keys.nameHint} autofocus />
      <Select
        name="kind"
        label={m.keys.kind}
        options={MADE_KINDS.map((kind) => [kind, m.keys.kinds[kind]] as const)}
      />
      <ScopeChoices catalog={catalog} />
      <details open={Boolean(allowed_ips || expires || signature_rule)}>
        <summary>{m.keys.more}</summary>
        <div class="stack">
          <ExpiryField />
          <AddressArea />
          <SignatureChoice />
        </div>
      </details>
      <FormError />
      {environment === 'live' && wrong?.errors.form && (
        <p>
          <a href="/portal/keys?environment=live">{m.keys.liveKeys}</a>{' '}
          <a href="/portal/billing">{m.keys.seePlans}</a>
        </p>
      )}
    </FormDialog>
  );
};
