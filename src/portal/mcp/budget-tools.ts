// Tools for keys with budgets: an agent gives another one what it may spend, and takes it back.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { keyName, rfcTime, scopeList } from '../../http/fields.ts';
import { keyBudget } from '../../http/key-schemas.ts';
import { makeBudgetKey } from '../budget-keys.ts';
import { type OwnCaller, ownTool } from './own-tool.ts';
import { answered } from './tool-result.ts';

const SCOPE = 'keys:write';

/** @throws AppError where a change would be made with a secret that was replaced */
function actorOf({ actor }: OwnCaller) {
  if (!actor) throw new AppError('forbidden', 'This secret was replaced: changes take the current one');
  return actor;
}

const createBudgetKey = ownTool(
  'create_budget_key',
  'Makes a key for somebody else, which may spend so much in its whole life: in units, or in minor units of the currency. It counts in the limits and on the bill of this key, and stops with it. The secret is in this result and nowhere else.',
  z.strictObject({
    name: keyName.describe('What it is for'),
    budget: keyBudget,
    expires_at: rfcTime.optional().describe('RFC 3339 with a zone; never later than the end of this key'),
    scopes: scopeList
      .optional()
      .describe('Some of those of this key; without keys:write where none are said'),
  }),
  async (wanted, caller) => {
    const { key, secret } = await makeBudgetKey(caller.services, caller.record, wanted, actorOf(caller));
    return answered({
      id: key.id,
      api_key: secret,
      name: key.name,
      scopes: key.scopes,
      environment: key.environment,
      expires_at: key.expiresAt,
      budget: await caller.services.keys.budgets.standing(key),
    });
  },
  { scope: SCOPE, readOnlyHint: false, idempotentHint: false },
);

const listBudgetKeys = ownTool(
  'list_budget_keys',
  'The keys with budgets that this key made, newest first, and what is left of each.',
  z.strictObject({}),
  async (_, { services, record }) => {
    const made = await services.keys.budgets.list(await services.keys.get(record.partnerId, record.id));
    return answered({
      keys: made.map(({ key, budget }) => ({
        id: key.id,
        name: key.name,
        state: key.state,
        scopes: key.scopes,
        expires_at: key.expiresAt,
        budget,
      })),
    });
  },
  { scope: SCOPE },
);

const revokeBudgetKey = ownTool(
  'revoke_budget_key',
  'Ends a key with a budget that this key made, at once and for good, and with it those that it made.',
  z.strictObject({ id: z.string().describe('Of the key, as list_budget_keys says it') }),
  async ({ id }, caller) => {
    const { services, record } = caller;
    const key = await services.keys.get(record.partnerId, id);
    if (key.parentId !== record.id || key.counterId === null) throw new AppError('not_found', 'No such key');
    await services.keys.revoke(record.partnerId, key.id, 'by the key that made it', actorOf(caller));
    return answered({ id: key.id, state: 'revoked' });
  },
  { scope: SCOPE, readOnlyHint: false, destructiveHint: true },
);

export const BUDGET_TOOLS = [createBudgetKey, listBudgetKeys, revokeBudgetKey];
