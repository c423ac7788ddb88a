// Sessions of accounts: which there are, how they end, and what was proven in them when.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';

export interface SessionView {
  id: string;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: string;
  updatedAt: string;
}

const LOCKED_MINUTES = 15;

export const createSessionStore = (database: Database) => ({
  /** Those that live, latest first. */
  of: (accountId: string): Promise<SessionView[]> =>
    database.rows<SessionView>(sql`
      SELECT id, ip_address AS "ipAddress", user_agent AS "userAgent", created_at AS "createdAt", updated_at AS "updatedAt"
      FROM dev_session WHERE account_id = ${accountId} AND expires_at > now() ORDER BY updated_at DESC LIMIT 100`),
  /** Ends one session of the account. */
  async end(accountId: string, id: string): Promise<boolean> {
    const ended = await database.rows(
      sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id = ${id} RETURNING id`,
    );
    return ended.length > 0;
  },
  endOthers: (accountId: string, kept: string): Promise<unknown> =>
    database.rows(sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id <> ${kept}`),

  /** Its holder has shown the password. */
  prove: (id: string): Promise<unknown> =>
    database.rows(sql`UPDATE dev_session SET proven_at = now() WHERE id = ${id}`),
  /** Its holder has shown a second factor. */
  proveFactor: (token: string): Promise<unknown> =>
    database.rows(sql`UPDATE dev_session SET proven_at = now(), factor_at = now() WHERE token = ${token}`),

  async isFactorLocked(accountId: string): Promise<boolean> {
    const locked = await database.rows(
      sql`SELECT 1 FROM dev_two_factor WHERE account_id = ${accountId} AND locked_until > now()`,
    );
    return locked.length > 0;
  },
  /** better-auth counts wrong codes at sign-in only; whoever finds an open session must not guess for ever either. */
  countCode: (accountId: string, isRight: boolean, most: number): Promise<unknown> =>
    database.rows(sql`
      UPDATE dev_two_factor SET
        failed_verification_count = CASE WHEN ${isRight} THEN 0 ELSE failed_verification_count + 1 END,
        locked_until = CASE WHEN NOT ${isRight} AND failed_verification_count + 1 >= ${most}::int
          THEN now() + make_interval(mins => ${LOCKED_MINUTES}::int) END
      WHERE account_id = ${accountId}`),
});
