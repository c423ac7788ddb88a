// Operators of a test's own: a code works once, so that nobody shares an authenticator.

import { randomBytes } from 'node:crypto';
import { ensureAccount, ensureFactor } from '../../src/dev/demo.ts';
import { stack, withClient } from './api.ts';

export interface Operator {
  email: string;
  password: string;
  /** What the authenticator's codes are made of. */
  factor: string;
}

export async function makeOperator(): Promise<Operator> {
  const operator = {
    email: `o-${randomBytes(6).toString('hex')}@example.com`,
    password: 'correct horse battery',
    factor: randomBytes(24).toString('base64url'),
  };
  await withClient(async (client) => {
    const id = await ensureAccount(client, { ...operator, name: 'Operator', isOperator: true });
    await ensureFactor(client, id, operator.factor, stack.secrets.authSecret);
  });
  return operator;
}
