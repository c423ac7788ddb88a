// What was committed and not yet announced: found by its version, whoever changed it, also by hand in psql, and however the
// request ended that did. Announcing twice does no harm; a row is marked only when the limiter has heard of that version.

import { sql } from 'drizzle-orm';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Database } from '../platform/database.ts';
import { query } from '../platform/query.ts';
import { number, type RowOf, row, texts, uuid } from '../platform/row.ts';
import { partnerObjectName } from './key-record.ts';

/** Of one run: an invocation may make a thousand requests, and sends webhooks besides. */
const MAX_PARTNERS = 25;
const MAX_KEYS = 250;
/** Each has two objects. */
const MAX_CATALOG_PARTNERS = 400;
/** Objects asked at once. */
const MAX_AT_ONCE = 50;

const ChangedPartner = row('changed partner', { id: uuid, version: number });
type ChangedPartner = RowOf<typeof ChangedPartner>;
/** Versions of the key and of its partner. */
const ChangedKey = row('changed key', { id: uuid, counterId: uuid.nullable(), key: number, partner: number });
type ChangedKey = RowOf<typeof ChangedKey>;

/** The catalogue's version where somebody may not have heard of it, and who comes next. */
const CatalogNews = row('catalogue to announce', { version: number, partners: texts });

const CATALOG_NEWS = sql`SELECT s.version, ARRAY(SELECT p.id::text FROM partner p
    WHERE s.announced_up_to IS NULL OR p.id > s.announced_up_to ORDER BY p.id LIMIT ${MAX_CATALOG_PARTNERS}) AS partners
  FROM catalog_state s WHERE s.version <> s.announced_version`;
const CHANGED_PARTNERS = sql`SELECT id, version FROM partner WHERE version <> announced_version
  ORDER BY changed_at LIMIT ${MAX_PARTNERS}`;
const CHANGED_KEYS = sql`SELECT k.id, k.counter_id AS "counterId", k.version AS key, p.version AS partner FROM api_key k JOIN partner p ON p.id = k.partner_id
  WHERE k.version <> k.announced_version ORDER BY k.changed_at LIMIT ${MAX_KEYS}`;

/** Those whose announcement arrived. */
async function announced<T>(changes: readonly T[], announce: (change: T) => Promise<unknown>): Promise<T[]> {
  const heard: T[] = [];
  for (let at = 0; at < changes.length; at += MAX_AT_ONCE) {
    const some = changes.slice(at, at + MAX_AT_ONCE);
    const results = await Promise.allSettled(some.map(announce));
    heard.push(...some.filter((_, i) => results[i]?.status === 'fulfilled'));
  }
  return heard;
}

interface Ports {
  database: Database;
  limiter: Pick<LimiterClient, 'announceKeys' | 'announcePartner' | 'announceCatalog'>;
}

/** Partners' objects hear of the catalogue in the order of their ids, so that another run goes on where this one ended. */
const createCatalogAnnouncement = ({ database, limiter }: Ports) =>
  async function announceCatalog(): Promise<{ announced: number; more: boolean; isAll: boolean }> {
    const [state] = await database.rows(CatalogNews, CATALOG_NEWS);
    if (!state) return { announced: 0, more: false, isAll: true };
    const { version, partners } = state;
    const heard = await announced(partners, (id) =>
      Promise.all(
        ['live', 'test'].map((environment) =>
          limiter.announceCatalog(partnerObjectName(id, environment), version),
        ),
      ),
    );
    const deaf = partners.findIndex((id) => !heard.includes(id));
    const upTo = deaf < 0 ? partners.at(-1) : partners[deaf - 1];
    const isAll = deaf < 0 && partners.length < MAX_CATALOG_PARTNERS;
    await database.run(sql`UPDATE catalog_state SET announced_up_to = coalesce(${upTo ?? null}::uuid, announced_up_to),
      announced_version = CASE WHEN ${isAll} THEN version ELSE announced_version END WHERE version = ${version}`);
    // Where somebody does not hear, nothing is gained by trying at once.
    return { announced: heard.length, more: deaf < 0 && !isAll, isAll };
  };

export function createAnnouncementService(ports: Ports) {
  const { database, limiter } = ports;
  /** A changed partner's own objects hear of it first; then each of its keys that may be in use is to be told. */
  async function announcePartners(changed: readonly ChangedPartner[]): Promise<number> {
    const heard = await announced(changed, ({ id, version }) =>
      Promise.all(
        ['live', 'test'].map((environment) =>
          limiter.announcePartner(partnerObjectName(id, environment), version),
        ),
      ),
    );
    await database.run(sql`
      WITH heard AS (SELECT p.id FROM partner p JOIN jsonb_to_recordset(${JSON.stringify(heard)}::jsonb) AS h(id uuid, version bigint)
          ON h.id = p.id AND h.version = p.version ORDER BY p.id FOR NO KEY UPDATE OF p),
        marked AS (UPDATE partner p SET announced_version = p.version FROM heard h WHERE p.id = h.id RETURNING p.id),
        used AS (SELECT k.id FROM api_key k JOIN marked m ON m.id = k.partner_id
          WHERE coalesce(k.last_used_at, k.created_at) > now() - interval '1 day' ORDER BY k.id FOR NO KEY UPDATE OF k)
      UPDATE api_key k SET announced_version = 0 FROM used u WHERE k.id = u.id`);
    return heard.length;
  }

  /** Keys that changed again meanwhile are left for the next run, and those that are just being changed. */
  async function announceKeys(changed: readonly ChangedKey[]): Promise<number> {
    const heard = await announced(changed, (key) => limiter.announceKeys([key]));
    await database.run(sql`
      WITH heard AS (SELECT k.id FROM api_key k JOIN jsonb_to_recordset(${JSON.stringify(heard)}::jsonb) AS h(id uuid, key bigint)
          ON h.id = k.id AND h.key = k.version ORDER BY k.id FOR NO KEY UPDATE OF k SKIP LOCKED)
      UPDATE api_key k SET announced_version = k.version FROM heard h WHERE k.id = h.id`);
    return heard.length;
  }

  return {
    announceCatalog: createCatalogAnnouncement(ports),
    /** Announces a part of what is pending. Whether there may be more, which another run is to announce. */
    async announcePending(): Promise<{ announced: number; more: boolean }> {
      const [partners, unchanged] = await database.batch(
        query(ChangedPartner, CHANGED_PARTNERS),
        query(ChangedKey, CHANGED_KEYS),
      );
      const ofPartners = partners.length > 0 ? await announcePartners(partners) : 0;
      const keys = ofPartners > 0 ? await database.rows(ChangedKey, CHANGED_KEYS) : unchanged;
      const ofKeys = keys.length > 0 ? await announceKeys(keys) : 0;
      const isFull = partners.length === MAX_PARTNERS || keys.length === MAX_KEYS;
      const count = ofPartners + ofKeys;
      // Where nobody hears, nothing is gained by trying at once.
      return { announced: count, more: isFull && count > 0 };
    },
  };
}

export type AnnouncementService = ReturnType<typeof createAnnouncementService>;
