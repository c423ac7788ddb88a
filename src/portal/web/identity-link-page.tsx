// Linking an account with the identity that another issuer vouched for: by a button, after proving who is there.

import type { KeptIdentity } from '../../accounts/external-identity.ts';
import { Form, Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { askProof, isProven, render, signIn } from '../../web/web.ts';
import { CurrentPassword, EmailField } from './account-parts.tsx';
import { arrive } from './arrival.ts';
import { failed, forget, keptOf, LINK } from './identity-routes.tsx';
import { portal } from './portal-web.tsx';

/** For whoever has an account with this address, and is not signed in. */
const SignInFirst = ({ kept }: { kept: KeptIdentity }) => {
  const { m } = useView();
  return (
    <>
      <Note>{m.identity.known(kept.email)}</Note>
      <Form action="/sign-in" saved={{ email: kept.email }}>
        <input type="hidden" name="back" value={LINK} />
        <EmailField />
        <CurrentPassword label={m.signIn.password} autofocus />
        <button type="submit" class="button primary">
          {m.signIn.submit}
        </button>
      </Form>
      <p>
        <a href="/reset">{m.signIn.forgot}</a>
      </p>
    </>
  );
};

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
        <SignInFirst kept={kept} />
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
