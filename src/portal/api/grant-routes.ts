// /api/dev/grants: programs that a member let in.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, jsonAnswer } from '../../http/api.ts';
import { budgetShape } from '../../http/key-schemas.ts';
import { KEY_STATES } from '../../keys/key-state.ts';
import { developerApi, developerOf } from './developer.ts';

const grant = z.object({
  id: z.string(),
  client_id: z.string().nullable().describe('Where the program describes itself, or a client of yours'),
  client_name: z.string(),
  app_id: z.string().nullable(),
  environment: z.string(),
  scopes: z.array(z.string()),
  budget: budgetShape,
  state: z.enum(KEY_STATES),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/grants',
    tags: ['Grants'],
    summary: 'List the programs that you let in, newest first. Ended ones are included',
    responses: { 200: jsonAnswer('Grants', z.object({ data: z.array(grant) })), ...errorAnswers(401) },
  }),
  async (context) => {
    const { partner, subject } = developerOf(context);
    const { grants, keys } = context.var.services;
    const list = await grants.list({ partnerId: partner.id, subject });
    const data = await Promise.all(
      list.map(async (key) => ({
        id: key.keyId,
        client_id: key.grantedTo,
        client_name: key.name,
        app_id: key.appId,
        environment: key.environment,
        scopes: key.scopes,
        budget: await keys.budgets.standing(key),
        state: key.state,
        created_at: key.createdAt,
        expires_at: key.expiresAt,
        last_used_at: key.lastUsedAt,
      })),
    );
    return context.json({ data }, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'delete',
    path: '/grants/{grantId}',
    tags: ['Grants'],
    summary: 'End what a program may do, at once and for good',
    request: { params: z.object({ grantId: z.string() }) },
    responses: { 204: { description: 'Ended, now or before' }, ...errorAnswers(401, 404, 503) },
  }),
  async (context) => {
    const { partner, subject, actor } = developerOf(context);
    const { grantId } = context.req.valid('param');
    const member = { partnerId: partner.id, subject };
    await context.var.services.grants.end(member, grantId, actor);
    return context.body(null, 204);
  },
);
