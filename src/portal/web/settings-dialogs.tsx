// The dialogs of the settings page: the password, and the second factor.

import type { Account } from '../../accounts/account-service.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Field } from '../../web/components/form.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import { CurrentPassword, NewPassword, Proof } from './account-parts.tsx';

/** Those that ask in themselves who there is. */
export type ProvenForm = 'email' | 'delete' | 'token';
export type SecurityForm = 'password' | 'codes' | 'factor-on' | 'factor-off' | ProvenForm;

const PasswordDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="password"
      title={m.settings.password}
      action="/portal/settings/password"
      submit={m.common.save}
      wrong={wrong}
    >
      <CurrentPassword label={m.settings.currentPassword} />
      <NewPassword name="next" label={m.reset.newPassword} />
      <p class="hint">{m.settings.passwordEnds}</p>
    </FormDialog>
  );
};

const AddressDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="email"
      title={m.address.change}
      action="/portal/settings/email"
      submit={m.address.send}
      wrong={wrong}
    >
      <p>{m.address.text}</p>
      <Field name="email" type="email" label={m.address.to} autocomplete="email" required maxlength={255} />
      <Proof />
      <p class="hint">{m.address.ends}</p>
    </FormDialog>
  );
};

const DeletionDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="delete"
      title={m.deletion.title}
      action="/portal/settings/delete"
      submit={m.deletion.submit}
      kind="solid-danger"
      wrong={wrong}
    >
      <p>{m.deletion.text}</p>
      <p class="soft">{m.deletion.stays}</p>
      <Proof />
    </FormDialog>
  );
};

const FactorDialogs = ({ wrongIn }: { wrongIn(form: SecurityForm): Wrong | undefined }) => {
  const { m } = useView();
  return (
    <>
      <FormDialog
        id="codes"
        title={m.settings.newCodes}
        action="/portal/settings/two-factor/codes"
        submit={m.settings.newCodes}
        wrong={wrongIn('codes')}
      >
        <p>{m.settings.newCodesText}</p>
        <CurrentPassword label={m.settings.currentPassword} />
      </FormDialog>
      <FormDialog
        id="factor-off"
        title={m.settings.turnOff}
        action="/portal/settings/two-factor/off"
        submit={m.settings.turnOff}
        kind="solid-danger"
        wrong={wrongIn('factor-off')}
      >
        <p>{m.settings.factorOffText}</p>
        <CurrentPassword label={m.settings.currentPassword} />
      </FormDialog>
    </>
  );
};

/** `wrong`: what was sent of `form`, and could not be done. */
export const SecurityDialogs = ({
  account,
  form,
  wrong,
}: {
  account: Account;
  form?: string;
  wrong?: Wrong;
}) => {
  const { m } = useView();
  const wrongIn = (name: SecurityForm) => (form === name ? wrong : undefined);
  return (
    <>
      <AddressDialog wrong={wrongIn('email')} />
      {!account.isOperator && <DeletionDialog wrong={wrongIn('delete')} />}
      <PasswordDialog wrong={wrongIn('password')} />
      {account.twoFactorEnabled ? (
        <FactorDialogs wrongIn={wrongIn} />
      ) : (
        <FormDialog
          id="factor-on"
          title={m.settings.factorSetUp}
          action="/portal/settings/two-factor"
          submit={m.settings.turnOn}
          wrong={wrongIn('factor-on')}
        >
          <CurrentPassword label={m.settings.currentPassword} />
        </FormDialog>
      )}
    </>
  );
};
