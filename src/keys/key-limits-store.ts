// What keys are limited by, now, on their partner's plan or on another.

import { type SQL, sql } from 'drizzle-orm';
import type { KeyLimits } from '../limits/limit.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { number, oneOf, row } from '../platform/row.ts';
import { countedKey, KEY_ID } from './key-columns-store.ts';
import { LIMITS_OF_PARENT, limitInForce } from './key-limits-service.ts';

const limit = number.notNull('every tier has each limit, and tighter() of it and another is one');
/** What a statement yields of it: IN_FORCE. */
export const KEY_LIMITS = {
  burst: limit,
  sustained: limit,
  key_day: limit,
  key_month: limit,
  key_overage: oneOf(OVERAGE_ACTIONS).notNull('key_overage() of a partner is never null'),
};
/** For queries of keys k, partners p, plans t, `api_key_quotas` q, and LIMITS_OF_PARENT. */
export const IN_FORCE: SQL = sql`${limitInForce('burstLimit')} AS burst, ${limitInForce('sustainedLimit')} AS sustained,
    ${limitInForce('dailyQuota')} AS key_day, ${limitInForce('monthlyQuota')} AS key_month,
    CASE WHEN up.blocks THEN 'block' ELSE key_overage(q, p, t) END AS key_overage`;

export const toKeyLimits = (key: {
  burst: number;
  sustained: number;
  key_day: number;
  key_month: number;
  key_overage: KeyLimits['overage'];
}): KeyLimits => ({
  burst: key.burst,
  sustained: key.sustained,
  day: key.key_day,
  month: key.key_month,
  overage: key.key_overage,
});

const LimitedKey = row('limits of a key on a plan', { key_id: KEY_ID, ...KEY_LIMITS });

export function createKeyLimitsStore(database: Database) {
  return {
    /** Of a partner's keys that were called on these days, had it this plan. */
    async ofCalled(
      partnerId: string,
      tier: string,
      { from, to }: { from: string; to: string },
    ): Promise<Map<string, KeyLimits>> {
      const rows = await database.rows(
        LimitedKey,
        sql`
        SELECT k.key_id, ${IN_FORCE}
        FROM api_key k JOIN partner p ON p.id = k.partner_id JOIN tier_config t ON t.tier = ${tier}
        LEFT JOIN api_key_quotas q ON q.key_id = k.key_id ${LIMITS_OF_PARENT}
        WHERE k.partner_id = ${partnerId}::uuid AND k.environment = 'live' AND k.key_id IN (
          SELECT ${countedKey(sql`r.key_id`)} FROM api_usage_rollups_day r WHERE r.partner_id = ${partnerId}::uuid AND r.environment = 'live'
            AND r.day BETWEEN ${from}::date AND ${to}::date)`,
      );
      return new Map(rows.map((key) => [key.key_id, toKeyLimits(key)]));
    },
  };
}

export type KeyLimitsStore = ReturnType<typeof createKeyLimitsStore>;
