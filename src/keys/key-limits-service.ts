// A key's own limits. Operators set any; its partner chooses at most what they, or the tier, say. Both are one transaction
// with their audit row, and are announced to the key's limiter.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { changedMeanwhile, type Expected, isExpected, KEY_LIMITS_ETAG } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import { isUnlimited, type OverageAction } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { number, row } from '../platform/row.ts';
import type { KeyView } from './key-view-store.ts';

/** null takes a limit back: of an operator's to the tier's, of a partner's to what it was before it chose. */
export interface KeyLimitsChoice {
  burstLimit?: number | null;
  sustainedLimit?: number | null;
  dailyQuota?: number | null;
  monthlyQuota?: number | null;
}

export interface KeyLimitsChange extends KeyLimitsChoice {
  overageAction?: OverageAction;
}

const COLUMNS = {
  burstLimit: { own: 'burst_limit', ofTier: 'burst_limit' },
  sustainedLimit: { own: 'sustained_limit', ofTier: 'sustained_limit' },
  dailyQuota: { own: 'daily_quota', ofTier: 'key_daily_quota' },
  monthlyQuota: { own: 'monthly_quota', ofTier: 'key_monthly_quota' },
} as const;
type LimitName = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as LimitName[];

/** Joins `up` to a key k: what the key that made it has, which it has at most. Empty for others. */
export const LIMITS_OF_PARENT = sql`LEFT JOIN LATERAL tightest_limits(k.parent_id) up ON true`;
/** What an operator or else the tier says, and its parent has: nothing looser can be chosen, what is chosen only tightens it. */
const above = (name: LimitName): SQL => {
  const { own, ofTier } = COLUMNS[name];
  return sql.raw(`tighter(up.${own}, coalesce(q.${own}, t.${ofTier}))`);
};
/** What the limiter holds a key to. For queries of its `api_key_quotas` q, its `tier_config` t, and LIMITS_OF_PARENT. */
export const limitInForce = (name: LimitName): SQL =>
  sql`tighter(${sql.raw(`(q.chosen->>'${COLUMNS[name].own}')::bigint`)}, ${above(name)})`;

const most = number.notNull('every tier has each limit, and tighter() of it and another is one');
const MaxLimits = row('limits that a key has at most', {
  burstLimit: most,
  sustainedLimit: most,
  dailyQuota: most,
  monthlyQuota: most,
});

const isLooser = (wanted: number, most: number): boolean =>
  !isUnlimited(most) && (isUnlimited(wanted) || wanted > most);

const MAX_LIMITS = (keyId: string): SQL => sql`
      SELECT ${sql.join(
        NAMES.map((name) => sql`${above(name)} AS ${sql.identifier(name)}`),
        sql`, `,
      )}
      FROM api_key k JOIN partner p ON p.id = k.partner_id JOIN tier_config t ON t.tier = p.tier
      LEFT JOIN api_key_quotas q ON q.key_id = k.key_id ${LIMITS_OF_PARENT} WHERE k.id = ${keyId}::uuid`;

interface Ports {
  database: Database;
  get(partnerId: string | null, keyId: string): Promise<KeyView>;
  announce(id: string): Promise<void>;
}

const createUpdate = ({ database, get, announce }: Ports) =>
  async function update(
    key: KeyView,
    set: SQL,
    actor: Actor,
    limits: KeyLimitsChange,
    expected?: Expected,
  ): Promise<KeyView> {
    if (key.counterId !== null && key.counterId !== key.id)
      throw new AppError('conflict', 'A key with a budget has the limits of the key that made it');
    const changed = await database.run(sql`WITH changed AS (
      UPDATE api_key_quotas q SET ${set}, updated_at = now() FROM api_key k JOIN partner p ON p.id = k.partner_id
      WHERE k.key_id = q.key_id AND k.id = ${key.id}::uuid AND ${isExpected(KEY_LIMITS_ETAG, expected)} RETURNING k.partner_id),
      audit AS (${auditRow(actor, 'key.limits_changed', { key_id: key.keyId }, limits)}) SELECT * FROM changed`);
    if (changed === 0 && expected)
      throw await changedMeanwhile(database, key.partnerId, sql`d.target->>'key_id' = ${key.keyId}`);
    await announce(key.id);
    return get(key.partnerId, key.keyId);
  };

export function createKeyLimits(ports: Ports) {
  const { database, get } = ports;
  const update = createUpdate(ports);

  async function checkChoice(key: KeyView, limits: KeyLimitsChoice): Promise<void> {
    const [most] = await database.rows(MaxLimits, MAX_LIMITS(key.id));
    const details = NAMES.flatMap((name) => {
      const [wanted, bound] = [limits[name] ?? null, most?.[name] ?? 0];
      if (wanted === null || !isLooser(wanted, bound)) return [];
      const by = key.parentId === null ? 'The plan' : 'The plan, or the key that made it,';
      return [{ field: `limits.${COLUMNS[name].own}`, message: `${by} allows at most ${bound}` }];
    });
    if (details.length > 0) throw new AppError('validation_error', undefined, { details });
  }

  return {
    /**
     * By an operator: any limit, and any overage action. What its partner chose of the same limits ends.
     * @throws AppError precondition_failed where they are others by now
     */
    async setLimits(
      keyId: string,
      limits: KeyLimitsChange,
      actor: Actor,
      expected?: Expected,
    ): Promise<KeyView> {
      const key = await get(null, keyId);
      const named = NAMES.filter((name) => limits[name] !== undefined);
      const columns = named.map((name) => COLUMNS[name].own);
      const { overageAction: action } = limits;
      const sets = [
        ...named.map((name) => sql`${sql.raw(COLUMNS[name].own)} = ${limits[name]}::bigint`),
        ...(action === undefined
          ? []
          : [
              sql`overage_action = ${action}, granted_overage_actions =
                CASE WHEN overage_is_allowed(${action}, p.tier, p.granted_overage_actions) THEN '{}' ELSE ARRAY[${action}] END`,
            ]),
        sql`chosen = q.chosen - ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify(columns)}::jsonb))`,
      ];
      return update(key, sql.join(sets, sql`, `), actor, limits, expected);
    },

    /** By its partner: at most what it has without. @throws AppError validation_error */
    async chooseLimits(
      partnerId: string,
      keyId: string,
      limits: KeyLimitsChoice,
      actor: Actor,
    ): Promise<KeyView> {
      const key = await get(partnerId, keyId);
      await checkChoice(key, limits);
      const given = NAMES.filter((name) => limits[name] !== undefined);
      const chosen = Object.fromEntries(given.map((name) => [COLUMNS[name].own, limits[name]]));
      const set = sql`chosen = jsonb_strip_nulls(q.chosen || ${JSON.stringify(chosen)}::jsonb)`;
      return update(key, set, actor, limits);
    },
  };
}
