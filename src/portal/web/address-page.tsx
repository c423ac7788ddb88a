// What the links of a change of address lead to: the new address is confirmed in a session of the account, and the old one
// takes the account back. Both by a button: a GET changes nothing.

import { actorOf } from '../../http/api.ts';
import { Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { accountActor, render } from '../../web/web.ts';
import { said } from './account-parts.tsx';
import { done, type PortalContext, portal } from './portal-web.tsx';
import { accountOf, toSignIn } from './prove-page.tsx';

function gone(context: PortalContext) {
  const { view } = context.var;
  const { goneTitle, gone: text } = view.m.address;
  return render(
    context,
    <Plain view={view} title={goneTitle}>
      <h1>{goneTitle}</h1>
      <p>{text}</p>
    </Plain>,
    404,
  );
}

portal.get('/email/:token', async (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  const change = await accounts.addressChange(context.req.param('token'));
  if (!change) return gone(context);
  const account = await accountOf(context);
  return said(
    context,
    m.address.title,
    <p>
      <strong>{change.to}</strong>
    </p>,
    account?.id === change.account && (
      <>
        <p>{m.address.from(change.from)}</p>
        <Post action={view.path} kind="button primary">
          {m.address.confirm}
        </Post>
      </>
    ),
    account && account.id !== change.account && <Note kind="warn">{m.address.other(account.email)}</Note>,
    !account && (
      <>
        <p>{m.address.signIn}</p>
        <a class="button primary" href={withQuery('/sign-in', { back: view.path })}>
          {m.nav.signIn}
        </a>
      </>
    ),
  );
});

portal.post('/email/:token', async (context) => {
  const account = await accountOf(context);
  if (!account) return toSignIn(context);
  const by = { session: context.var.session.id, actor: accountActor(context, account.id) };
  const changed = await context.var.accounts.confirmNewAddress(account, context.req.param('token'), by);
  return changed ? done(context, '/portal/settings', 'address_changed') : gone(context);
});

portal.get('/email/undo/:token', async (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  const change = await accounts.addressUndo(context.req.param('token'));
  if (!change) return gone(context);
  return said(
    context,
    m.address.undoTitle,
    <p>{m.address.undoText(change.to, change.from)}</p>,
    <p>{m.address.undoEnds}</p>,
    <Post action={view.path} kind="button solid-danger">
      {m.address.undo}
    </Post>,
  );
});

portal.post('/email/undo/:token', async (context) => {
  const { accounts } = context.var;
  const token = context.req.param('token');
  const change = await accounts.addressUndo(token);
  const reset =
    change && (await accounts.undoAddress(token, actorOf(context, `developer:${change.account}`)));
  return reset === undefined ? gone(context) : done(context, `/reset/${reset}`, 'address_restored');
});
