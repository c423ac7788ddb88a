// Sign-in through the configured OIDC issuer, and linking. A form begins, the issuer sends the browser back, and a form ends
// it: what the issuer vouched for is kept in a cookie, and a GET signs nobody in and links nothing.

import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as z from 'zod';
import { IdentityRefused, type KeptIdentity } from '../../accounts/external-identity.ts';
import { AppError } from '../../core/errors.ts';
import { Plain } from '../../web/components/layout.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { proofCookie, readForm, render } from '../../web/web.ts';
import { back } from './account-parts.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

const COOKIE_SECONDS = 600;
const CALLBACK = '/sign-in/identity/callback';
export const CONFIRM = '/sign-in/identity/confirm';
export const LINK = '/sign-in/identity/link';

function identityOf(context: PortalContext) {
  const { identity } = context.var.services;
  if (!identity) throw new AppError('not_found');
  return identity;
}

const attemptCookie = (context: PortalContext) =>
  proofCookie(context.var.services.config, 'sign-in-attempt', COOKIE_SECONDS);
const keptCookie = (context: PortalContext) =>
  proofCookie(context.var.services.config, 'sign-in-identity', COOKIE_SECONDS);

export const keptOf = (context: PortalContext): Promise<KeptIdentity | undefined> =>
  identityOf(context).kept(getCookie(context, keptCookie(context).name));

export const forget = (context: PortalContext): void => {
  const { name, options } = keptCookie(context);
  deleteCookie(context, name, options);
};

export const failed = (context: PortalContext) =>
  context.redirect(withQuery('/sign-in', { problem: 'identity' }), 303);

const begin = z.object({ back, purpose: z.literal('link').optional() });

portal.post('/sign-in/identity', async (context) => {
  const { data } = await readForm(context, begin);
  const purpose = data?.purpose ?? 'sign-in';
  const to = safePath(data?.back, '/portal');
  const { url, attempt } = await identityOf(context).begin(context.var.view.origin + CALLBACK, {
    back: to,
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
