// What may be done with a key: change it, give it a new secret, revoke it.

import { decimalOf } from '../../billing/amounts.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { pinsOf } from '../../catalog/version-ends.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { hasSecret } from '../../keys/oauth-client.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Field, Select } from '../../web/components/form.tsx';
import { Time } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import { ClientFields, savedClient } from './client-fields.tsx';
import { AddressArea, ExpiryField, ScopeChoices, SignatureChoice } from './key-form.tsx';
import { PinField } from './pin-field.tsx';

interface DialogProps {
  apiKey: KeyView;
  wrong?: Wrong;
}

const savedBudget = ({ budgetUnits, budgetMinor, budgetCurrency }: KeyView): string =>
  budgetMinor === null || budgetCurrency === null
    ? String(budgetUnits ?? '')
    : decimalOf(budgetMinor, budgetCurrency);

const EditDialog = ({ apiKey: key, catalog, wrong }: DialogProps & { catalog: Catalog }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="edit"
      title={m.keys.editTitle}
      action={`/portal/keys/${key.keyId}`}
      submit={m.common.save}
      saved={{
        name: key.name,
        scopes: key.scopes.join('\n'),
        allowed_ips: key.allowedIps.join('\n'),
        expires: key.expiresAt?.slice(0, 10) ?? '',
        daily_quota: key.limits.daily_quota?.toString() ?? '',
        signature_rule: key.signatureRule,
        api_version: key.apiVersion ?? '',
        ...(key.counterId !== null && { budget: savedBudget(key) }),
        ...(key.kind === 'oauth' && savedClient(key)),
      }}
      wrong={wrong}
    >
      <Field name="name" label={m.keys.name} required maxlength={255} />
      <ScopeChoices catalog={catalog} />
      <AddressArea />
      <ExpiryField />
      {key.counterId === null ? (
        <Field
          name="daily_quota"
          inputmode="numeric"
          label={m.keys.dailyQuota}
          hint={m.keys.dailyQuotaHint}
        />
      ) : (
        <Field
          name="budget"
          inputmode="decimal"
          label={m.budgets.budget}
          required
          hint={m.budgets.budgetHint}
        />
      )}
      {key.kind === 'signing' && <SignatureChoice />}
      {key.kind === 'oauth' && <ClientFields />}
      <PinField pins={pinsOf(catalog)} pin={key.apiVersion} />
    </FormDialog>
  );
};

const RollDialog = ({ apiKey: key, wrong }: DialogProps) => {
  const { m } = useView();
  return (
    <FormDialog
      id="roll"
      title={m.keys.rollTitle(key.name)}
      action={`/portal/keys/${key.keyId}/rotate`}
      submit={m.keys.roll}
      saved={{ grace_days: '7' }}
      wrong={wrong}
    >
      <p>{m.keys.rollText}</p>
      <Select
        name="grace_days"
        label={m.keys.grace}
        options={[
          ['0', m.keys.graceNow],
          ['1', m.keys.graceDays(1)],
          ['7', m.keys.graceDays(7)],
          ['30', m.keys.graceDays(30)],
        ]}
      />
    </FormDialog>
  );
};

export const RevokeDialog = ({ apiKey: key, callsToday, wrong }: DialogProps & { callsToday: number }) => {
  const { m, format } = useView();
  return (
    <FormDialog
      id="revoke"
      title={m.keys.revokeTitle(key.name)}
      action={`/portal/keys/${key.keyId}/revoke`}
      submit={m.keys.revoke}
      kind="solid-danger"
      wrong={wrong}
    >
      <p>
        {m.keys.lastUsed}
        {m.common.colon} <Time at={key.lastUsedAt} />. {m.overview.today}
        {m.common.colon} {format.number(callsToday)}.
      </p>
      <p>{m.keys.revokeText}</p>
      <Field name="reason" label={m.keys.why} required maxlength={500} />
      {key.environment === 'live' && (
        <Field name="confirm" label={m.common.typeName(key.name)} required autocomplete="off" />
      )}
    </FormDialog>
  );
};

/** `wrong`: what was sent of `dialog`, and could not be done. */
export const KeyDialogs = ({
  apiKey,
  catalog,
  dialog,
  wrong,
}: DialogProps & { catalog: Catalog; dialog?: string }) => {
  const wrongIn = (id: string) => (dialog === id ? wrong : undefined);
  return (
    <>
      <EditDialog apiKey={apiKey} catalog={catalog} wrong={wrongIn('edit')} />
      {hasSecret(apiKey) && <RollDialog apiKey={apiKey} wrong={wrongIn('roll')} />}
    </>
  );
};
