// Confirming an address. The link of the mail shows a page and changes nothing: a button confirms it in the browser that
// signed up. In any other, whoever opened the mail says name and password anew: nobody gets an account that a stranger
// began, and whoever owns the address gets in by any mail, whoever asked for it.

import { deleteCookie, getCookie } from 'hono/cookie';
import * as z from 'zod';
import { ASKED_SECONDS } from '../../accounts/address-link.ts';
import { weaknessOf } from '../../accounts/weak-password.ts';
import { text } from '../../http/fields.ts';
import { Field, Form, Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { addCookies, type FormErrors, proofCookie, readFields, readForm, render } from '../../web/web.ts';
import { allowed, email, NewPassword, OutboxHint, password, said } from './account-parts.tsx';
import { arrive } from './arrival.ts';
import { type PortalContext, portal } from './portal-web.tsx';

export const ASKED_COOKIE = ['signed-up', ASKED_SECONDS] as const;
const MAX_TOKEN_CHARS = 2000;
const MAX_NAME_CHARS = 100;

const askedCookie = (context: PortalContext) => proofCookie(context.var.services.config, ...ASKED_COOKIE);

const sent = (context: PortalContext, to: string | undefined) => {
  const { view } = context.var;
  return said(
    context,
    view.m.verify.title,
    <p>{view.m.verify.sent}</p>,
    <OutboxHint to={to} />,
    <Post action="/verify" fields={{ email: to ?? '' }}>
      {view.m.verify.again}
    </Post>,
  );
};

interface Shown {
  problem?: string;
  name?: string;
  errors?: FormErrors;
  status?: 200 | 400 | 403 | 429;
}

async function showLink(context: PortalContext, token: string, shown: Shown = {}) {
  const { view, accounts } = context.var;
  const { m } = view;
  const { problem, name, errors = {}, status = 200 } = shown;
  const pending = await accounts.pendingAddress(token, getCookie(context, askedCookie(context).name));
  if (!pending)
    return said(
      context,
      m.verify.badTitle,
      <p>{m.verify.bad}</p>,
      <div class="row">
        <a class="button primary" href="/sign-in">
          {m.nav.signIn}
        </a>
        <a class="button" href="/sign-up">
          {m.nav.signUp}
        </a>
      </div>,
    );
  return render(
    context,
    <Plain view={view} title={m.verify.confirmTitle}>
      <h1>{m.verify.confirmTitle}</h1>
      <p>
        <strong>{pending.email}</strong>
      </p>
      {problem && <Note kind="bad">{problem}</Note>}
      <Form action="/verify/confirm" wrong={{ values: { name: name ?? pending.name }, errors }}>
        <input type="hidden" name="token" value={token} />
        {!pending.isAsker && (
          <>
            <p class="soft">{m.verify.otherBrowser}</p>
            <Field
              name="name"
              label={m.signUp.name}
              autocomplete="name"
              required
              maxlength={MAX_NAME_CHARS}
            />
            <NewPassword label={m.signIn.password} />
          </>
        )}
        <button type="submit" class="button primary">
          {m.verify.confirm}
        </button>
      </Form>
      <p class="soft small">{m.verify.notYou}</p>
    </Plain>,
    status,
  );
}

portal.get('/verify', (context) => {
  const token = context.req.query('token');
  return token === undefined ? sent(context, context.req.query('sent')) : showLink(context, token);
});

portal.post('/verify', async (context) => {
  const { data } = await readForm(context, z.object({ email }));
  if (data && (await allowed(context, 'mail', data.email)))
    await context.var.accounts.sendLinkAgain(getCookie(context, askedCookie(context).name));
  return context.redirect(withQuery('/verify', { sent: data?.email }), 303);
});

const confirmation = z.object({ token: z.string().max(MAX_TOKEN_CHARS) });
const choice = z.object({ name: text(MAX_NAME_CHARS, 1), password });

portal.post('/verify/confirm', async (context) => {
  const { view, accounts } = context.var;
  const { m, product } = view;
  const { values, data } = await readForm(context, confirmation);
  const token = data?.token ?? '';
  if (!(await allowed(context, 'sign-in')))
    return showLink(context, token, { problem: m.signIn.tooMany, status: 429 });
  const cookie = askedCookie(context);
  const asked = getCookie(context, cookie.name);
  const pending = await accounts.pendingAddress(token, asked);
  if (!pending) return showLink(context, token);
  const chosen = pending.isAsker ? undefined : readFields(context, values, choice);
  if (chosen?.errors)
    return showLink(context, token, { name: values.name, errors: chosen.errors, status: 403 });
  const weak = chosen && weaknessOf(chosen.data.password, [product, chosen.data.name, pending.email]);
  if (weak) {
    const errors = { password: m.signUp.weak[weak] };
    return showLink(context, token, { name: values.name, errors, status: 400 });
  }
  const confirmed = await accounts.confirmAddress(token, { asked, chosen: chosen?.data });
  if (!confirmed) return showLink(context, token);
  const { account, back, cookies } = confirmed;
  addCookies(context, cookies);
  deleteCookie(context, cookie.name, cookie.options);
  return context.redirect(await arrive(context, account, back), 303);
});
