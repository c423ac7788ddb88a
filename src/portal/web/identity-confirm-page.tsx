// The end of a sign-in through another issuer: a button signs in whoever it vouched for.

import { Plain } from '../../web/components/layout.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { addCookies, render } from '../../web/web.ts';
import { arrive } from './arrival.ts';
import { CONFIRM, failed, forget, keptOf, LINK } from './identity-routes.tsx';
import { portal } from './portal-web.tsx';

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
