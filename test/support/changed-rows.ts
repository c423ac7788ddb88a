// What something changed in the database, row by row, in words that are the same for equal changes: ids, secrets and
// moments stand as what they are.

import type pg from 'pg';

/** Traffic, sessions, how a request is kept from being done twice, and a number that rises: not what a command is for. */
const ASIDE = /^(?:api_usage_|usage_|quota_|metric_|dev_session$|idempotency_key$|catalog_state$)/;
/** Counts that go on whoever asks, and what others tell later. */
const UNSEEN = new Set([
  'announced_version',
  'sequence',
  'last',
  'last_used_at',
  'last_active_at',
  'taken_at',
]);
const SECRET = /(?:hash|_prefix|_envelope|idempotency_key)$/;
const DAY_MS = 86_400_000;

export type Row = Record<string, unknown>;
interface Kept {
  table: string;
  /** Its primary key, as text. */
  id: string;
  row: Row;
}
export interface Change extends Kept {
  is: 'made' | 'changed' | 'gone';
  /** Of one that was changed, before. */
  before?: Row;
}

/** Looks at the database by one connection. */
export interface Watch {
  /** What tells rows of before from those of after. */
  now(): Promise<string>;
  /** `since`: before what `work` is about was made. A row that is older, and is written now, counts as made. */
  changesOf(since: string, work: () => Promise<void>): Promise<Change[]>;
}

export async function openWatch(client: pg.Client): Promise<Watch> {
  const tables = await client.query<{ name: string; key: string[] }>(`
    SELECT c.relname AS name, array_agg(a.attname::text) AS key FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1`);
  const written = tables.rows
    .filter(({ name }) => !ASIDE.test(name))
    .map(
      ({ name, key }) =>
        `SELECT '${name}' AS "table", jsonb_build_array(${key.map((column) => `t.${column}`)})::text AS id,
          to_jsonb(t) AS row FROM ${name} t WHERE t.xmin::text::bigint >= $1::bigint`,
    )
    .join(' UNION ALL ');

  async function snapshot(since: string): Promise<Map<string, Kept>> {
    const { rows } = await client.query<Kept>(written, [since]);
    return new Map(rows.map((kept) => [`${kept.table} ${kept.id}`, kept]));
  }

  return {
    async now() {
      const { rows } = await client.query<{ id: string }>(
        'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS id',
      );
      return rows[0]?.id ?? '';
    },
    async changesOf(since, work) {
      const before = await snapshot(since);
      await work();
      return compared(before, await snapshot(since));
    },
  };
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function compared(before: Map<string, Kept>, after: Map<string, Kept>): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Change[] => {
    const [was, now] = [before.get(key), after.get(key)];
    if (!now) return was ? [{ ...was, is: 'gone' }] : [];
    if (!was) return [{ ...now, is: 'made' }];
    return isSame(was.row, now.row) ? [] : [{ ...now, is: 'changed', before: was.row }];
  });
}

/** Those that name one of these, or a row that does: others may be busy beside us. */
export function about(names: readonly string[], changes: readonly Change[]): Change[] {
  const known = new Set(names);
  const found = new Set<Change>();
  for (let size = -1; size < found.size; ) {
    size = found.size;
    for (const change of changes) {
      const text = JSON.stringify([change.row, change.before]);
      if (found.has(change) || ![...known].some((name) => text.includes(name))) continue;
      found.add(change);
      for (const id of [change.row.id, change.row.key_id]) if (typeof id === 'string') known.add(id);
    }
  }
  return [...found];
}

/** A day's border stays: somebody chose it. Others are so many days from now. */
function moment(text: string): string {
  if (/T(?:00:00:00|23:59:59)(?:\.0+)?(?:Z|\+)/.test(text)) return new Date(text).toISOString();
  return `<now + ${Math.round((Date.parse(text) - Date.now()) / DAY_MS)} days>`;
}

function hidden(name: string, value: unknown): unknown {
  if (UNSEEN.has(name) || (name === 'id' && typeof value === 'number')) return undefined;
  // The catalogue's: seconds since 1970.
  if (name === 'version' && Number(value) > 1e9) return '<version>';
  if (value !== null && (SECRET.test(name) || name === 'ip')) return `<${name}>`;
  return value;
}

/** What stands for what; longer ones first, because a name may be part of another. */
export type Names = readonly (readonly [value: string, name: string])[];

function normal(value: unknown, names: Names): Row {
  let text = JSON.stringify(value, hidden);
  for (const [known, name] of names) text = text.replaceAll(known, name);
  return JSON.parse(
    text
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g, moment)
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
      .replace(/\b(ak_(?:test|live)_)\w+/g, '$1…')
      .replace(/\b((?:INV|CN)-\d{4}-)\d+/g, '$1…')
      .replace(/(\/invite\/)[\w-]+/g, '$1…')
      .replace(/(\/mails\/)[\w.-]+/g, '$1…'),
  );
}

/** One change in words that are the same for an equal one; undefined when nothing is seen of it. */
export function inWords({ table, id, row, is, before }: Change, names: Names): Row | undefined {
  if (is !== 'changed') return { table, is, ...normal(row, names) };
  const columns = Object.keys(row).filter((name) => !isSame(row[name], before?.[name]) && !UNSEEN.has(name));
  if (columns.length === 0) return undefined;
  const pick = (of: Row | undefined) => Object.fromEntries(columns.map((name) => [name, of?.[name]]));
  return { table, is, ...normal({ key: id, from: pick(before), to: pick(row) }, names) };
}
