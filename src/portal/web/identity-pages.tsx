// Sign-in through the configured OIDC issuer, and linking. A form begins, the issuer sends the browser back, and a form ends
// it: what the issuer vouched for is kept in a cookie, and a GET signs nobody in and links nothing.

import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as z from 'zod';
import { IdentityRefused, type KeptIdentity } from '../../accounts/external-identity.ts';
import { AppError } from '../../core/errors.ts';
import { Field, Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { addCookies, askProof, isProven, proofCookie, readForm, render, signIn } from '../../web/web.ts';
import { CurrentPassword } from './account-parts.tsx';
import { arrive, type PortalContext, portal } from './portal-web.tsx';

const COOKIE_SECONDS = 600;
const CALLBACK = '/sign-in/identity/callback';
const CONFIRM = '/sign-in/identity/confirm';
const LINK = '/sign-in/identity/link';

function identityOf(context: PortalContext) {
  const { identity } = context.var.services;
  if (!identity) throw new AppError('not_found');
  return identity;
}

const attemptCookie = (context: PortalContext) =>
  proofCookie(context.var.services.config, 'sign-in-attempt', COOKIE_SECONDS);
const keptCookie = (context: PortalContext) =>
  proofCookie(context.var.services.config, 'sign-in-identity', COOKIE_SECONDS);

const keptOf = (context: PortalContext): Promise<KeptIdentity | undefined> =>
  identityOf(context).kept(getCookie(context, keptCookie(context).name));

const forget = (context: PortalContext): void => {
  const { name, options } = keptCookie(context);
  deleteCookie(context, name, options);
};

const failed = (context: PortalContext) =>
  context.redirect(withQuery('/sign-in', { problem: 'identity' }), 303);

const wish = z.object({ back: z.string().max(500).optional(), purpose: z.literal('link').optional() });

portal.post('/sign-in/identity', async (context) => {
  const { data } = await readForm(context, wish);
  const purpose = data?.purpose ?? 'sign-in';
  const back = safePath(data?.back, '/portal');
  const { url, attempt } = await identityOf(context).begin(context.var.view.origin + CALLBACK, {
    back,
    purpose,
  });
  const { name, options } = attemptCookie(context);
  setCookie(context, name, attempt, options);
  // Not a redirect: `form-action` holds the answers of forms to our own origin, whatever the issuer sends the browser on to.
  context.header('refresh', `0; url=${url}`);
  const { view } = context.var;
  const title = view.m.identity.onward(view.identity ?? '');
  return render(
    context,
    <Plain view={view} title={title}>
      <h1>{title}</h1>
      <p>
        <a class="button primary" href={url}>
          {view.m.identity.continue}
        </a>
      </p>
    </Plain>,
  );
});

portal.get(CALLBACK, async (context) => {
  const { view, services } = context.var;
  const identity = identityOf(context);
  const attempt = attemptCookie(context);
  const carried = getCookie(context, attempt.name);
  deleteCookie(context, attempt.name, attempt.options);
  try {
    const found = await identity.finish(new URL(context.req.url), view.origin + CALLBACK, carried);
    const { name, options } = keptCookie(context);
    setCookie(context, name, await identity.keep(found), options);
    return context.redirect(found.purpose === 'link' ? LINK : CONFIRM, 303);
  } catch (error) {
    if (!(error instanceof IdentityRefused)) throw error;
    services.log({ message: 'external sign-in refused', level: 'warn', reason: error.message });
    return failed(context);
  }
});

// ---------------------------------------------------------------- signing in
portal.get(CONFIRM, async (context) => {
  const kept = await keptOf(context);
  if (!kept) return failed(context);
  const { view } = context.var;
  const { m } = view;
  return render(
    context,
    <Plain view={view} title={m.identity.continueTitle}>
      <h1>{m.identity.continueTitle}</h1>
      <p>
        <strong>{kept.email}</strong>
      </p>
      <form method="post" action={CONFIRM} data-submit="">
        <button type="submit" class="button primary">
          {m.identity.continue}
        </button>
      </form>
    </Plain>,
  );
});

portal.post(CONFIRM, async (context) => {
  const kept = await keptOf(context);
  if (!kept) return failed(context);
  const { ok, code, data, account, cookies } = await context.var.accounts.signInWith(kept);
  if (code === 'PROOF_NEEDED') return context.redirect(LINK, 303);
  if (!ok || !account) throw new Error(`external sign-in: ${code}`);
  addCookies(context, cookies);
  forget(context);
  if (data?.twoFactorRedirect) return context.redirect(withQuery('/two-factor', { back: kept.back }), 303);
  return context.redirect(await arrive(context, account, safePath(kept.back, '/portal')), 303);
});

// ---------------------------------------------------------------- linking
portal.get(LINK, async (context) => {
  const kept = await keptOf(context);
  if (!kept) return failed(context);
  const isIn = await signIn(context);
  const { view } = context.var;
  const { m, account } = view;
  const issuer = view.identity ?? kept.issuer;
  const title = m.identity.linkTitle(issuer);
  return render(
    context,
    <Plain view={view} title={title}>
      <h1>{title}</h1>
      {isIn && account ? (
        <>
          <p>{m.identity.linkText(issuer, kept.email, account.email)}</p>
          <div class="row">
            <Post action={LINK} kind="button primary">
              {m.identity.link}
            </Post>
            <a class="button" href="/portal/settings">
              {m.identity.cancel}
            </a>
          </div>
        </>
      ) : (
        <>
          <Note>{m.identity.known(kept.email)}</Note>
          <form method="post" action="/sign-in" class="stack">
            <input type="hidden" name="back" value={LINK} />
            <Field
              name="email"
              type="email"
              label={m.signIn.email}
              autocomplete="username"
              required
              value={kept.email}
            />
            <CurrentPassword name="password" label={m.signIn.password} />
            <button type="submit" class="button primary">
              {m.signIn.submit}
            </button>
          </form>
          <p>
            <a href="/reset">{m.signIn.forgot}</a>
          </p>
        </>
      )}
    </Plain>,
  );
});

portal.post(LINK, async (context) => {
  const kept = await keptOf(context);
  if (!kept) return failed(context);
  const isIn = await signIn(context);
  const { view, accounts } = context.var;
  const { account, m } = view;
  if (!isIn || !account) return context.redirect(LINK, 303);
  if (!isProven(context)) return askProof(context, LINK);
  forget(context);
  if ((await accounts.link(account, kept)) === 'taken')
    return render(
      context,
      <Plain view={view} title={m.identity.takenTitle}>
        <h1>{m.identity.takenTitle}</h1>
        <p>{m.identity.taken}</p>
        <p>
          <a class="button" href="/portal/settings">
            {m.nav.settings}
          </a>
        </p>
      </Plain>,
      409,
    );
  const back = await arrive(context, account, safePath(kept.back, '/portal'));
  return context.redirect(withQuery(back, { done: 'identity_linked' }), 303);
});
