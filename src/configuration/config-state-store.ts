// How what a file may name stands in Postgres: as JSON, with a version that is the same as long as all of it is. The same
// statement says it to whoever plans, and to the transaction that applies.

import { type SQL, sql } from 'drizzle-orm';
import { OPERATOR } from '../alerts/rules.ts';
import { isByFile } from '../audit/version-store.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query, query } from '../platform/query.ts';
import { json, oneOf, row, text, time, uuid } from '../platform/row.ts';
import { owned } from '../webhooks/delivery-service.ts';
import { endpointsLock } from '../webhooks/endpoint-write-store.ts';
import { type Fields, type Json, KINDS, type Kind, type Mark, type Thing } from './config-fields.ts';

const State = row('thing of a configuration', {
  kind: oneOf(KINDS).notNull('as it was asked for'),
  thing: text.notNull('as it was asked for'),
  state: json<Record<string, Json>>().nullable(),
  /** Its id, where it is not named by it. */
  ref: uuid.nullable(),
  version: text.notNull('a hash'),
});
const Marks = row('field that a file set', {
  kind: oneOf(KINDS),
  thing: text,
  field: text,
  value: json<Json>(),
  applied_at: time,
  applied_by: text,
});
const Applied = row('application of a file', { applied: text.notNull('counted') });
const Name = row('name in a configuration', {
  kind: oneOf(KINDS).notNull('a constant'),
  thing: text.notNull('a key'),
});
const Said = row('change of a thing', {
  kind: oneOf(KINDS).notNull('as it was asked for'),
  thing: text.notNull('as it was asked for'),
  actor: text,
  at: time,
  details: json<Record<string, unknown>>(),
});

/** Who changed a thing, through a page, an API or a file, and what was said of it. */
export interface LastSaid extends Thing {
  actor: string;
  at: string;
  details: Record<string, unknown>;
}

export interface StoredState extends Thing {
  /** Of an API: its upstreams alone. */
  state: Fields | null;
  ref: string | null;
  version: string;
}

/** Of `api_policy p`, as `policyThing` has it. */
const placeOf = (api: SQL, route: SQL, policy: SQL): SQL =>
  sql`coalesce(${api}, '*') || '/' || replace(replace(coalesce(${route}, '*'), '~', '~0'), '/', '~1') || '/' || ${policy}`;
const PLACE = placeOf(sql`p.api`, sql`p.route`, sql`p.policy`);
/** Of the audit row `a` of a policy that was removed. */
const PLACE_TOLD = placeOf(sql`(a.details->>'api')`, sql`(a.details->>'route')`, sql`(a.details->>'policy')`);

const STATES = sql`
  SELECT w.kind, w.thing, s.state, s.ref, md5(coalesce(s.state::text, '')) AS version
  FROM wanted w LEFT JOIN LATERAL (
    SELECT jsonb_build_object('self_serve', t.self_serve, 'overage_actions', to_jsonb(t.overage_actions), 'features', t.features,
        'rate_limit_per_second', t.rate_limit_per_second, 'rate_limit_per_day', t.rate_limit_per_day,
        'rate_limit_per_month', t.rate_limit_per_month, 'max_keys', t.max_keys, 'names', t.names,
        'prices', jsonb_build_object('EUR', jsonb_build_object('price', t.price_cents, 'overage_per_1000', t.overage_price_per_1000_cents))
          || t.prices) AS state, NULL::uuid AS ref
      FROM tier_config t WHERE w.kind = 'plans' AND t.tier = w.thing
    UNION ALL SELECT jsonb_build_object('enabled', coalesce(r.is_enabled, true), 'threshold', r.threshold), NULL
      FROM (SELECT) one LEFT JOIN alert_setting r ON r.owner = ${OPERATOR} AND r.rule = w.thing WHERE w.kind = 'alert_rules'
    UNION ALL (SELECT jsonb_build_object('description', e.description, 'events', to_jsonb(e.events), 'environment', e.environment,
        'state', e.state), e.id
      FROM webhook_endpoint e WHERE w.kind = 'webhooks' AND e.url = w.thing AND ${owned(null)} ORDER BY e.created_at, e.id LIMIT 1)
    UNION ALL SELECT jsonb_build_object('name', p.name, 'company', p.company, 'plan', p.tier, 'overage_action', p.overage_action,
        'limits', CASE WHEN p.custom_limits THEN jsonb_build_object('rate_limit_per_second', p.rate_limit_per_second,
          'rate_limit_per_day', p.rate_limit_per_day, 'rate_limit_per_month', p.rate_limit_per_month) END), p.id
      FROM partner p WHERE w.kind = 'partners' AND p.email = w.thing
    UNION ALL (SELECT jsonb_build_object('settings', p.settings, 'position', p.position)
        || CASE WHEN count(*) OVER () > 1 THEN jsonb_build_object('others', count(*) OVER () - 1) ELSE '{}' END, p.id
      FROM api_policy p WHERE w.kind = 'policies' AND p.partner_id IS NULL AND ${PLACE} = w.thing ORDER BY p.position, p.id LIMIT 1)
    UNION ALL SELECT jsonb_build_object(
        'version', (SELECT max(d.version) FROM api_document d WHERE d.api = w.thing),
        'upstreams', (SELECT coalesce(jsonb_agg(jsonb_build_object('url', u.url, 'weight', u.weight) ORDER BY u.url COLLATE "C"), '[]')
          FROM api_upstream u WHERE u.api = w.thing)), NULL
      WHERE w.kind = 'apis') s ON true`;

