// Signing up. The answer tells nobody whether an address has an account, but whoever was mailed an invitation to it; tries are
// counted before anything is hashed.

import { setCookie } from 'hono/cookie';
import * as z from 'zod';
import { text } from '../../http/fields.ts';
import { Field } from '../../web/components/form.tsx';
import { submit } from '../../web/forms.ts';
import { safePath, withQuery } from '../../web/redirects.ts';
import { addCookies, proofCookie } from '../../web/web.ts';
import {
  allowed,
  back,
  EmailField,
  email,
  FormPage,
  type FormState,
  IdentityButton,
  NewPassword,
  password,
  refuseWeak,
  showForm,
} from './account-parts.tsx';
import { arrive } from './arrival.ts';
import { type PortalContext, portal } from './portal-web.tsx';
import { ASKED_COOKIE } from './verify-page.tsx';

const newAccount = z.object({ name: text(100, 1), email, password, back });

const SignUp = (state: FormState) => {
  const { m } = state.view;
  const to = state.values?.back;
  return (
    <FormPage
      {...state}
      title={m.signUp.title}
      text={m.signUp.text}
      action="/sign-up"
      submit={m.signUp.submit}
      after={
        <>
          <IdentityButton to={to} />
          <p>
            {m.signUp.have} <a href={withQuery('/sign-in', { back: to })}>{m.nav.signIn}</a>
          </p>
        </>
      }
    >
      <Field name="name" label={m.signUp.name} autocomplete="name" required maxlength={100} />
      <EmailField autocomplete="email" />
      <NewPassword label={m.signIn.password} />
    </FormPage>
  );
};

portal.get('/sign-up', (context) => {
  const { back: to = '', email: address = '' } = context.req.query();
  return showForm(context, SignUp, { values: { back: to, email: address } });
});

/** Whoever comes by the link that was mailed to an invited address has opened its mail: no other mail asks for that again. */
async function isProven(
  context: PortalContext,
  { back: from = '', email: address }: { back?: string; email: string },
): Promise<boolean> {
  const token = /^\/invite\/([\w-]+)$/.exec(from)?.[1];
  if (token === undefined || !(await allowed(context, 'token'))) return false;
  return (await context.var.services.members.invitation(token))?.email === address;
}

portal.post('/sign-up', (context) => {
  const { view, accounts, services } = context.var;
  return submit(context, newAccount, {
    async work(data, values) {
      refuseWeak(view, 'password', data.password, [data.name, data.email]);
      if (!(await allowed(context, 'mail', data.email)))
        return showForm(context, SignUp, { values, problem: view.m.signIn.tooMany }, 429);
      if (await isProven(context, data)) {
        const made = await accounts.signUpProven(data);
        if (made) {
          addCookies(context, made.cookies);
          return context.redirect(await arrive(context, made.account, safePath(data.back, '/portal')), 303);
        }
      }
      const asked = await accounts.signUp({
        name: data.name,
        email: data.email,
        password: data.password,
        back: safePath(data.back, '/portal'),
      });
      const { name, options } = proofCookie(services.config, ...ASKED_COOKIE);
      setCookie(context, name, asked, options);
      return context.redirect(withQuery('/verify', { sent: data.email }), 303);
    },
    again: ({ values, errors, status }) => showForm(context, SignUp, { values, errors }, status),
  });
});
