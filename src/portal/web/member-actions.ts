// What owners do with members, and members with themselves: invite, withdraw, a role, remove, leave.

import * as z from 'zod';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { inviteByMail } from '../../partners/invitation-mail.ts';
import { ROLES } from '../../partners/permissions.ts';
import { readChoice, submit } from '../../web/forms.ts';
import { email } from './account-parts.tsx';
import { showMembers } from './member-page.tsx';
import { actorFor, done, member, portal } from './portal-web.tsx';

const role = z.enum(ROLES);
const subject = z.string().min(1).max(600);

/** Why nobody was invited, or heard of it, said at the address. */
const REFUSALS: { [code in ErrorCode]?: 'already' | 'tooMany' | 'unsent' } = {
  conflict: 'already',
  rate_limit_exceeded: 'tooMany',
  service_unavailable: 'unsent',
};

/** Whoever is invited already gets a new link. */
portal.post('/portal/members/invite', (context) => {
  const { workspace, m, language, origin } = member(context, 'own');
  return submit(context, z.object({ email, role }), {
    async work(data) {
      const inviting = { actor: actorFor(context), origin, language };
      await inviteByMail(context.var.services, workspace.partner, data, inviting);
      return done(context, '/portal/members', 'invited');
    },
    again: (wrong) => showMembers(context, { form: 'invite', wrong }),
    says({ code }) {
      const why = REFUSALS[code];
      return why && { email: m.members[why] };
    },
  });
});

portal.post('/portal/members/invitations/:id/withdraw', async (context) => {
  const { workspace } = member(context, 'own');
  const id = idOr404(context.req.param('id'), 'invitation');
  await context.var.services.members.withdraw(workspace.partner.id, id, actorFor(context));
  return done(context, '/portal/members', 'withdrawn');
});

portal.post('/portal/members/role', (context) => {
  const { workspace, m } = member(context, 'own');
  return submit(context, z.object({ subject, role }), {
    async work(data) {
      const { members } = context.var.services;
      await members.setRole(workspace.partner.id, data.subject, data.role, actorFor(context));
      return done(context, '/portal/members', 'role_changed');
    },
    again: (wrong) => showMembers(context, { form: 'role', wrong }),
    says: ({ code }) => (code === 'conflict' ? { role: m.members.lastOwner } : undefined),
  });
});

portal.post('/portal/members/remove', async (context) => {
  const data = await readChoice(context, z.object({ subject }));
  const { workspace, m } = member(context);
  const isSelf = data.subject === workspace.subject;
  if (!isSelf) member(context, 'own');
  try {
    await context.var.services.members.remove(workspace.partner.id, data.subject, actorFor(context));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    return showMembers(context, { problem: m.members.lastOwner });
  }
  return isSelf ? done(context, '/portal', 'left') : done(context, '/portal/members', 'member_removed');
});
