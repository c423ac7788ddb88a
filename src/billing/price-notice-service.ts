// Tells partners of a price that changed, by mail, each once, a part of them a minute. Fails open: what reached nobody is tried
// again by the next run. A price that is what it was again is not told of.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { CURRENCIES } from './amounts.ts';
import type { MoneyNotices } from './money-notices.ts';
import type { PlanNames } from './plan-store.ts';

/** Each is as many mails as there are owners and billing members: the rest is for the next run. */
const MAX_NOTICES_A_RUN = 100;

const PriceNotice = row('price that changed for a partner', {
  partnerId: uuid,
  tier: text,
  names: json<PlanNames>(),
  currency: oneOf(CURRENCIES),
  /** Minor units: of a month, and of 1,000 requests over the quota. */
  priceBefore: number,
  priceAfter: number,
  overageBefore: number,
  overageAfter: number,
  reason: text.nullable(),
  since: time,
});
export type PriceNotice = RowOf<typeof PriceNotice>;

interface Ports {
  database: Database;
  notices: Pick<MoneyNotices, 'priceChanged'>;
}

export function createPriceNotices({ database, notices }: Ports) {
  /** Those that this run sends: no other has them. */
  const claim = (): Promise<PriceNotice[]> =>
    database.rows(
      PriceNotice,
      sql`
      WITH taken AS (DELETE FROM price_notice WHERE partner_id IN
        (SELECT partner_id FROM price_notice ORDER BY since, partner_id LIMIT ${MAX_NOTICES_A_RUN} FOR UPDATE SKIP LOCKED)
        RETURNING *)
      SELECT n.partner_id AS "partnerId", n.tier, t.names, n.currency, n.price_before AS "priceBefore", n.price_after AS "priceAfter",
        n.overage_before AS "overageBefore", n.overage_after AS "overageAfter", n.reason, n.since
      FROM taken n JOIN tier_config t ON t.tier = n.tier
      WHERE (n.price_before, n.overage_before) <> (n.price_after, n.overage_after)`,
    );

  const release = (notice: PriceNotice): Promise<unknown> =>
    database.run(sql`
      INSERT INTO price_notice (partner_id, tier, currency, price_before, price_after, overage_before, overage_after, reason, since)
      VALUES (${notice.partnerId}::uuid, ${notice.tier}, ${notice.currency}, ${notice.priceBefore}::bigint,
        ${notice.priceAfter}::bigint, ${notice.overageBefore}::bigint, ${notice.overageAfter}::bigint, ${notice.reason},
        ${notice.since}::timestamptz)
      ON CONFLICT (partner_id) DO UPDATE SET price_before = excluded.price_before, overage_before = excluded.overage_before`);

  /** How many partners were told. */
  return async function tell(): Promise<number> {
    let told = 0;
    for (const notice of await claim()) {
      if (await notices.priceChanged(notice)) told++;
      else await release(notice);
    }
    return told;
  };
}
