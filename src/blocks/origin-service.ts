// The origins that some active partner or app lists: all that a preflight can be answered by. As an edge knows them, so
// that a stranger's origin costs no statement. Fails closed.

import { sql } from 'drizzle-orm';
import { ANY_ORIGIN } from '../core/origins.ts';
import type { Database } from '../platform/database.ts';
import { row, text } from '../platform/row.ts';
import type { EdgeList } from './edge-list.ts';

/** An origin that is not listed may be listed the next moment, from the portal. */
const ASKED_AGAIN_MS = 1000;
const MAX_ORIGIN_CHARS = 255;

const Origin = row('listed origin', { origin: text });

export function createOriginService(
  database: Database,
  list: EdgeList<string>,
  log: (line: Record<string, unknown>) => void,
) {
  let known: { items: readonly string[]; set: ReadonlySet<string> } = { items: [], set: new Set() };
  const has = (items: readonly string[], origin: string): boolean => {
    if (items !== known.items) known = { items, set: new Set(items) };
    return known.set.has(origin) || known.set.has(ANY_ORIGIN);
  };

  async function all(): Promise<string[]> {
    const rows = await database.rows(
      Origin,
      sql`
      SELECT origin FROM partner, unnest(allowed_origins) AS origin WHERE status = 'active' AND origin IS NOT NULL
      UNION SELECT origin FROM dev_apps, unnest(allowed_origins) AS origin WHERE archived_at IS NULL AND origin IS NOT NULL ORDER BY origin`,
    );
    return rows.map(({ origin }) => origin);
  }

  /** After a change: it is saved, so that KV fails is no failure of it; the next minute publishes it. */
  const publish = async (): Promise<void> =>
    list
      .publish(await all())
      .catch((error) => log({ message: 'origins not published', level: 'warn', error: String(error) }));

  return {
    async isListed(origin: string, keepAlive: (work: Promise<unknown>) => void): Promise<boolean> {
      if (origin.length > MAX_ORIGIN_CHARS) return false;
      if (has(list.current(keepAlive) ?? [], origin)) return true;
      const fresh = await list.fresh(ASKED_AGAIN_MS);
      if (fresh) return has(fresh, origin);
      // Never published: once in the life of a KV namespace.
      await publish();
      return has(list.current(keepAlive) ?? [], origin);
    },
    publish,
    /** Every minute, for what was changed by hand. How many there are. */
    async republish(): Promise<number> {
      const origins = await all();
      await list.republish(origins);
      return origins.length;
    },
  };
}

export type OriginService = ReturnType<typeof createOriginService>;
