// Invitations: what a link leads to, accepting by it, and the choice of someone who has no partner yet.

import * as z from 'zod';
import type { Account } from '../../accounts/account-service.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { inviteAgain } from '../../partners/invitation-mail.ts';
import { Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { accountActor, readForm, render, signIn } from '../../web/web.ts';
import { allowed, OutboxHint } from './account-parts.tsx';
import { type PortalContext, portal, register } from './portal-web.tsx';

portal.get('/invite/:token', async (context) => {
  const { view, services } = context.var;
  const { m } = view;
  const invitation = await services.members.invitation(context.req.param('token'));
  if (!invitation) {
    return render(
      context,
      <Plain view={view} title={m.invite.goneTitle}>
        <h1>{m.invite.goneTitle}</h1>
        <p>{m.invite.gone}</p>
      </Plain>,
      404,
    );
  }
  const isIn = await signIn(context);
  const isRight = isIn && view.account?.email.toLowerCase() === invitation.email;
  return render(
    context,
    <Plain view={view} title={m.invite.title(invitation.partner)}>
      <h1>{m.invite.title(invitation.partner)}</h1>
      <p>{m.invite.text(invitation.email, m.roles[invitation.role].name)}</p>
      {isRight && (
        <Post action={view.path} kind="button primary">
          {m.invite.accept}
        </Post>
      )}
      {isIn && !isRight && <Note kind="warn">{m.invite.other(view.account?.email ?? '')}</Note>}
      {!isIn && (
        <div class="row">
          <a
            class="button primary"
            href={withQuery('/sign-up', { back: view.path, email: invitation.email })}
          >
            {m.nav.signUp}
          </a>
          <a class="button" href={withQuery('/sign-in', { back: view.path })}>
            {m.nav.signIn}
          </a>
        </div>
      )}
    </Plain>,
  );
});

portal.post('/invite/:token', async (context) => {
  if (!(await signIn(context))) return context.redirect('/sign-in', 303);
  const { account } = context.var.view;
  if (!account) throw new AppError('forbidden');
  const token = context.req.param('token');
  const { members } = context.var.services;
  await members.accept(token, account.id, account.email, accountActor(context, account.id));
  return context.redirect('/portal?done=joined', 303);
});

const toSignIn = (context: PortalContext) =>
  context.redirect(withQuery('/sign-in', { back: '/welcome' }), 303);

async function showWelcome(
  context: PortalContext,
  account: Account,
  status: 200 | 409 | 429 = 200,
  problem?: string,
) {
  const { view, services } = context.var;
  const { m } = view;
  const invitations = await services.members.invitationsFor(account.email);
  const sent = context.req.query('sent') !== undefined;
  return render(
    context,
    <Plain view={view} title={m.welcome.title}>
      <h1>{m.welcome.title}</h1>
      {problem && <Note kind="bad">{problem}</Note>}
      {sent && <Note kind="good">{m.welcome.sent(account.email)}</Note>}
      {sent && <OutboxHint to={account.email} />}
      {invitations.length > 0 && (
        <>
          <p>{m.welcome.text(account.email)}</p>
          <ul class="choices">
            {invitations.map(({ id, partner, role }) => (
              <li class="row">
                <span class="grow">
                  <strong>{partner}</strong> <span class="soft">{m.roles[role].name}</span>
                </span>
                <Post action="/welcome" fields={{ invitation: id }} kind="button small">
                  {m.welcome.again}
                </Post>
              </li>
            ))}
          </ul>
        </>
      )}
      <Post action="/welcome" kind={invitations.length > 0 ? 'button' : 'button primary'}>
        {m.welcome.own}
      </Post>
    </Plain>,
    status,
  );
}

portal.get('/welcome', async (context) => {
  if (!(await signIn(context))) return toSignIn(context);
  const { account } = context.var.view;
  if (!account) throw new AppError('forbidden');
  return showWelcome(context, account);
});

/** The link again, to the address that was invited: only the mail opens what the mail invites to. */
async function sendAgain(context: PortalContext, account: Account, invitation: string) {
  const { services, view } = context.var;
  if (!(await allowed(context, 'mail', account.email)))
    return showWelcome(context, account, 429, view.m.signIn.tooMany);
  const id = idOr404(invitation, 'invitation');
  await inviteAgain(services, id, account.email, view);
  return context.redirect('/welcome?sent', 303);
}

portal.post('/welcome', async (context) => {
  if (!(await signIn(context))) return toSignIn(context);
  const { account, m } = context.var.view;
  if (!account) throw new AppError('forbidden');
  const { data } = await readForm(context, z.object({ invitation: z.string().optional() }));
  if (data?.invitation !== undefined) return sendAgain(context, account, data.invitation);
  const result = await register(context, account);
  if (result === 'registered') return context.redirect('/portal', 303);
  if (result === 'invited') return context.redirect('/welcome?sent', 303);
  return showWelcome(context, account, 409, m.welcome.taken);
});
