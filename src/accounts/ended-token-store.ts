// Personal tokens end with what let their owner in when they were made.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';

/** CTEs that revoke every personal token of an account. */
export const endedTokens = (account: SQL, actor: Actor): SQL => {
  const target = { token_id: sql`tokens.id`, token: sql`tokens.name` };
  return sql`tokens AS (DELETE FROM dev_token WHERE subject = ${account} RETURNING partner_id, id, name),
    revoked AS (${auditRow(actor, 'token.revoked', target, {}, sql`tokens`)})`;
};