const WANTED = (things: readonly Thing[]): SQL =>
  sql`wanted AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(
    things.map(({ kind, thing }) => ({ kind, thing })),
  )}::jsonb) AS x(kind text, thing text))`;

/** Of the changes of one thing that are looked at. */
const MAX_TOLD = 20;

/** One for each application. */
const APPLIED = sql`SELECT count(*) || ' ' || coalesce(extract(epoch FROM max(applied_at))::text, '') AS applied FROM config_field`;

/** What is read together is of one moment: or a change that is committed between is seen in a part of it. */
const ONE_MOMENT = command(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);

/** What names a thing in the audit trail. */
const TARGETS: Readonly<Record<Kind, string>> = {
  apis: 'api',
  plans: 'tier',
  alert_rules: 'rule',
  policies: 'policy_id',
  partners: 'partner_id',
  webhooks: 'endpoint_id',
};

/** Rows that are about to change wait for us, and we for whoever is changing them. */
export function locksOf(things: readonly Thing[]): Query<number>[] {
  const named = (kind: Kind) => things.filter((each) => each.kind === kind).map(({ thing }) => thing);
  const [plans, webhooks, partners] = [named('plans'), named('webhooks'), named('partners')];
  return [
    command(sql`SELECT pg_advisory_xact_lock(hashtextextended('configuration', 0))::text`),
    ...(plans.length > 0
      ? [
          command(sql`SELECT t.tier FROM tier_config t
            WHERE t.tier IN (SELECT jsonb_array_elements_text(${JSON.stringify(plans)}::jsonb)) ORDER BY t.tier FOR UPDATE`),
        ]
      : []),
    ...(webhooks.length > 0
      ? [
          endpointsLock(null),
          command(sql`SELECT e.id FROM webhook_endpoint e WHERE ${owned(null)}
            AND e.url IN (SELECT jsonb_array_elements_text(${JSON.stringify(webhooks)}::jsonb)) ORDER BY e.id FOR UPDATE`),
        ]
      : []),
    ...(partners.length > 0
      ? [
          command(sql`SELECT p.id FROM partner p
            WHERE p.email IN (SELECT jsonb_array_elements_text(${JSON.stringify(partners)}::jsonb)) ORDER BY p.id FOR UPDATE`),
        ]
      : []),
    // Also those rules that have no row yet.
    ...(named('alert_rules').length > 0
      ? [command(sql`LOCK TABLE alert_setting IN SHARE ROW EXCLUSIVE MODE`)]
      : []),
  ];
}

/** Ends the transaction unless all is as it was looked at. */
export const unchangedCheck = (
  states: readonly Pick<StoredState, 'kind' | 'thing' | 'version'>[],
  applied: string,
  catalogVersion: number | undefined,
): Query<number> =>
  command(sql`WITH ${WANTED(states)}, now_is AS (${STATES}),
    was AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(
      states.map(({ kind, thing, version }) => ({ kind, thing, version })),
    )}::jsonb) AS x(kind text, thing text, version text))
    SELECT 1 / coalesce((SELECT a.applied FROM (${APPLIED}) a) = ${applied}
      AND NOT EXISTS (SELECT FROM was JOIN now_is n USING (kind, thing) WHERE n.version <> was.version)
      AND ${catalogVersion === undefined ? sql`true` : sql`(SELECT s.version FROM catalog_state s) = ${catalogVersion}`}, false)::int`);

