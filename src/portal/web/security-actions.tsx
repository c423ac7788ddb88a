// How a person signs in: the password and the second factor. Passwords are guarded here, too: a session that was left open
// is not a way to guess.

import * as z from 'zod';
import { Code } from '../../web/components/parts.tsx';
import { FieldsRefused, submit } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { addCookies, askProof, isProven, render } from '../../web/web.ts';
import { allowed, knownPassword, password, refuseWeak, sixDigits } from './account-parts.tsx';
import { done, Page, type PortalContext, person, portal } from './portal-web.tsx';
import { proof, wrongProof } from './prove-page.tsx';
import type { ProvenForm, SecurityForm } from './settings-dialogs.tsx';
import { showSettings } from './settings-page.tsx';

const HERE = '/portal/settings';

/** A form's work, where one more try is allowed. */
async function guarded(context: PortalContext, work: () => Promise<Response>): Promise<Response> {
  const { account, m } = person(context);
  if (await allowed(context, 'sign-in', account.email)) return work();
  return showSettings(context, { problem: m.signIn.tooMany });
}

const wrongPassword = (context: PortalContext) =>
  new FieldsRefused({ password: context.var.view.m.settings.wrongPassword });

/** A form that asks for nothing but the password. */
const byPassword = (
  context: PortalContext,
  form: SecurityForm,
  work: (password: string) => Promise<Response>,
) =>
  submit(context, z.object({ password: knownPassword }), {
    work: (data) => guarded(context, () => work(data.password)),
    again: (wrong) => showSettings(context, { form, wrong }),
  });

/** A form that asks in itself who there is: a session that was left open is not enough. */
export const provenForm = <Fields extends z.ZodObject>(
  context: PortalContext,
  form: ProvenForm,
  fields: Fields,
  work: (data: z.output<Fields>) => Promise<Response>,
): Promise<Response> => {
  const { account } = person(context);
  // Whose factor is another issuer's has none to show in a form.
  if (account.isOperator && !account.twoFactorEnabled && !isProven(context))
    return Promise.resolve(askProof(context, HERE));
  return submit(context, fields.extend({ proof: proof.shape.proof }), {
    work: (data) =>
      guarded(context, async () => {
        const errors = await wrongProof(context, account, String(data.proof));
        if (errors) throw new FieldsRefused(errors);
        return work(data as z.output<Fields>);
      }),
    again: (wrong) => showSettings(context, { form, wrong }),
  });
};

portal.post('/portal/settings/password', (context) => {
  const view = person(context);
  const { account } = view;
  return submit(context, z.object({ password: knownPassword, next: password }), {
    work: (data) =>
      guarded(context, async () => {
        refuseWeak(view, 'next', data.next, [account.name, account.email]);
        const outcome = await context.var.accounts.changePassword(account, data.password, data.next);
        if (!outcome.ok) throw wrongPassword(context);
        addCookies(context, outcome.cookies);
        return done(context, HERE, 'password_changed');
      }),
    again: (wrong) => showSettings(context, { form: 'password', wrong }),
  });
});

portal.post('/portal/settings/two-factor', (context) =>
  byPassword(context, 'factor-on', async (typed) => {
    const outcome = await context.var.accounts.enableTwoFactor(typed);
    if (!outcome.ok || !outcome.data) throw wrongPassword(context);
    addCookies(context, outcome.cookies);
    const { totpURI: uri, backupCodes: codes } = outcome.data;
    return showSettings(context, { setUp: { uri, codes } });
  }),
);

portal.post('/portal/settings/two-factor/confirm', (context) => {
  const { m, account } = person(context);
  return submit(context, z.object({ code: sixDigits }), {
    work: ({ code }) =>
      guarded(context, async () => {
        const outcome = await context.var.accounts.confirmFactor(account, code);
        if (!outcome.ok) throw new FieldsRefused({ code: m.twoFactor.bad });
        addCookies(context, outcome.cookies);
        return done(context, HERE, 'factor_on');
      }),
    again: (wrong) => showSettings(context, { form: 'confirm', wrong }),
  });
});

portal.post('/portal/settings/two-factor/codes', (context) => {
  const view = person(context);
  const { m } = view;
  // A code of these passes for the factor: whoever asks for them shows it first.
  if (!isProven(context)) return askProof(context, HERE);
  return byPassword(context, 'codes', async (typed) => {
    const outcome = await context.var.accounts.newRecoveryCodes(view.account, typed);
    if (!outcome.ok || !outcome.data) throw wrongPassword(context);
    return render(
      context,
      <Page view={shownAt(view, HERE)} title={m.settings.recoveryCodes} about="both">
        <h1>{m.settings.recoveryCodes}</h1>
        <p>{m.settings.factorCodes}</p>
        <Code text={outcome.data.backupCodes.join('\n')} label={m.settings.recoveryCodes} />
        <a class="button primary" href={HERE}>
          {m.secret.close}
        </a>
      </Page>,
    );
  });
});

portal.post('/portal/settings/two-factor/off', (context) => {
  const { account } = person(context);
  // The password is one of the two; whoever turns the other off shows it, too.
  if (!isProven(context)) return askProof(context, HERE);
  return byPassword(context, 'factor-off', async (typed) => {
    const outcome = await context.var.accounts.disableTwoFactor(account, typed);
    if (!outcome.ok) throw wrongPassword(context);
    addCookies(context, outcome.cookies);
    return done(context, HERE, 'factor_off');
  });
});
