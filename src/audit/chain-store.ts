// Reads the audit trail to check its chains, and keeps what the check found for pages, answers and alerts.

import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { json, number, type RowOf, row, text, texts, time } from '../platform/row.ts';
import { type Break, type Head, NOBODYS, Piece, Standing } from './chain.ts';

/** An entry is written within its transaction, and none of those takes an hour. */
const SLACK = sql`interval '1 hour'`;
/** In a list of entries. */
const MAX_ENTRIES = 20;

/** What the last check says of one chain. */
const ChainState = row('state of an audit chain', {
  /** Null: never yet. */
  checkedAt: time.nullable(),
  /** Null: whole. */
  brokenSince: time.nullable(),
  reasons: texts,
  entries: json<number[]>(),
});
export type ChainState = RowOf<typeof ChainState>;

const BrokenChain = row('broken audit chain', {
  chain: text,
  /** The partner's name, where it is a partner's. */
  name: text.nullable(),
  since: time,
  reasons: texts,
  entries: json<number[]>(),
});
export type BrokenChain = RowOf<typeof BrokenChain>;

const AuditCheck = row('audit check', {
  day: text,
  checkedAt: time,
  chains: number,
  entries: number,
  broken: number,
});
export type AuditCheck = RowOf<typeof AuditCheck>;

const Top = row('top of the audit trail', { id: number, at: time });

const PAGE = (after: number, top: number, entries: number): SQL => sql`
        WITH entry AS MATERIALIZED (
            SELECT coalesce(a.partner_id::text, ${NOBODYS}) AS chain, a.id, a.hash, a.previous_hash, audit_hash(a) AS reckoned
            FROM dev_portal_audit a WHERE a.id > ${after}::bigint AND a.id <= ${top}::bigint ORDER BY a.id LIMIT ${entries}),
          linked AS (SELECT *, lag(hash) OVER (PARTITION BY chain ORDER BY id) AS before FROM entry)
        SELECT chain, count(*) AS count, min(id) AS "firstId", (array_agg(previous_hash ORDER BY id))[1] AS previous,
          max(id) AS "lastId", (array_agg(hash ORDER BY id DESC))[1] AS "lastHash",
          coalesce(to_jsonb((array_agg(id ORDER BY id) FILTER (WHERE hash <> reckoned OR previous_hash <> before))[1:${MAX_ENTRIES}::int]), '[]')
            AS wrong
        FROM linked GROUP BY chain`;

const STANDING = (heads: readonly Head[]): SQL => sql`
        WITH head AS MATERIALIZED (
            SELECT h.chain, nullif(h.chain, ${NOBODYS})::uuid AS partner_id, h.id, to_timestamp(h."atMs" / 1000.0) AS at
            FROM jsonb_to_recordset(${JSON.stringify(heads)}::jsonb) AS h(chain text, id bigint, "atMs" float8)),
          -- In two parts, because IS NOT DISTINCT FROM finds no index.
          later AS (SELECT h.chain, h.at, a.id, a.created_at FROM head h JOIN dev_portal_audit a ON a.partner_id = h.partner_id AND a.id > h.id
            UNION ALL SELECT h.chain, h.at, a.id, a.created_at FROM head h JOIN dev_portal_audit a ON a.partner_id IS NULL AND a.id > h.id
            WHERE h.partner_id IS NULL),
          misdated AS (SELECT chain, (array_agg(id ORDER BY id))[1:${MAX_ENTRIES}::int] AS ids FROM later
            WHERE created_at < at - ${SLACK} OR created_at > now() + ${SLACK} GROUP BY chain)
        SELECT h.chain, (SELECT a.hash FROM dev_portal_audit a WHERE a.id = h.id AND a.partner_id IS NOT DISTINCT FROM h.partner_id) AS hash,
          coalesce(to_jsonb(m.ids), '[]') AS misdated
        FROM head h LEFT JOIN misdated m USING (chain)`;

export function createChainStore(database: Database) {
  return {
    /** The newest entry, and the database's time. What is written from here on is the next check's. */
    async top(): Promise<{ id: number; atMs: number }> {
      const [top] = await database.rows(
        Top,
        sql`SELECT coalesce(max(id), 0) AS id, now() AS at FROM dev_portal_audit`,
      );
      return { id: top?.id ?? 0, atMs: Date.parse(top?.at ?? '') };
    },

    /** So many entries after `after`, up to `top`, by chain. Each hash is reckoned anew. */
    page: (after: number, top: number, entries: number): Promise<Piece[]> =>
      database.rows(Piece, PAGE(after, top, entries)),

    standing: (heads: readonly Head[]): Promise<Standing[]> => database.rows(Standing, STANDING(heads)),

    /** A chain that stays broken keeps the moment at which that was found. */
    save: (atMs: number, check: { chains: number; entries: number; breaks: readonly Break[] }) =>
      database.run(sql`
        WITH found AS (SELECT chain, ARRAY(SELECT jsonb_array_elements_text(reasons)) AS reasons,
            ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(entries)) AS entries
            FROM jsonb_to_recordset(${JSON.stringify(check.breaks)}::jsonb) AS f(chain text, reasons jsonb, entries jsonb)),
          healed AS (DELETE FROM audit_break b WHERE NOT EXISTS (SELECT 1 FROM found f WHERE f.chain = b.chain)),
          broken AS (INSERT INTO audit_break (chain, since, reasons, entries)
            SELECT chain, to_timestamp(${atMs}::float8 / 1000), reasons, entries FROM found
            ON CONFLICT (chain) DO UPDATE SET reasons = excluded.reasons, entries = excluded.entries)
        INSERT INTO audit_check (day, checked_at, chains, entries, broken)
        SELECT (at AT TIME ZONE 'UTC')::date, at, ${check.chains}, ${check.entries}, ${check.breaks.length}
        FROM to_timestamp(${atMs}::float8 / 1000) AS at
        ON CONFLICT (day) DO UPDATE SET checked_at = excluded.checked_at, chains = excluded.chains, entries = excluded.entries,
          broken = excluded.broken`),

    async state(partnerId: string): Promise<ChainState> {
      const [state] = await database.rows(
        ChainState,
        sql`
        SELECT c.checked_at AS "checkedAt", b.since AS "brokenSince", coalesce(b.reasons, '{}') AS reasons,
          coalesce(to_jsonb(b.entries), '[]') AS entries
        FROM (SELECT max(checked_at) AS checked_at FROM audit_check) c LEFT JOIN audit_break b ON b.chain = ${partnerId}`,
      );
      return state ?? { checkedAt: null, brokenSince: null, reasons: [], entries: [] };
    },

    /** Newest first. */
    checks: (limit: number): Promise<AuditCheck[]> =>
      database.rows(
        AuditCheck,
        sql`
        SELECT day::text, checked_at AS "checkedAt", chains, entries, broken FROM audit_check ORDER BY day DESC LIMIT ${limit}`,
      ),

    broken: (limit: number): Promise<BrokenChain[]> =>
      database.rows(
        BrokenChain,
        sql`
        SELECT b.chain, p.name, b.since, b.reasons, to_jsonb(b.entries) AS entries
        FROM audit_break b LEFT JOIN partner p ON p.id::text = b.chain ORDER BY b.since DESC, b.chain LIMIT ${limit}`,
      ),
  };
}

export type ChainStore = ReturnType<typeof createChainStore>;
