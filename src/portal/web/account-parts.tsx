// What the pages of signing up, signing in and proving share.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import type { Tried } from '../../accounts/sign-in-guard.ts';
import { clientIp } from '../../http/api.ts';
import { Field } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { deviceCookieOf, type FormErrors, type FormValues, render } from '../../web/web.ts';
import type { PortalContext } from './portal-web.tsx';

export const email = z.string().trim().toLowerCase().max(255).pipe(z.email());
export const password = z.string().min(PASSWORD_CHARS.fewest).max(PASSWORD_CHARS.most);

export interface FormProps {
  view: View;
  values?: FormValues;
  errors?: FormErrors;
  problem?: string;
}

export const Problem = ({ text }: { text?: string }) => (text ? <Note kind="bad">{text}</Note> : null);
export const Back = ({ values }: { values?: FormValues }) => (
  <input type="hidden" name="back" value={values?.back ?? ''} />
);

/** The password that the account has. */
export const CurrentPassword = ({ name, label }: { name: string; label: string }) => (
  <Field
    name={name}
    type="password"
    label={label}
    autocomplete="current-password"
    required
    maxlength={PASSWORD_CHARS.most}
    autofocus
  />
);

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
  const view = useView();
  return view.hasOutbox ? (
    <p>
      <a href={withQuery('/outbox', { to })}>{view.m.outbox.open}</a>
    </p>
  ) : null;
};

/** On your machine: where the code of the demo's operator is. */
export const DemoCode = () => {
  const view = useView();
  return view.demoCode ? (
    <p class="small">
      <a href={view.demoCode} target="_blank" rel="noopener">
        {view.m.twoFactor.demo}
      </a>
    </p>
  ) : null;
};
