// Invitations: what a link leads to, accepting, and the choice of someone who has no partner yet.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { Plain } from '../../web/components/layout.tsx';
import { Note, Post } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { accountActor, readForm, render, signIn } from '../../web/web.ts';
import { portal, register } from './portal-web.tsx';

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
  const by = { token: context.req.param('token') };
  await context.var.services.members.accept(by, account.id, account.email, accountActor(context, account.id));
  return context.redirect('/portal?done=joined', 303);
});

portal.get('/welcome', async (context) => {
  if (!(await signIn(context))) return context.redirect('/sign-in', 303);
  const { view, services } = context.var;
  const { m } = view;
  const invitations = await services.members.invitationsFor(view.account?.email ?? '');
  return render(
    context,
    <Plain view={view} title={m.welcome.title}>
      <h1>{m.welcome.title}</h1>
      <p>{m.welcome.text}</p>
      {invitations.map(({ id, partner, role }) => (
        <Post action="/welcome" fields={{ invitation: id }} kind="button primary">
          {m.welcome.join(partner, m.roles[role].name)}
        </Post>
      ))}
      <Post action="/welcome">{m.welcome.own}</Post>
    </Plain>,
  );
});

portal.post('/welcome', async (context) => {
  if (!(await signIn(context))) return context.redirect('/sign-in', 303);
  const { account } = context.var.view;
  if (!account) throw new AppError('forbidden');
  const { data } = await readForm(context, z.object({ invitation: z.string().optional() }));
  if (data?.invitation === undefined) {
    await register(context);
    return context.redirect('/portal', 303);
  }
  const id = idOr404(data.invitation, 'invitation');
  await context.var.services.members.accept(
    { id },
    account.id,
    account.email,
    accountActor(context, account.id),
  );
  return context.redirect('/portal?done=joined', 303);
});
