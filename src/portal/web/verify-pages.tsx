// Confirming an address. The link of the mail shows a page and changes nothing: a button confirms it in the browser that
// signed up, and the password in any other.

import { deleteCookie, getCookie } from 'hono/cookie';
import * as z from 'zod';
import { ASKED_SECONDS } from '../../accounts/address-link.ts';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { Plain } from '../../web/components/layout.tsx';
import { withQuery } from '../../web/redirects.ts';
import { addCookies, proofCookie, readForm, render } from '../../web/web.ts';
import { allowed, CurrentPassword, email, OutboxHint, Problem, said } from './account-parts.tsx';
import { arrive, type PortalContext, portal } from './portal-web.tsx';

export const ASKED_COOKIE = ['signed-up', ASKED_SECONDS] as const;
const MOST_TOKEN_CHARS = 2000;

const askedCookie = (context: PortalContext) => proofCookie(context.var.services.config, ...ASKED_COOKIE);

const sent = (context: PortalContext, to: string | undefined) => {
  const { view } = context.var;
  return said(
    context,
    view.m.verify.title,
    <p>{view.m.verify.sent}</p>,
    <OutboxHint view={view} to={to} />,
    <form method="post" action="/verify" class="stack">
      <input type="hidden" name="email" value={to ?? ''} />
      <button type="submit" class="button">
        {view.m.verify.again}
      </button>
    </form>,
  );
};

async function showLink(
  context: PortalContext,
  token: string,
  problem?: string,
  status: 200 | 403 | 429 = 200,
) {
  const { view, accounts } = context.var;
  const { m } = view;
  const pending = await accounts.pendingAddress(token, getCookie(context, askedCookie(context).name));
  if (!pending)
    return said(
      context,
      m.verify.badTitle,
      <p>{m.verify.bad}</p>,
      <p>
        <a class="button primary" href="/sign-in">
          {m.nav.signIn}
        </a>
      </p>,
    );
  return render(
    context,
    <Plain view={view} title={m.verify.confirmTitle}>
      <h1>{m.verify.confirmTitle}</h1>
      <p>
        <strong>{pending.email}</strong>
      </p>
      <Problem text={problem} />
      <form method="post" action="/verify/confirm" class="stack">
        <input type="hidden" name="token" value={token} />
        {!pending.isAsker && (
          <>
            <p class="soft">{m.verify.otherBrowser}</p>
            <CurrentPassword name="password" label={m.signIn.password} />
          </>
        )}
        <button type="submit" class="button primary">
          {m.verify.confirm}
        </button>
      </form>
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
    await context.var.accounts.sendVerification(data.email);
  return context.redirect(withQuery('/verify', { sent: data?.email }), 303);
});

const confirmation = z.object({
  token: z.string().max(MOST_TOKEN_CHARS),
  password: z.string().max(PASSWORD_CHARS.most).optional(),
});

portal.post('/verify/confirm', async (context) => {
  const { view, accounts } = context.var;
  const { data } = await readForm(context, confirmation);
  const token = data?.token ?? '';
  if (!(await allowed(context, 'sign-in'))) return showLink(context, token, view.m.signIn.tooMany, 429);
  const cookie = askedCookie(context);
  const proof = { asked: getCookie(context, cookie.name), password: data?.password };
  const { ok, code, account, back, cookies } = await accounts.confirmAddress(token, proof);
  if (code === 'PROOF_NEEDED') return showLink(context, token, view.m.verify.wrongPassword, 403);
  if (!ok || !account) return showLink(context, token);
  addCookies(context, cookies);
  deleteCookie(context, cookie.name, cookie.options);
  return context.redirect(await arrive(context, account, back), 303);
});
