// Sign-up, sign-in, second factor, sign-out. Answers tell nobody whether an address has an account.
// Tries are counted before anything is hashed.

import { setCookie } from 'hono/cookie';
import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { weaknessOf } from '../../accounts/weak-password.ts';
import { text } from '../../http/fields.ts';
import { Field, Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { addCookies, proofCookie, readForm, render, signIn } from '../../web/web.ts';
import { allowed, Back, DemoCode, email, type FormProps, Problem, password } from './account-parts.tsx';
import { portal } from './portal-web.tsx';
import { ASKED_COOKIE } from './verify-pages.tsx';

const back = z.string().max(500).optional();

const Identity = ({ back: to }: { back?: string }) => {
  const view = useView();
  return view.identity ? (
    <>
      <p class="soft small">{view.m.signIn.or}</p>
      <Post action="/sign-in/identity" fields={{ back: to ?? '' }} kind="button">
        {view.m.signIn.with(view.identity)}
      </Post>
    </>
  ) : null;
};

// ---------------------------------------------------------------- sign-up
const newAccount = z.object({ name: text(100, 1), email, password, back });

const SignUp = ({ view, values, errors, problem }: FormProps) => (
  <Plain view={view} title={view.m.signUp.title}>
    <h1>{view.m.signUp.title}</h1>
    <p class="soft">{view.m.signUp.text}</p>
    <Problem text={problem} />
    <form method="post" action="/sign-up" class="stack">
      <Back values={values} />
      <Field
        name="name"
        label={view.m.signUp.name}
        autocomplete="name"
        required
        maxlength={100}
        value={values?.name}
        error={errors?.name}
      />
      <Field
        name="email"
        type="email"
        label={view.m.signIn.email}
        autocomplete="email"
        required
        maxlength={255}
        value={values?.email}
        error={errors?.email}
      />
      <Field
        name="password"
        type="password"
        label={view.m.signIn.password}
        autocomplete="new-password"
        required
        minlength={PASSWORD_CHARS.fewest}
        maxlength={PASSWORD_CHARS.most}
        error={errors?.password}
        hint={view.m.signUp.passwordHint(PASSWORD_CHARS.fewest)}
      />
      <button type="submit" class="button primary">
        {view.m.signUp.submit}
      </button>
    </form>
    <Identity back={values?.back} />
    <p>
      {view.m.signUp.have} <a href={withQuery('/sign-in', { back: values?.back })}>{view.m.nav.signIn}</a>
    </p>
  </Plain>
);

portal.get('/sign-up', (context) =>
  render(
    context,
    <SignUp
      view={context.var.view}
      values={{ back: context.req.query('back') ?? '', email: context.req.query('email') ?? '' }}
    />,
  ),
);

portal.post('/sign-up', async (context) => {
  const { view, accounts } = context.var;
  const { values, data, errors } = await readForm(context, newAccount);
  if (errors) return render(context, <SignUp view={view} values={values} errors={errors} />, 400);
  const weak = weaknessOf(data.password, [view.product, data.name, data.email]);
  if (weak) {
    const said = { password: view.m.signUp.weak[weak] };
    return render(context, <SignUp view={view} values={values} errors={said} />, 400);
  }
  if (!(await allowed(context, 'mail', data.email)))
    return render(context, <SignUp view={view} values={values} problem={view.m.signIn.tooMany} />, 429);
  const asked = await accounts.signUp({
    name: data.name,
    email: data.email,
    password: data.password,
    back: safePath(data.back, '/portal'),
  });
  const { name, options } = proofCookie(context.var.services.config, ...ASKED_COOKIE);
  setCookie(context, name, asked, options);
  return context.redirect(withQuery('/verify', { sent: data.email }), 303);
});

// ---------------------------------------------------------------- sign-in
const SignIn = ({ view, values, errors, problem }: FormProps) => (
  <Plain view={view} title={view.m.signIn.title}>
    <h1>{view.m.signIn.title}</h1>
    <Problem text={problem} />
    <form method="post" action="/sign-in" class="stack">
      <Back values={values} />
      <Field
        name="email"
        type="email"
        label={view.m.signIn.email}
        autocomplete="username"
        required
        value={values?.email}
        error={errors?.email}
      />
      <Field
        name="password"
        type="password"
        label={view.m.signIn.password}
        autocomplete="current-password"
        required
        error={errors?.password}
      />
      <button type="submit" class="button primary">
        {view.m.signIn.submit}
      </button>
    </form>
    <Identity back={values?.back} />
    <p>
      <a href="/reset">{view.m.signIn.forgot}</a> ·{' '}
      <a href={withQuery('/sign-up', { back: values?.back })}>{view.m.nav.signUp}</a>
    </p>
  </Plain>
);

portal.get('/sign-in', async (context) => {
  const to = context.req.query('back') ?? '';
  if (await signIn(context)) return context.redirect(safePath(to, '/portal'), 303);
  const { view } = context.var;
  const problem = context.req.query('problem') === 'identity' ? view.m.signIn.identityFailed : undefined;
  return render(context, <SignIn view={view} values={{ back: to }} problem={problem} />);
});

const credentials = z.object({ email, password: z.string().min(1).max(PASSWORD_CHARS.most), back });

portal.post('/sign-in', async (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  const { values, data, errors } = await readForm(context, credentials);
  const again = (problem: string | undefined, status: 400 | 401 | 429) =>
    render(context, <SignIn view={view} values={values} errors={errors} problem={problem} />, status);
  if (errors) return again(undefined, 400);
  if (!(await allowed(context, 'sign-in', data.email))) return again(m.signIn.tooMany, 429);
  const outcome = await accounts.signIn(data);
  addCookies(context, outcome.cookies);
  if (outcome.ok) {
    const path = outcome.data?.twoFactorRedirect
      ? withQuery('/two-factor', { back: data.back })
      : safePath(data.back, '/portal');
    return context.redirect(path, 303);
  }
  context.executionCtx.waitUntil(context.var.services.signInGuard.noteFailure(data.email));
  return again(m.signIn.refused, 401);
});

portal.post('/sign-out', async (context) => {
  addCookies(context, (await context.var.accounts.signOut()).cookies);
  return context.redirect('/', 303);
});

// ---------------------------------------------------------------- second factor
const TwoFactor = ({ view, values, problem }: FormProps) => (
  <Plain view={view} title={view.m.twoFactor.title}>
    <h1>{view.m.twoFactor.title}</h1>
    <Problem text={problem} />
    <form method="post" action="/two-factor" class="stack">
      <Back values={values} />
      <Field
        name="code"
        label={view.m.twoFactor.code}
        autocomplete="one-time-code"
        required
        maxlength={20}
        autofocus
        hint={view.m.twoFactor.codeHint}
      />
      <button type="submit" class="button primary">
        {view.m.signIn.submit}
      </button>
    </form>
    <DemoCode />
  </Plain>
);

portal.get('/two-factor', (context) =>
  render(context, <TwoFactor view={context.var.view} values={{ back: context.req.query('back') ?? '' }} />),
);

portal.post('/two-factor', async (context) => {
  const { view, accounts } = context.var;
  const { values, data } = await readForm(
    context,
    z.object({ code: z.string().trim().min(1).max(20), back }),
  );
  const again = (problem: string, status: 401 | 429) =>
    render(context, <TwoFactor view={view} values={values} problem={problem} />, status);
  if (!(await allowed(context, 'sign-in'))) return again(view.m.signIn.tooMany, 429);
  const code = data?.code.replaceAll(' ', '') ?? '';
  const outcome = await (/^\d{6}$/.test(code)
    ? accounts.verifyTotp(code)
    : accounts.verifyRecoveryCode(code));
  addCookies(context, outcome.cookies);
  if (!outcome.ok) return again(view.m.twoFactor.bad, 401);
  return context.redirect(safePath(data?.back, '/portal'), 303);
});
