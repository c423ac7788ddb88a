// /api/dev/members/me/mails: which mails the developer gets.

import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../../http/api.ts';
import type { MailChoices, MailKind } from '../../mail/kinds.ts';
import type { Services } from '../services.ts';
import { developerApi, developerOf } from './developer.ts';

const kinds = {
  usage: z.boolean().describe('Alerts of errors, slow answers and quotas'),
  keys: z.boolean().describe('Keys that an operator created or revoked'),
  webhooks: z.boolean().describe('Endpoints that fail, or were disabled'),
  reminders: z.boolean().describe('Reminders of overdue invoices'),
} satisfies Record<MailKind, z.ZodBoolean>;
const choices = z.object(kinds);

async function chosenBy(context: Context<ApiEnv<Services>>): Promise<MailChoices> {
  const { partner, subject } = developerOf(context);
  const found = await context.var.services.mailChoices.of({ partnerId: partner.id, subject });
  if (!found) throw new AppError('not_found');
  return found.choices;
}

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/members/me/mails',
    operationId: 'getOwnMails',
    tags: ['Members'],
    summary: 'Retrieve which kinds of email you get',
    responses: { 200: jsonAnswer('Of each kind, whether you get it', choices), ...errorAnswers(401, 403) },
  }),
  async (context) => context.json(await chosenBy(context), 200),
);

developerApi.openapi(
  createRoute({
    method: 'patch',
    path: '/members/me/mails',
    operationId: 'updateOwnMails',
    tags: ['Members'],
    summary: 'Choose which kinds of email you get; those of security and contracts are always sent',
    request: { body: jsonBody(choices.partial()) },
    responses: {
      200: jsonAnswer('Of each kind, whether you get it', choices),
      ...errorAnswers(400, 401, 403),
    },
  }),
  async (context) => {
    const { partner, subject, actor, only } = developerOf(context);
    // A program does not choose for its person.
    if (only) throw new AppError('forbidden');
    const { mailChoices } = context.var.services;
    await mailChoices.choose({ partnerId: partner.id, subject }, context.req.valid('json'), actor);
    return context.json(await chosenBy(context), 200);
  },
);