/** The fields of an applied file take the place of those before. */
export const markQueries = (
  marks: readonly (Thing & { field: string; value: Json })[],
  by: string,
): Query<number>[] => [
  command(sql`DELETE FROM config_field`),
  command(sql`INSERT INTO config_field (kind, thing, field, value, applied_by)
    SELECT x.kind, x.thing, x.field, coalesce(x.value, 'null'), ${by} FROM jsonb_to_recordset(${JSON.stringify(marks)}::jsonb)
      AS x(kind text, thing text, field text, value jsonb)`),
];

export function createConfigStates(database: Database) {
  return {
    /** Everything that these are, what was applied last, and which application that was. */
    async seen(things: readonly Thing[]) {
      const [, states, marks, [last]] = await database.batch(
        ONE_MOMENT,
        query(State, sql`WITH ${WANTED(things)} ${STATES}`),
        query(
          Marks,
          sql`SELECT kind, thing, field, value, applied_at, applied_by FROM config_field ORDER BY kind, thing, field`,
        ),
        query(Applied, APPLIED),
      );
      return {
        states,
        marks: marks.map(
          ({ applied_at: appliedAt, applied_by: appliedBy, ...mark }): Mark => ({
            ...mark,
            appliedAt,
            appliedBy,
          }),
        ),
        applied: last?.applied ?? '',
      };
    },

    /** What the database has, but for APIs, which may have come with the Worker. */
    names: (withPartners: boolean): Promise<Thing[]> =>
      database.rows(
        Name,
        sql`(SELECT 'plans' AS kind, t.tier::text AS thing FROM tier_config t WHERE t.partner_id IS NULL AND NOT t.is_closed
            ORDER BY t.price_cents, t.tier)
          UNION ALL (SELECT DISTINCT 'policies', ${PLACE} FROM api_policy p WHERE p.partner_id IS NULL ORDER BY 2)
          UNION ALL (SELECT 'alert_rules', r.rule FROM alert_setting r WHERE r.owner = ${OPERATOR} ORDER BY r.rule)
          UNION ALL (SELECT 'partners', p.email FROM partner p WHERE ${withPartners} ORDER BY p.email)
          UNION ALL (SELECT DISTINCT 'webhooks', e.url FROM webhook_endpoint e WHERE ${owned(null)} ORDER BY e.url)`,
      ),

    /** The newest changes of each, newest first. */
    async lastSaid(things: readonly StoredState[]): Promise<LastSaid[]> {
      const wanted = things.map(({ kind, thing, ref }) => ({
        kind,
        thing,
        ref,
        target: { [TARGETS[kind]]: ref ?? thing },
      }));
      return database.rows(
        Said,
        sql`SELECT w.kind, w.thing, d.actor, d.created_at AS at, d.details
          FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS w(kind text, thing text, ref uuid, target jsonb)
          CROSS JOIN LATERAL (SELECT * FROM (
            SELECT a.id, a.actor, a.created_at, a.details FROM dev_portal_audit a
              WHERE a.partner_id IS NULL AND (a.target @> w.target OR ${isByFile(sql`a`, sql`w.kind || '/' || w.thing`)}
                OR (w.kind = 'webhooks' AND a.target->>'endpoint_id' IN (
                  SELECT e.id::text FROM webhook_endpoint e WHERE e.url = w.thing AND e.partner_id IS NULL))
                OR (w.kind = 'policies' AND a.action = 'policy.removed' AND (a.details->>'partnerId') IS NULL AND ${PLACE_TOLD} = w.thing))
            UNION ALL SELECT a.id, a.actor, a.created_at, a.details FROM dev_portal_audit a
              WHERE w.kind = 'partners' AND a.partner_id = w.ref AND a.action ~ '^(partner|plan|billing)[.]'
            ) told ORDER BY told.id DESC LIMIT ${MAX_TOLD}) d
          ORDER BY w.kind, w.thing, d.id DESC`,
      );
    },
  };
}

export type ConfigStates = ReturnType<typeof createConfigStates>;
