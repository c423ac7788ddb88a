// What the link of an invitation leads to, and accepting it.

import { AppError } from '../../core/errors.ts';
import { Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { accountActor, render, signIn } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

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
