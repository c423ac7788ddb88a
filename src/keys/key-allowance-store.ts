// How many keys a plan allows, and how many hold a place: live ones that work, or will work again once they are rolled. Test
// keys cost nothing and hold none; so many of them are a mistake, and are bounded where a plan bounds keys at all. Keys with
// budgets are as many as who made them may have, and hold none; nor do grants.

import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row } from '../platform/row.ts';
import type { Environment } from './key-format.ts';

export const MAX_TEST_KEYS = 1000;

const KeyAllowance = row('live keys of a partner', {
  /** Below 0: as many as wanted. */
  limit: number,
  used: number,
});
export type KeyAllowance = RowOf<typeof KeyAllowance>;

/** Keys of `partner p` that hold a place. `condition`: on `api_key k`. */
export const heldKeys = (environment: Environment, condition: SQL = sql`a.archived_at IS NULL`): SQL =>
  sql`(SELECT count(*) FROM api_key k LEFT JOIN dev_apps a ON a.id = k.app_id
    WHERE k.partner_id = p.id AND k.environment = ${environment} AND k.is_active AND k.counter_id IS NULL AND k.kind <> 'grant'
      AND (k.expires_at IS NULL OR k.expires_at > now()) AND ${condition})`;

export function createKeyAllowance(database: Database) {
  async function allowance(partnerId: string): Promise<KeyAllowance> {
    const [keys] = await database.rows(
      KeyAllowance,
      sql`SELECT t.max_keys AS "limit", ${heldKeys('live')} AS used
        FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = ${partnerId}`,
    );
    return keys ?? { limit: 0, used: 0 };
  }

  return {
    allowance,
    /** For a key that expired, and so holds no place, to work again. @throws AppError limit_exceeded */
    async requireRoom({ partnerId, environment }: { partnerId: string; environment: Environment }) {
      if (environment === 'test') return;
      const { limit, used } = await allowance(partnerId);
      if (limit >= 0 && used >= limit) throw new AppError('limit_exceeded', undefined, { limit });
    },
  };
}
