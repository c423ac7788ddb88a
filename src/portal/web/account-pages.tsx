// Sign-up, verification, sign-in, second factor, reset, sign-out. Answers tell nobody whether an address has an account.
// Tries are counted before anything is hashed.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import type { Tried } from '../../accounts/sign-in-guard.ts';
import { clientIp } from '../../http/api.ts';
import { text } from '../../http/fields.ts';
import { Plain } from '../../web/components/layout.tsx';
import { Field, Note } from '../../web/components/parts.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import {
  addCookies,
  deviceCookieOf,
  type FormErrors,
  type FormValues,
  readForm,
  render,
  signIn,
} from '../../web/web.ts';
import { type PortalContext, portal } from './portal-web.tsx';

const email = z.string().trim().toLowerCase().max(255).pipe(z.email());
const password = z.string().min(PASSWORD_CHARS.fewest).max(PASSWORD_CHARS.most);
const back = z.string().max(500).optional();

interface FormProps {
  view: View;
  values?: FormValues;
  errors?: FormErrors;
  problem?: string;
}

const Problem = ({ text }: { text?: string }) => (text ? <Note kind="bad">{text}</Note> : null);
const Back = ({ values }: { values?: FormValues }) => (
  <input type="hidden" name="back" value={values?.back ?? ''} />
);

const Identity = ({ view, back: to }: { view: View; back?: string }) =>
  view.identity ? (
    <>
      <p class="soft small">{view.m.signIn.or}</p>
      <a class="button" href={withQuery('/sign-in/identity', { back: to })}>
        {view.m.signIn.with(view.identity)}
      </a>
    </>
  ) : null;

const allowed = (context: PortalContext, what: Tried, address?: string): Promise<boolean> =>
  context.var.services.signInGuard.allows(what, {
    ip: clientIp(context),
    email: address,
    device: deviceCookieOf(context),
  });

const said = (context: PortalContext, title: string, ...children: Child[]) =>
  render(
    context,
    <Plain view={context.var.view} title={title}>
      <h1>{title}</h1>
      {children}
    </Plain>,
  );

const OutboxHint = ({ view, to }: { view: View; to?: string }) =>
  view.hasOutbox ? (
    <p>
      <a href={withQuery('/outbox', { to })}>{view.m.outbox.open}</a>
    </p>
  ) : null;

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
    <Identity view={view} back={values?.back} />
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
  if (!(await allowed(context, 'mail', data.email)))
    return render(context, <SignUp view={view} values={values} problem={view.m.signIn.tooMany} />, 429);
  const outcome = await accounts.signUp({ name: data.name, email: data.email, password: data.password });
  if (!outcome.ok)
    return render(context, <SignUp view={view} values={values} problem={view.m.signUp.failed} />, 400);
  return context.redirect(withQuery('/verify', { sent: data.email }), 303);
});

// ---------------------------------------------------------------- verification
portal.get('/verify', async (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  const token = context.req.query('token');
  if (token === undefined) {
    const sent = context.req.query('sent');
    return said(
      context,
      m.verify.title,
      <p>{m.verify.sent}</p>,
      <OutboxHint view={view} to={sent} />,
      <form method="post" action="/verify" class="stack">
        <input type="hidden" name="email" value={sent ?? ''} />
        <button type="submit" class="button">
          {m.verify.again}
        </button>
      </form>,
    );
  }
  const outcome = await accounts.verify(token);
  if (!outcome.ok)
    return said(
      context,
      m.verify.badTitle,
      <p>{m.verify.bad}</p>,
      <p>
        <a href="/sign-in">{m.nav.signIn}</a>
      </p>,
    );
  addCookies(context, outcome.cookies);
  return context.redirect(outcome.cookies.length > 0 ? '/portal' : '/sign-in?verified=1', 303);
});

portal.post('/verify', async (context) => {
  const { data } = await readForm(context, z.object({ email }));
  if (data && (await allowed(context, 'mail', data.email)))
    await context.var.accounts.sendVerification(data.email);
  return context.redirect(withQuery('/verify', { sent: data?.email }), 303);
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
    <Identity view={view} back={values?.back} />
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
  if (outcome.code === 'EMAIL_NOT_VERIFIED')
    return context.redirect(withQuery('/verify', { sent: data.email }), 303);
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

// ---------------------------------------------------------------- reset
const AskReset = ({ view, values, errors }: FormProps) => (
  <Plain view={view} title={view.m.reset.title}>
    <h1>{view.m.reset.title}</h1>
    <p class="soft">{view.m.reset.text}</p>
    <form method="post" action="/reset" class="stack">
      <Field
        name="email"
        type="email"
        label={view.m.signIn.email}
        autocomplete="username"
        required
        value={values?.email}
        error={errors?.email}
      />
      <button type="submit" class="button primary">
        {view.m.reset.submit}
      </button>
    </form>
  </Plain>
);

portal.get('/reset', (context) => render(context, <AskReset view={context.var.view} />));

portal.post('/reset', async (context) => {
  const { view, accounts } = context.var;
  const { values, data, errors } = await readForm(context, z.object({ email }));
  if (errors) return render(context, <AskReset view={view} values={values} errors={errors} />, 400);
  // The same words in the same time, whoever has an account, and however often it was asked.
  if (await allowed(context, 'mail', data.email))
    context.executionCtx.waitUntil(accounts.requestReset(data.email));
  return said(
    context,
    view.m.reset.sentTitle,
    <p>{view.m.reset.sent}</p>,
    <OutboxHint view={view} to={data.email} />,
  );
});

const NewPassword = ({ view, errors, problem }: FormProps) => (
  <Plain view={view} title={view.m.reset.newTitle}>
    <h1>{view.m.reset.newTitle}</h1>
    <Problem text={problem} />
    <form method="post" action={view.path} class="stack">
      <Field
        name="password"
        type="password"
        label={view.m.reset.newPassword}
        autocomplete="new-password"
        required
        minlength={PASSWORD_CHARS.fewest}
        error={errors?.password}
        hint={view.m.signUp.passwordHint(PASSWORD_CHARS.fewest)}
      />
      <button type="submit" class="button primary">
        {view.m.reset.save}
      </button>
    </form>
  </Plain>
);

portal.get('/reset/:token', (context) => render(context, <NewPassword view={context.var.view} />));

portal.post('/reset/:token', async (context) => {
  const { view, accounts } = context.var;
  const { data, errors } = await readForm(context, z.object({ password }));
  if (errors) return render(context, <NewPassword view={view} errors={errors} />, 400);
  const outcome = await accounts.reset(context.req.param('token'), data.password);
  if (!outcome.ok) return render(context, <NewPassword view={view} problem={view.m.reset.bad} />, 400);
  return said(
    context,
    view.m.reset.doneTitle,
    <p>{view.m.reset.done}</p>,
    <p>
      <a class="button primary" href="/sign-in">
        {view.m.nav.signIn}
      </a>
    </p>,
  );
});
