// Exact allowances for what is rare and dear: mails to one address, invitations of a partner, tests of an endpoint.
// Sliding windows, one row a subject: its lock makes the count hold whatever comes at once. Fails closed.

import { sql } from 'drizzle-orm';
import type { Database } from './database.ts';

export const ALLOWANCES = {
  /** Mails that anybody can ask for, by who asks and recipient. */
  mail: { most: 3, seconds: 3600 },
  /** By recipient: all that others ask for, of every kind together. */
  mail_total: { most: 6, seconds: 3600 },
  /** Codes of a second factor, by account: those of its known browsers, and those of all others. */
  factor: { most: 10, seconds: 900 },
  /** By partner. */
  invitation: { most: 50, seconds: 86_400 },
  /** By endpoint. */
  webhook_test: { most: 10, seconds: 60 },
} as const;

export type Allowance = keyof typeof ALLOWANCES;

export function createAllowances(database: Database) {
  return {
    /** Whether there was one left, besides `kept` others; then it is taken. */
    async take(what: Allowance, subject: string, kept = 0): Promise<boolean> {
      const { most, seconds } = ALLOWANCES[what];
      const taken = await database.rows(sql`
        INSERT INTO allowance AS a (what, subject, taken_at) VALUES (${what}, ${subject}, ARRAY[now()])
        ON CONFLICT (what, subject) DO UPDATE SET taken_at = now() || ARRAY(
            SELECT t FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds}))
          WHERE (SELECT count(*) FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds})) < ${most - kept}
        RETURNING 1`);
      return taken.length > 0;
    },
    /** Whatever was taken is there again. */
    restore: (what: Allowance, subject: string): Promise<unknown> =>
      database.rows(sql`DELETE FROM allowance WHERE what = ${what} AND subject = ${subject}`),
    /** Forgets what no window reaches any more. How many. */
    async upkeep(): Promise<number> {
      const gone = await database.rows(
        sql`DELETE FROM allowance WHERE taken_at[1] < now() - interval '1 day' RETURNING 1`,
      );
      return gone.length;
    },
  };
}

export type Allowances = ReturnType<typeof createAllowances>;
