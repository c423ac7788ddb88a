// /api/dev/members, /api/dev/invitations, and the partners of the developer.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { errorAnswers, idOr404, jsonAnswer, jsonBody } from '../../http/api.ts';
import { email } from '../../http/fields.ts';
import { inviteByMail } from '../../partners/invitation-mail.ts';
import { ROLES } from '../../partners/permissions.ts';
import { originOf } from '../../web/web.ts';
import { type Developer, developerApi, developerOf } from './developer.ts';

const role = z.enum(ROLES);
const member = z.object({
  subject: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  role,
  created_at: z.string(),
});
const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role,
  created_at: z.string(),
  expires_at: z.string(),
});
const message = z.object({ message: z.string() });

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/members',
    tags: ['Members'],
    summary: 'List members and open invitations',
    responses: {
      200: jsonAnswer('Members', z.object({ data: z.array(member), invitations: z.array(invitation) })),
      ...errorAnswers(401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { members } = context.var.services;
    const [people, open] = await Promise.all([members.members(partner.id), members.invitations(partner.id)]);
    return context.json(
      {
        data: people.map(({ createdAt, ...rest }) => ({ ...rest, created_at: createdAt })),
        invitations: open.map(({ createdAt, expiresAt, ...rest }) => ({
          ...rest,
          created_at: createdAt,
          expires_at: expiresAt,
        })),
      },
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/members/invitations',
    tags: ['Members'],
    summary:
      'Invite someone by mail; the link works for seven days. An open invitation of the address gets a new link',
    request: {
      body: jsonBody(z.object({ email, role, language: z.enum(['en', 'fr']).default('en') })),
    },
    responses: {
      201: jsonAnswer('Sent', z.object({ id: z.string() })),
      ...errorAnswers(400, 401, 403, 409, 429, 503),
    },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { services } = context.var;
    const { language, ...wanted } = context.req.valid('json');
    const inviting = { actor, origin: originOf(context, services.config), language };
    return context.json(await inviteByMail(services, partner, wanted, inviting), 201);
  },
);

developerApi.openapi(
  createRoute({
    method: 'delete',
    path: '/members/invitations/{invitationId}',
    tags: ['Members'],
    summary: 'Withdraw an invitation',
    request: { params: z.object({ invitationId: z.string() }) },
    responses: { 200: jsonAnswer('Withdrawn', message), ...errorAnswers(401, 403, 404) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const id = idOr404(context.req.valid('param').invitationId, 'invitation');
    await context.var.services.members.withdraw(partner.id, id, actor);
    return context.json({ message: 'The invitation is withdrawn' }, 200);
  },
);

const subject = z.object({ subject: z.string().max(600) });

/** @throws AppError forbidden: a program neither leaves for its person nor changes that person's role */
function checkTarget({ subject: own, only }: Developer, who: string): void {
  if (only && who === own) throw new AppError('forbidden');
}

developerApi.openapi(
  createRoute({
    method: 'patch',
    path: '/members/{subject}',
    tags: ['Members'],
    summary: "Change a member's role; a partner keeps at least one owner",
    request: { params: subject, body: jsonBody(z.object({ role })) },
    responses: { 200: jsonAnswer('Changed', message), ...errorAnswers(400, 401, 403, 404, 409) },
  }),
  async (context) => {
    const developer = developerOf(context);
    const { partner, actor } = developer;
    const { subject: who } = context.req.valid('param');
    checkTarget(developer, who);
    await context.var.services.members.setRole(partner.id, who, context.req.valid('json').role, actor);
    return context.json({ message: 'The role is changed' }, 200);
  },
);

// Before the route of any member, which only owners may use.
developerApi.openapi(
  createRoute({
    method: 'delete',
    path: '/members/me',
    operationId: 'leavePartner',
    tags: ['Members'],
    summary: 'Leave the partner, whatever your role; a partner keeps at least one owner',
    responses: { 200: jsonAnswer('Left', message), ...errorAnswers(401, 403, 404, 409) },
  }),
  async (context) => {
    const developer = developerOf(context);
    const { partner, subject: who, actor } = developer;
    checkTarget(developer, who);
    await context.var.services.members.remove(partner.id, who, actor);
    return context.json({ message: 'You have left the partner' }, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'delete',
    path: '/members/{subject}',
    tags: ['Members'],
    summary: 'Remove a member; a partner keeps at least one owner',
    request: { params: subject },
    responses: { 200: jsonAnswer('Removed', message), ...errorAnswers(401, 403, 404, 409) },
  }),
  async (context) => {
    const developer = developerOf(context);
    const { partner, actor } = developer;
    const { subject: who } = context.req.valid('param');
    checkTarget(developer, who);
    await context.var.services.members.remove(partner.id, who, actor);
    return context.json({ message: 'The member is removed' }, 200);
  },
);
