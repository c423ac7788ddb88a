// Sign-in through the configured OIDC issuer: there and back.

import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { IdentityRefused } from '../../accounts/external-identity.ts';
import { AppError } from '../../core/errors.ts';
import { safePath, withQuery } from '../../web/redirects.ts';
import { addCookies, cookieName } from '../../web/web.ts';
import { type PortalContext, portal } from './portal-web.tsx';

const ATTEMPT = 'sign-in-attempt';
const ATTEMPT_SECONDS = 600;
const CALLBACK = '/sign-in/identity/callback';

function identityOf(context: PortalContext) {
  const { identity } = context.var.services;
  if (!identity) throw new AppError('not_found');
  return identity;
}

portal.get('/sign-in/identity', async (context) => {
  const { origin } = context.var.view;
  const back = safePath(context.req.query('back'), '/portal');
  const { url, attempt } = await identityOf(context).begin(origin + CALLBACK, back);
  setCookie(context, cookieName(context.var.services.config, ATTEMPT), attempt, {
    path: CALLBACK,
    httpOnly: true,
    sameSite: 'Lax',
    secure: origin.startsWith('https:'),
    maxAge: ATTEMPT_SECONDS,
  });
  return context.redirect(url, 303);
});

portal.get(CALLBACK, async (context) => {
  const { view, accounts, services } = context.var;
  const name = cookieName(services.config, ATTEMPT);
  const attempt = getCookie(context, name);
  deleteCookie(context, name, { path: CALLBACK });
  try {
    const { back, ...identity } = await identityOf(context).finish(
      new URL(context.req.url),
      view.origin + CALLBACK,
      attempt,
    );
    addCookies(context, await accounts.signInWith(identity));
    return context.redirect(safePath(back, '/portal'), 303);
  } catch (error) {
    if (!(error instanceof IdentityRefused)) throw error;
    services.log({ message: 'external sign-in refused', level: 'warn', reason: error.message });
    return context.redirect(withQuery('/sign-in', { problem: 'identity' }), 303);
  }
});
