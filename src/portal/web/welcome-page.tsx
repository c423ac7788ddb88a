// The choice of someone who has no partner yet: invitations that wait, or a partner of one's own.

import * as z from 'zod';
import type { Account } from '../../accounts/account-service.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { inviteAgain } from '../../partners/invitation-mail.ts';
import { Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { readForm, render, signIn } from '../../web/web.ts';
import { allowed, OutboxHint } from './account-parts.tsx';
import { register } from './arrival.ts';
import { type PortalContext, portal } from './portal-web.tsx';

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
  if (await register(context, account)) return context.redirect('/portal', 303);
  return showWelcome(context, account, 409, m.welcome.taken);
});
