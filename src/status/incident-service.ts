// What operators say of a disturbance, for everybody to read: a title, and updates that are added and never changed. Its state
// is that of its latest update; none follows the one that resolves it.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { json, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';

export const INCIDENT_STATES = ['investigating', 'identified', 'monitoring', 'resolved'] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** In both languages. */
export type Said = Record<'en' | 'fr', string>;

export interface Update {
  state: IncidentState;
  text: Said;
  /** RFC 3339. */
  at: string;
}

const Incident = row('incident', {
  id: uuid,
  /** Of the catalogue; null: all of them. */
  api: text.nullable(),
  title: json<Said>(),
  startedAt: time,
  state: oneOf(INCIDENT_STATES).notNull('an incident begins with an update'),
  /** Newest first. */
  updates: json<Update[]>().notNull('an incident begins with an update'),
});
export type Incident = RowOf<typeof Incident>;

export interface NewIncident {
  api: string | null;
  title: Said;
  state: IncidentState;
  text: Said;
  /** Null: now. */
  startedAt: string | null;
}

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS"Z"';

const INCIDENT = sql`
  SELECT i.id, i.api, jsonb_build_object('en', i.title_en, 'fr', i.title_fr) AS title, i.started_at AS "startedAt",
    (SELECT u.state FROM incident_update u WHERE u.incident_id = i.id ORDER BY u.id DESC LIMIT 1) AS state,
    (SELECT jsonb_agg(jsonb_build_object('state', u.state, 'text', jsonb_build_object('en', u.text_en, 'fr', u.text_fr),
      'at', to_char(u.created_at AT TIME ZONE 'UTC', ${ISO})) ORDER BY u.id DESC) FROM incident_update u WHERE u.incident_id = i.id) AS updates
  FROM incident i`;

/** `apis`: those that there are. */
export function createIncidentService({
  database,
  apis,
}: {
  database: Database;
  apis(): readonly { id: string }[];
}) {
  async function get(id: string): Promise<Incident> {
    const [incident] = await database.rows(Incident, sql`${INCIDENT} WHERE i.id = ${id}::uuid`);
    if (!incident) throw new AppError('not_found', 'No such incident');
    return incident;
  }

  const said = (of: SQL, { state, text: words }: Pick<NewIncident, 'state' | 'text'>): SQL => sql`
    INSERT INTO incident_update (id, incident_id, state, text_en, text_fr)
    SELECT ${newId()}::uuid, id, ${state}, ${words.en}, ${words.fr} FROM ${of} RETURNING incident_id`;

  return {
    get,
    /** Newest first. */
    list: (limit: number): Promise<Incident[]> =>
      database.rows(Incident, sql`${INCIDENT} ORDER BY i.started_at DESC, i.id DESC LIMIT ${limit}`),

    /** @throws AppError validation_error: no such API, or it has not begun yet */
    async open(wanted: NewIncident, actor: Actor): Promise<Incident> {
      const { api, title, startedAt } = wanted;
      if (api !== null && !apis().some(({ id }) => id === api)) throw invalid('api', 'No such API');
      if (startedAt !== null && Date.parse(startedAt) > Date.now())
        throw invalid('started_at', 'must be in the past');
      const id = newId();
      await database.run(sql`
        WITH made AS (INSERT INTO incident (id, api, title_en, title_fr, started_at, created_by) VALUES (${id}::uuid, ${api}, ${title.en},
            ${title.fr}, coalesce(${startedAt}::timestamptz, now()), ${actor.name}) RETURNING id),
          said AS (${said(sql`made`, wanted)}),
          changed AS (SELECT NULL::uuid AS partner_id FROM said),
          audit AS (${auditRow(actor, 'incident.opened', { incident_id: id }, wanted)}) SELECT * FROM changed`);
      return get(id);
    },

    /** @throws AppError not_found; conflict, when it is resolved */
    async update(id: string, wanted: Pick<NewIncident, 'state' | 'text'>, actor: Actor): Promise<Incident> {
      try {
        const changed = await database.run(sql`
          WITH known AS (SELECT id FROM incident WHERE id = ${id}::uuid),
            said AS (${said(sql`known`, wanted)}),
            changed AS (SELECT NULL::uuid AS partner_id FROM said),
            audit AS (${auditRow(actor, 'incident.updated', { incident_id: id }, wanted)}) SELECT * FROM changed`);
        if (changed === 0) throw new AppError('not_found', 'No such incident');
      } catch (error) {
        if (isViolation(error, 'check')) throw new AppError('conflict', 'This incident is resolved');
        throw error;
      }
      return get(id);
    },
  };
}

export type IncidentService = ReturnType<typeof createIncidentService>;
