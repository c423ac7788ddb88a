// Sessions of accounts: which there are, how they end, and what was proven in them when.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { type RowOf, row, text, time } from '../platform/row.ts';

const SessionView = row('session', {
  id: text,
  ipAddress: text.nullable(),
  userAgent: text.nullable(),
  createdAt: time,
  updatedAt: time,
});
export type SessionView = RowOf<typeof SessionView>;

export const createSessionStore = (database: Database) => ({
  /** Those that live, latest first. */
  of: (accountId: string): Promise<SessionView[]> =>
    database.rows(
      SessionView,
      sql`
      SELECT id, ip_address AS "ipAddress", user_agent AS "userAgent", created_at AS "createdAt", updated_at AS "updatedAt"
      FROM dev_session WHERE account_id = ${accountId} AND expires_at > now() ORDER BY updated_at DESC LIMIT 100`,
    ),
  /** Ends one session of the account. */
  async end(accountId: string, id: string): Promise<boolean> {
    const ended = await database.run(
      sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id = ${id}`,
    );
    return ended > 0;
  },
  endOthers: (accountId: string, kept: string): Promise<unknown> =>
    database.run(sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id <> ${kept}`),

  /** Its holder has shown the password. */
  prove: (id: string): Promise<unknown> =>
    database.run(sql`UPDATE dev_session SET proven_at = now() WHERE id = ${id}`),
  /** The account has no factor any more: what was shown of it counts no longer. */
  forgetFactor: (accountId: string): Promise<unknown> =>
    database.run(sql`UPDATE dev_session SET factor_at = NULL WHERE account_id = ${accountId}`),
  /** Its holder has shown a second factor. */
  proveFactor: (token: string): Promise<unknown> =>
    database.run(sql`UPDATE dev_session SET proven_at = now(), factor_at = now() WHERE token = ${token}`),
});

export type SessionStore = ReturnType<typeof createSessionStore>;
