// Exact allowances for what is rare and dear: mails to one address, invitations of a partner, what it has sent again.
// Sliding windows, one row a subject: its lock makes the count hold whatever comes at once. Fails closed.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import type { Database } from './database.ts';
import { number, row } from './row.ts';

export const ALLOWANCES = {
  /** Mails that anybody can ask for, by who asks and recipient. */
  mail: { most: 3, seconds: 3600 },
  /** By recipient: all that others ask for, of every kind together, but for invitations. */
  mail_total: { most: 6, seconds: 3600 },
  /** By recipient: of all partners together. */
  invitation_total: { most: 6, seconds: 3600 },
  /** Codes of a second factor, by account: those of its known browsers, and those of all others. */
  factor: { most: 10, seconds: 900 },
  /** By partner. */
  invitation: { most: 50, seconds: 86_400 },
  /** By partner, whatever endpoints it makes. */
  webhook_test: { most: 10, seconds: 60 },
  webhook_replay: { most: 60, seconds: 60 },
  /** One for each endpoint that there may be. */
  webhook_recovery: { most: 20, seconds: 600 },
} as const;

const Wait = row('wait of an allowance', { wait: number.nullable() });

export type Allowance = keyof typeof ALLOWANCES;

export function createAllowances(database: Database) {
  async function take(what: Allowance, subject: string, kept = 0): Promise<boolean> {
    const { most, seconds } = ALLOWANCES[what];
    const taken = await database.run(sql`
        INSERT INTO allowance AS a (what, subject, taken_at) VALUES (${what}, ${subject}, ARRAY[now()])
        ON CONFLICT (what, subject) DO UPDATE SET taken_at = now() || ARRAY(
            SELECT t FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds}))
          WHERE (SELECT count(*) FROM unnest(a.taken_at) t WHERE t > now() - make_interval(secs => ${seconds})) < ${most - kept}`);
    return taken > 0;
  }

  /** Until the first of the window leaves it. */
  async function waitSeconds(what: Allowance, subject: string): Promise<number> {
    const { seconds } = ALLOWANCES[what];
    const [found] = await database.rows(
      Wait,
      sql`
      SELECT ceil(extract(epoch FROM min(t) - now()) + ${seconds})::int AS wait FROM allowance a, unnest(a.taken_at) t
      WHERE a.what = ${what} AND a.subject = ${subject} AND t > now() - make_interval(secs => ${seconds})`,
    );
    return Math.max(1, found?.wait ?? 1);
  }

  return {
    /** Whether there was one left, besides `kept` others; then it is taken. */
    take,
    /** @throws AppError rate_limit_exceeded, when there was none left */
    async require(what: Allowance, subject: string, refusal: string): Promise<void> {
      if (await take(what, subject)) return;
      const { most, seconds } = ALLOWANCES[what];
      throw new AppError('rate_limit_exceeded', `${refusal}: at most ${most} in ${seconds} seconds`, {
        limit_type: 'caller',
        limit: most,
        retry_after: await waitSeconds(what, subject),
      });
    },
    /** Whatever was taken is there again. */
    restore: (what: Allowance, subject: string): Promise<unknown> =>
      database.run(sql`DELETE FROM allowance WHERE what = ${what} AND subject = ${subject}`),
    /** Forgets what no window reaches any more. How many. */
    upkeep: (): Promise<number> =>
      database.run(sql`DELETE FROM allowance WHERE taken_at[1] < now() - interval '1 day'`),
  };
}

export type Allowances = ReturnType<typeof createAllowances>;
