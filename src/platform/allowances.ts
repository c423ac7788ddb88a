// Exact allowances for what is rare and dear: mails to one address, invitations of a partner, tests of an endpoint.
// Sliding windows, one row a subject: its lock makes the count hold whatever comes at once. Fails closed.

import { sql } from 'drizzle-orm';
import type { Database } from './database.ts';

export const ALLOWANCES = {
  /** Mails that anybody can ask for, by recipient and by kind. */
  mail: { most: 3, seconds: 3600 },
  /** By partner. */
  invitation: { most: 50, seconds: 86_400 },
  /** By endpoint. */
  webhook_test: { most: 10, seconds: 60 },
} as const;

export type Allowance = keyof typeof ALLOWANCES;

export function createAllowances(database: Database) {
  return {
    /** Whether there was one left; then it is taken. */
    async take(what: Allowance, subject: string): Promise<boolean> {
      const { most, seconds } = ALLOWANCES[what];
      const taken = await database.rows(sql`
        INSERT INTO allowance AS a (what, subject, taken_at) VALUES (${what}, ${subject}, ARRAY[now()])
        ON CONFLICT (what, subject) DO UPDATE SET taken_at = now() || ARRAY(
            SELECT t FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds}))
          WHERE (SELECT count(*) FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds})) < ${most}
        RETURNING 1`);
      return taken.length > 0;
    },
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
