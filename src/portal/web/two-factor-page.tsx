// The second factor of a sign-in: a code of the app, or a recovery code.

import * as z from 'zod';
import { submit } from '../../web/forms.ts';
import { safePath } from '../../web/redirects.ts';
import { addCookies } from '../../web/web.ts';
import { allowed, back, DemoCode, FactorCode, FormPage, type FormState, showForm } from './account-parts.tsx';
import { portal } from './portal-web.tsx';

const factor = z.object({ code: z.string().trim().min(1).max(20), back });

const TwoFactor = (state: FormState) => {
  const { m } = state.view;
  return (
    <FormPage
      {...state}
      title={m.twoFactor.title}
      action="/two-factor"
      submit={m.signIn.submit}
      after={<DemoCode />}
    >
      <FactorCode />
    </FormPage>
  );
};

portal.get('/two-factor', (context) =>
  showForm(context, TwoFactor, { values: { back: context.req.query('back') ?? '' } }),
);

portal.post('/two-factor', (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  return submit(context, factor, {
    async work(data, values) {
      if (!(await allowed(context, 'sign-in')))
        return showForm(context, TwoFactor, { values, problem: m.signIn.tooMany }, 429);
      const code = data.code.replaceAll(' ', '');
      const outcome = await (/^\d{6}$/.test(code)
        ? accounts.verifyTotp(code)
        : accounts.verifyRecoveryCode(code));
      addCookies(context, outcome.cookies);
      if (outcome.ok) return context.redirect(safePath(data.back, '/portal'), 303);
      return showForm(context, TwoFactor, { values, errors: { code: m.twoFactor.bad } }, 401);
    },
    again: ({ values, errors }) => showForm(context, TwoFactor, { values, errors }, 401),
  });
});
