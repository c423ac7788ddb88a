// What operators set up: a partner, and for a partner an app, a key, an invitation. The forms, and what each reads.

import * as z from 'zod';
import { CURRENCIES } from '../../billing/amounts.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { newId } from '../../core/ids.ts';
import { currency } from '../../http/amount-schemas.ts';
import { email, keyName, scopeList, signatureRule, text } from '../../http/fields.ts';
import { MADE_KINDS } from '../../keys/key-columns-store.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { AppView } from '../../partners/app-service.ts';
import { ROLES } from '../../partners/permissions.ts';
import { Dialog, FormDialog, SecretSaved } from '../../web/components/dialog.tsx';
import { Choices, Field, FormError, Select } from '../../web/components/form.tsx';
import { Code } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { planName } from '../../web/plan-text.ts';
import { scopeText } from '../../web/scope-text.ts';
import { useView } from '../../web/view-context.ts';

const language = z.enum(['en', 'fr']);
/** A field that is left empty is null. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (typed) => (typeof typed === 'string' && typed.trim() === '' ? null : typed),
    schema.nullish(),
  );

export const partnerForm = z.object({
  name: text(255, 1),
  email,
  company: optional(text(255)),
  tier: text(50, 1),
  currency,
  status: z.enum(['active', 'sandbox_only']),
  language,
});
export const appForm = z.object({ name: keyName });
export const invitationForm = z.object({ email, role: z.enum(ROLES), language });
export const keyForm = z.object({
  form: z.uuid(),
  name: keyName,
  app: optional(z.uuid()),
  kind: z.enum(MADE_KINDS),
  environment: z.enum(['test', 'live']),
  scopes: z
    .string()
    .optional()
    .transform((typed) => typed?.split(/\s+/) ?? [])
    .pipe(scopeList),
  signature_rule: signatureRule.default('bound'),
});

const MailLanguage = () => {
  const { m } = useView();
  return (
    <Select
      name="language"
      label={m.settings.mailLanguage}
      options={[
        ['en', 'English'],
        ['fr', 'Français'],
      ]}
    />
  );
};

/** `plans`: those of everybody. */
export const NewPartnerDialog = ({ plans, wrong }: { plans: readonly Plan[]; wrong?: Wrong }) => {
  const view = useView();
  const { m, language: own } = view;
  return (
    <FormDialog
      id="new-partner"
      scope="partner"
      title={m.provision.newPartner}
      action="/operator/partners"
      submit={m.provision.createPartner}
      saved={{ tier: 'free', currency: 'EUR', status: 'active', language: own }}
      wrong={wrong}
    >
      <p>{m.provision.newPartnerText}</p>
      <Field name="name" label={m.settings.partnerName} required maxlength={255} autofocus />
      <Field name="email" type="email" label={m.signIn.email} required maxlength={255} />
      <Field name="company" label={m.settings.company} maxlength={255} />
      <Select
        name="tier"
        label={m.operator.tier}
        options={plans.map((plan) => [plan.tier, planName(view, plan)] as const)}
      />
      <Select
        name="currency"
        label={m.billing.currency}
        options={CURRENCIES.map((each) => [each, each] as const)}
      />
      <Select
        name="status"
        label={m.provision.access}
        options={[
          ['active', m.provision.accesses.active],
          ['sandbox_only', m.provision.accesses.sandbox_only],
        ]}
      />
      <MailLanguage />
    </FormDialog>
  );
};

interface DialogProps {
  /** The path of the partner's page. */
  base: string;
  wrong?: Wrong;
}

export const NewAppDialog = ({ base, wrong }: DialogProps) => {
  const { m } = useView();
  return (
    <FormDialog
      id="new-app"
      title={m.apps.newTitle}
      action={`${base}/apps`}
      submit={m.apps.create}
      wrong={wrong}
    >
      <Field name="name" label={m.apps.name} required maxlength={255} hint={m.apps.nameHint} autofocus />
    </FormDialog>
  );
};

export const InviteDialog = ({ base, name, wrong }: DialogProps & { name: string }) => {
  const { m, language: own } = useView();
  return (
    <FormDialog
      id="invite"
      title={m.members.invite}
      action={`${base}/invitations`}
      submit={m.members.send}
      saved={{ role: 'owner', language: own }}
      wrong={wrong}
    >
      <p>{m.members.inviteText(name)}</p>
      <Field name="email" type="email" label={m.signIn.email} required maxlength={255} autofocus />
      <Select
        name="role"
        label={m.members.role}
        options={ROLES.map(
          (role) => [role, `${m.roles[role].name}${m.common.colon} ${m.roles[role].text}`] as const,
        )}
      />
      <MailLanguage />
    </FormDialog>
  );
};

export const NewKeyDialog = ({
  base,
  apps,
  scopes,
  isApproved,
  wrong,
}: DialogProps & {
  apps: readonly AppView[];
  /** All that there are. */
  scopes: readonly string[];
  isApproved: boolean;
}) => {
  const view = useView();
  const { m, catalog } = view;
  const first = apps.at(-1)?.id ?? '';
  return (
    <FormDialog
      id="new-key"
      scope="key"
      title={m.keys.new}
      action={`${base}/keys`}
      submit={m.keys.create}
      saved={{
        app: first,
        scopes: catalog.keyScopes.first.join('\n'),
        environment: isApproved ? 'live' : 'test',
      }}
      wrong={wrong}
    >
      <p>{m.provision.newKeyText}</p>
      {/* The same form sent twice makes one key. */}
      <input type="hidden" name="form" value={newId()} />
      <Field name="name" label={m.keys.name} required maxlength={255} hint={m.keys.nameHint} autofocus />
      <Select
        name="app"
        label={m.keys.app}
        options={[...apps.map(({ id, name }) => [id, name] as const), ['', m.provision.noApp] as const]}
      />
      <Select
        name="environment"
        label={m.common.environment}
        options={[
          ['test', m.common.test],
          ['live', m.common.live],
        ]}
      />
      <Select
        name="kind"
        label={m.keys.kind}
        options={MADE_KINDS.map((kind) => [kind, m.keys.kinds[kind]] as const)}
      />
      <Choices
        name="scopes"
        label={m.keys.scopes}
        options={scopes.map((scope) => [scope, scopeText(catalog, scope, view)] as const)}
      />
      <FormError />
    </FormDialog>
  );
};

/** The secret of a key that was just created: this page alone has it. */
export const KeySecretDialog = ({ apiKey, secret }: { apiKey: KeyView; secret: string }) => {
  const { m } = useView();
  return (
    <Dialog id="secret" title={m.secret.title(apiKey.name)} open locked>
      <p>{m.provision.handOver}</p>
      {apiKey.kind !== 'bearer' && (
        <div>
          <p class="label">{apiKey.kind === 'oauth' ? m.secret.clientId : m.secret.keyId}</p>
          <Code text={apiKey.keyId} />
        </div>
      )}
      <div data-secret>
        <p class="label">{m.secret.secret}</p>
        <Code text={secret} label={m.secret.secret} />
      </div>
      <SecretSaved action={`/operator/keys/${apiKey.keyId}`} words={m.secret.saved} />
    </Dialog>
  );
};
