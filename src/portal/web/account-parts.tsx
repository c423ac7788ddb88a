// What the pages of signing up, signing in and proving share.

import type { Child, FC } from 'hono/jsx';
import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import type { Tried } from '../../accounts/sign-in-guard.ts';
import { weaknessOf } from '../../accounts/weak-password.ts';
import { clientIp } from '../../http/api.ts';
import { Field, Form, Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { FieldsRefused, type Wrong } from '../../web/forms.ts';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { deviceCookieOf, type FormErrors, type FormValues, render } from '../../web/web.ts';
import type { PortalContext } from './portal-web.tsx';

export const email = z.string().trim().toLowerCase().max(255).pipe(z.email());
export const password = z.string().min(PASSWORD_CHARS.fewest).max(PASSWORD_CHARS.most);
/** One that an account has: it may be of an earlier rule. */
export const knownPassword = z.string().min(1).max(PASSWORD_CHARS.most);
/** An address that programs send people to is long. */
export const back = z.string().max(4000).optional();
export const sixDigits = z
  .string()
  .trim()
  .min(1)
  .refine((code) => /^\d{6}$/.test(code), { params: { code: 'sixDigits' } });

export interface FormState {
  view: View;
  values?: FormValues;
  errors?: FormErrors;
  /** What is wrong with no field of it. */
  problem?: string;
}

/** A page that is one form. It brings `back`, where it has one, to where the form goes. */
export const FormPage = ({
  view,
  title,
  text,
  action,
  submit,
  values = {},
  errors = {},
  problem,
  after,
  children,
}: FormState & {
  title: string;
  text?: string;
  action: string;
  /** What its button says. */
  submit: string;
  after?: Child;
  children?: Child;
}) => (
  <Plain view={view} title={title}>
    <h1>{title}</h1>
    {text && <p class="soft">{text}</p>}
    {problem && <Note kind="bad">{problem}</Note>}
    <Form action={action} wrong={{ values, errors }}>
      {values.back !== undefined && <input type="hidden" name="back" value={values.back} />}
      {children}
      <button type="submit" class="button primary">
        {submit}
      </button>
    </Form>
    {after}
  </Plain>
);

/** Shows a page that is one form: empty, or again with what was sent and what is wrong with it. */
export const showForm = (
  context: PortalContext,
  FormOf: FC<FormState>,
  state: Omit<FormState, 'view'> = {},
  status?: Wrong['status'] | 401,
) => render(context, <FormOf view={context.var.view} {...state} />, status);

export const EmailField = ({ autocomplete = 'username' }: { autocomplete?: 'username' | 'email' }) => (
  <Field
    name="email"
    type="email"
    label={useView().m.signIn.email}
    autocomplete={autocomplete}
    required
    maxlength={255}
  />
);

/** The password that the account has. */
export const CurrentPassword = ({
  name = 'password',
  label,
  autofocus,
}: {
  name?: string;
  label: string;
  autofocus?: boolean;
}) => (
  <Field
    name={name}
    type="password"
    label={label}
    autocomplete="current-password"
    required
    maxlength={PASSWORD_CHARS.most}
    autofocus={autofocus}
  />
);

export const NewPassword = ({ name = 'password', label }: { name?: string; label: string }) => (
  <Field
    name={name}
    type="password"
    label={label}
    autocomplete="new-password"
    required
    minlength={PASSWORD_CHARS.fewest}
    maxlength={PASSWORD_CHARS.most}
    hint={useView().m.signUp.passwordHint(PASSWORD_CHARS.fewest)}
  />
);

/** A code of the second factor, or a recovery code. */
export const FactorCode = ({ name = 'code', autofocus = true }: { name?: string; autofocus?: boolean }) => {
  const { twoFactor } = useView().m;
  return (
    <Field
      name={name}
      label={twoFactor.code}
      autocomplete="one-time-code"
      required
      maxlength={20}
      autofocus={autofocus}
      hint={twoFactor.codeHint}
    />
  );
};

/** What shows again who there is: a code where a factor is on, otherwise the password. */
export const Proof = ({ autofocus }: { autofocus?: boolean }) => {
  const { m, account } = useView();
  return account?.twoFactorEnabled ? (
    <FactorCode name="proof" autofocus={autofocus} />
  ) : (
    <CurrentPassword name="proof" label={m.settings.currentPassword} autofocus={autofocus} />
  );
};

/** @throws FieldsRefused where it is easy to guess for whoever knows these words of the person */
export function refuseWeak({ m, product }: View, field: string, chosen: string, words: string[]): void {
  const weak = weaknessOf(chosen, [product, ...words]);
  if (weak) throw new FieldsRefused({ [field]: m.signUp.weak[weak] });
}

/** Whether one more try is counted, and allowed, before anything is hashed or mailed. */
export const allowed = (context: PortalContext, what: Tried, address?: string): Promise<boolean> =>
  context.var.services.signInGuard.allows(what, {
    ip: clientIp(context),
    email: address,
    device: deviceCookieOf(context),
  });

/** A page of a title and some words. */
export const said = (context: PortalContext, title: string, ...children: Child[]) =>
  render(
    context,
    <Plain view={context.var.view} title={title}>
      <h1>{title}</h1>
      {children}
    </Plain>,
  );

export const OutboxHint = ({ to }: { to?: string }) => {
  const { hasOutbox, m } = useView();
  return hasOutbox ? (
    <p>
      <a href={withQuery('/outbox', { to })}>{m.outbox.open}</a>
    </p>
  ) : null;
};

/** On your machine: where the code of the demo's operator is. */
export const DemoCode = () => {
  const { demoCode, m } = useView();
  return demoCode ? (
    <p class="small">
      <a href={demoCode} target="_blank" rel="noopener">
        {m.twoFactor.demo}
      </a>
    </p>
  ) : null;
};

/** Where whoever has never had a password gets one. */
export const NoPassword = () => (
  <p class="small">
    <a href="/reset">{useView().m.prove.noPassword}</a>
  </p>
);

/** The other way in, where one is set up. */
export const IdentityButton = ({ to = '' }: { to?: string }) => {
  const { identity, m } = useView();
  return identity ? (
    <>
      <p class="soft small">{m.signIn.or}</p>
      <Post action="/sign-in/identity" fields={{ back: to }}>
        {m.signIn.with(identity)}
      </Post>
    </>
  ) : null;
};
