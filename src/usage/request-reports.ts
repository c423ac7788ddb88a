// Requests as they are shown, from the events themselves: what is read of each derives from the list of its columns.

import { type SQL, sql } from 'drizzle-orm';
import { type Query, query } from '../platform/query.ts';
import { boolean, type Column, json, number, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import {
  type EventColumn,
  eventColumns,
  type Kind,
  nameShown,
  type ShownAlone,
  type ShownEverywhere,
} from './event-columns.ts';
import { type RequestFilter, statusRange } from './request-filter.ts';
import { inMoments, type MomentScope, OUTCOME, PROBLEM } from './scope-reports.ts';

/** How values of each kind are read. */
const READ: Record<Kind, { column: Column<unknown>; expression?: (name: string) => string }> = {
  uuid: { column: uuid },
  key: { column: text },
  hash: { column: text },
  moment: { column: time },
  day: { column: text, expression: (name) => `${name}::text` },
  environment: { column: text },
  method: { column: text },
  text: { column: text },
  error: { column: text },
  country: { column: text },
  ip: { column: text, expression: (name) => `host(${name})` },
  status: { column: number },
  ms: { column: number },
  bytes: { column: number },
  units: { column: number },
  flag: { column: boolean },
  timings: { column: json() },
  remaining: { column: json() },
  failure: { column: json() },
  basis: { column: json() },
};
const isIn = (places: readonly EventColumn['shown'][]) =>
  eventColumns.filter(([, { shown }]) => shown !== undefined && places.includes(shown));

// The names and kinds are those of the list, which the type derives from as well.
const shownColumns = <Shown>(columns: typeof eventColumns) =>
  Object.fromEntries(
    columns.map(([, each]) => {
      const { column } = READ[each.kind];
      const name = nameShown(each);
      if (each.isNullable || each.isOptional) return [name, column.nullable()];
      return [name, each.isNullableInTable ? column.notNull('every event of ours has one') : column];
    }),
  ) as { [Name in keyof Shown]: Column<Shown[Name]> };
const selected = (columns: typeof eventColumns): SQL =>
  sql.raw(
    columns
      .map(([, each]) => {
        const expression = READ[each.kind].expression?.(each.column) ?? each.column;
        return `${expression} AS ${nameShown(each)}`;
      })
      .join(', '),
  );

const EVERYWHERE = isIn(['everywhere']);
const ALONE = isIn(['everywhere', 'alone']);
const EVENT = selected(EVERYWHERE);
export const EventRow = row('request', shownColumns<ShownEverywhere>(EVERYWHERE));
export type EventRow = RowOf<typeof EventRow>;
/** One request, whole. */
export const EventDetail = row('request, whole', shownColumns<ShownAlone>(ALONE));
export type EventDetail = RowOf<typeof EventDetail>;

export const requestQueries = {
  /** Newest first. `before`: the id of the last one seen. */
  events: (
    scope: MomentScope & RequestFilter,
    limit: number,
    before?: string,
    after?: string,
  ): Query<EventRow[]> => {
    const status = statusRange(scope.status);
    return query(
      EventRow,
      sql`SELECT ${EVENT} FROM api_usage_events WHERE ${inMoments(scope)}
          AND (${scope.outcome ?? null}::text IS NULL OR ${OUTCOME(sql`status_code`)} = ${scope.outcome ?? null}::text)
          AND (${status.from}::int IS NULL OR status_code BETWEEN ${status.from}::int AND ${status.to}::int)
          AND (${scope.method ?? null}::text IS NULL OR method = ${scope.method ?? null}::text)
          AND (${scope.path ?? null}::text IS NULL OR strpos(endpoint, ${scope.path ?? null}::text) > 0)
          AND (${scope.error ?? null}::text IS NULL OR ${PROBLEM} = ${scope.error ?? null}::text)
          AND (${scope.country ?? null}::text IS NULL OR country = ${scope.country ?? null}::text)
          AND (${before ?? null}::uuid IS NULL OR (occurred_at, id) <
            (SELECT occurred_at, id FROM api_usage_events WHERE id = ${before ?? null}::uuid AND partner_id = ${scope.partnerId}))
          AND (${after ?? null}::uuid IS NULL OR (occurred_at, id) >
            (SELECT occurred_at, id FROM api_usage_events WHERE id = ${after ?? null}::uuid AND partner_id = ${scope.partnerId}))
        ORDER BY occurred_at DESC, id DESC LIMIT ${limit}`,
    );
  },
  /** One request of the partner. */
  event: (partnerId: string, id: string): Query<EventDetail[]> =>
    query(
      EventDetail,
      sql`SELECT ${selected(ALONE)} FROM api_usage_events WHERE id = ${id}::uuid AND partner_id = ${partnerId} LIMIT 1`,
    ),
};
