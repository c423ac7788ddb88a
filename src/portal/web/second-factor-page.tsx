// The second factor that operators set up before their console opens.

import * as z from 'zod';
import { Plain } from '../../web/components/layout.tsx';
import { submit, type Wrong, wrongOf } from '../../web/forms.ts';
import { safePath } from '../../web/redirects.ts';
import { addCookies, render } from '../../web/web.ts';
import {
  allowed,
  back,
  CurrentPassword,
  FormPage,
  type FormState,
  NoPassword,
  showForm,
  sixDigits,
} from './account-parts.tsx';
import { ConfirmFactor, FactorSetUp, type SetUp } from './factor-set-up.tsx';
import { type PortalContext, portal } from './portal-web.tsx';
import { accountOf, proof, toSignIn } from './prove-page.tsx';

const CONFIRM = '/second-factor/confirm';

const AskPassword = (state: FormState) => {
  const { m } = state.view;
  return (
    <FormPage
      {...state}
      title={m.secondFactor.title}
      text={m.secondFactor.text}
      action="/second-factor"
      submit={m.secondFactor.begin}
      after={<NoPassword />}
    >
      <CurrentPassword name="proof" label={m.settings.currentPassword} autofocus />
    </FormPage>
  );
};

portal.get('/second-factor', async (context) => {
  const account = await accountOf(context);
  if (!account) return toSignIn(context);
  const to = context.req.query('back') ?? '';
  if (account.twoFactorEnabled) return context.redirect(safePath(to, '/portal'), 303);
  return showForm(context, AskPassword, { values: { back: to } });
});

/** `wrong`: a code that turned nothing on. */
function showSetUp(context: PortalContext, to: string, shown: SetUp | Wrong, status: 200 | 401 = 200) {
  const { view } = context.var;
  const title = view.m.settings.factorSetUp;
  return render(
    context,
    <Plain view={view} title={title}>
      <h1>{title}</h1>
      {'uri' in shown ? (
        <FactorSetUp setUp={shown} action={CONFIRM} to={to} />
      ) : (
        <ConfirmFactor action={CONFIRM} to={to} wrong={shown} />
      )}
    </Plain>,
    status,
  );
}

portal.post('/second-factor', async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view, accounts } = context.var;
  const { m } = view;
  return submit(context, proof, {
    async work(data, values) {
      if (!(await allowed(context, 'sign-in', account.email)))
        return showForm(context, AskPassword, { values, problem: m.signIn.tooMany }, 429);
      const outcome = await accounts.enableTwoFactor(data.proof);
      if (!outcome.ok || !outcome.data) {
        const errors = { proof: m.settings.wrongPassword };
        return showForm(context, AskPassword, { values, errors }, 401);
      }
      addCookies(context, outcome.cookies);
      const { totpURI: uri, backupCodes: codes } = outcome.data;
      return showSetUp(context, data.back ?? '', { uri, codes });
    },
    again: ({ values, errors }) => showForm(context, AskPassword, { values, errors }, 401),
  });
});

portal.post(CONFIRM, async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view, accounts } = context.var;
  const { m } = view;
  return submit(context, z.object({ code: sixDigits, back }), {
    async work(data, values) {
      if (!(await allowed(context, 'sign-in', account.email)))
        return showForm(context, AskPassword, { values, problem: m.signIn.tooMany }, 429);
      const outcome = await accounts.confirmFactor(account, data.code);
      if (!outcome.ok)
        return showSetUp(context, data.back ?? '', wrongOf(values, { code: m.twoFactor.bad }), 401);
      addCookies(context, outcome.cookies);
      return context.redirect(safePath(data.back, '/portal'), 303);
    },
    again: (wrong) => showSetUp(context, wrong.values.back ?? '', wrong, 401),
  });
});
