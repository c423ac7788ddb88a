// Setting up a second factor: what is scanned, what is kept, and the code that turns it on.

import { raw } from 'hono/html';
import { renderSVG } from 'uqr';
import { Field, Form } from '../../web/components/form.tsx';
import { Code } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';

/** The code that turns it on; asked for again, alone, where it was wrong. */
export const ConfirmFactor = ({ action, to, wrong }: { action: string; to?: string; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <Form action={action} kind="inline" wrong={wrong}>
      {to !== undefined && <input type="hidden" name="back" value={to} />}
      <Field
        name="code"
        label={m.twoFactor.code}
        inputmode="numeric"
        autocomplete="one-time-code"
        required
        maxlength={8}
      />
      <button type="submit" class="button primary">
        {m.settings.factorConfirm}
      </button>
    </Form>
  );
};

export interface SetUp {
  uri: string;
  codes: readonly string[];
}

export const FactorSetUp = ({ setUp, action, to }: { setUp: SetUp; action: string; to?: string }) => {
  const { m } = useView();
  return (
    <div class="stack">
      <p>{m.settings.factorScan}</p>
      <div class="qr">{raw(renderSVG(setUp.uri, { border: 2 }))}</div>
      <Code text={new URL(setUp.uri).searchParams.get('secret') ?? ''} label={m.settings.factorSecret} />
      <p>{m.settings.factorCodes}</p>
      <Code text={setUp.codes.join('\n')} label={m.settings.recoveryCodes} />
      <ConfirmFactor action={action} to={to} />
    </div>
  );
};
