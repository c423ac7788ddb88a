// Signing in and out. Answers tell nobody whether an address has an account, and tries are counted before anything is hashed.

import * as z from 'zod';
import { submit } from '../../web/forms.ts';
import { safePath, withQuery } from '../../web/redirects.ts';
import { addCookies, signIn } from '../../web/web.ts';
import {
  allowed,
  back,
  CurrentPassword,
  EmailField,
  email,
  FormPage,
  type FormState,
  IdentityButton,
  knownPassword,
  showForm,
} from './account-parts.tsx';
import { portal } from './portal-web.tsx';

const credentials = z.object({ email, password: knownPassword, back });

const SignIn = (state: FormState) => {
  const { m } = state.view;
  const to = state.values?.back;
  return (
    <FormPage
      {...state}
      title={m.signIn.title}
      action="/sign-in"
      submit={m.signIn.submit}
      after={
        <>
          <IdentityButton to={to} />
          <p>
            <a href="/reset">{m.signIn.forgot}</a> ·{' '}
            <a href={withQuery('/sign-up', { back: to })}>{m.nav.signUp}</a>
          </p>
        </>
      }
    >
      <EmailField />
      <CurrentPassword label={m.signIn.password} />
    </FormPage>
  );
};

portal.get('/sign-in', async (context) => {
  const to = context.req.query('back') ?? '';
  if (await signIn(context)) return context.redirect(safePath(to, '/portal'), 303);
  const { view } = context.var;
  const problem = context.req.query('problem') === 'identity' ? view.m.signIn.identityFailed : undefined;
  return showForm(context, SignIn, { values: { back: to }, problem });
});

portal.post('/sign-in', (context) => {
  const { view, accounts, services } = context.var;
  const { m } = view;
  return submit(context, credentials, {
    async work(data, values) {
      const refused = (problem: string, status: 401 | 429) =>
        showForm(context, SignIn, { values, problem }, status);
      if (!(await allowed(context, 'sign-in', data.email))) return refused(m.signIn.tooMany, 429);
      const outcome = await accounts.signIn(data);
      addCookies(context, outcome.cookies);
      if (!outcome.ok) {
        context.executionCtx.waitUntil(services.signInGuard.noteFailure(data.email));
        return refused(m.signIn.refused, 401);
      }
      const path = outcome.data?.twoFactorRedirect
        ? withQuery('/two-factor', { back: data.back })
        : safePath(data.back, '/portal');
      return context.redirect(path, 303);
    },
    again: ({ values, errors, status }) => showForm(context, SignIn, { values, errors }, status),
  });
});

portal.post('/sign-out', async (context) => {
  addCookies(context, (await context.var.accounts.signOut()).cookies);
  return context.redirect('/', 303);
});
