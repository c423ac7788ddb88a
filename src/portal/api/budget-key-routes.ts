// /api/dev/keys/{keyId}/budget-keys

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, jsonAnswer, jsonBody } from '../../http/api.ts';
import { keyName, lines, rfcTime, scopeList } from '../../http/fields.ts';
import { keyBudget } from '../../http/key-schemas.ts';
import { developerApi, developerOf } from './developer.ts';
import { keyShape, SECRET_WARNING, showKey, withSecret } from './key-shape.ts';

const keyParams = z.object({ keyId: z.string() });

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/keys/{keyId}/budget-keys',
    tags: ['Keys'],
    summary:
      'Create a key with a budget. It counts in the limits of the key that makes it and on its bill, and ends with it. The secret is in this answer and nowhere else',
    request: {
      params: keyParams,
      body: jsonBody(
        z.object({
          name: keyName.describe('What it is for: an agent, a job, a person'),
          description: lines(1000).nullish(),
          budget: keyBudget,
          expires_at: rfcTime.nullish(),
          scopes: scopeList.optional().describe('Those of the key that makes it, where none are said'),
        }),
      ),
    },
    responses: { 201: jsonAnswer('The key', withSecret), ...errorAnswers(400, 401, 403, 404, 409) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const { keys } = context.var.services;
    const maker = await keys.get(partner.id, context.req.valid('param').keyId);
    const { expires_at: expiresAt, ...wanted } = context.req.valid('json');
    const { key, secret } = await keys.budgets.make(maker, { ...wanted, expiresAt }, actor);
    const budget = await keys.budgets.standing(key);
    return context.json({ ...showKey(key, budget), secret, warning: SECRET_WARNING }, 201);
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/keys/{keyId}/budget-keys',
    tags: ['Keys'],
    summary:
      'List the keys with budgets that a key made, newest first, with what is left. Revoked ones are included',
    request: { params: keyParams },
    responses: { 200: jsonAnswer('Keys', z.object({ data: z.array(keyShape) })), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { keys } = context.var.services;
    const made = await keys.budgets.list(await keys.get(partner.id, context.req.valid('param').keyId));
    return context.json({ data: made.map(({ key, budget }) => showKey(key, budget)) }, 200);
  },
);
