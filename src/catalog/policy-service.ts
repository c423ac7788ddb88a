// Policies of operators: installed, changed and taken away; each in force within a second of its answer, as all of the catalogue is.

import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { json, number, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import type { Catalog } from './catalog.ts';
import type { Commit } from './commit-service.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { type InstalledPolicy, shapeOf } from './policies/installed.ts';
import { isPolicyName, POLICIES, POLICY_NAMES } from './policies/kinds.ts';
import type { PolicyKind } from './policies/policy.ts';

export type WantedPolicy = Omit<InstalledPolicy, 'id'>;

const PolicyView = row('policy of an operator', {
  id: uuid,
  api: text.nullable(),
  route: text.nullable(),
  partner_id: uuid.nullable(),
  partner_name: text.nullable(),
  position: number,
  policy: text,
  settings: json<Record<string, unknown>>(),
  created_at: time,
  created_by: text,
});
export type PolicyView = RowOf<typeof PolicyView>;

/** `in_force`: whether every partner's limiter has heard it. */
export type ChangedPolicy = PolicyView & { in_force: boolean };

const VIEWS = sql`SELECT p.id, p.api, p.route, p.partner_id, n.name AS partner_name, p.position, p.policy, p.settings,
    p.created_at, p.created_by
  FROM api_policy p LEFT JOIN partner n ON n.id = p.partner_id`;
const MAX_POLICIES = 500;

/** As they are stored: with all defaults. @throws AppError validation_error */
export function settingsOf(policy: string, settings: unknown): unknown {
  if (!isPolicyName(policy)) throw invalid('policy', `Policies are: ${POLICY_NAMES.join(', ')}`);
  const { data, error } = (POLICIES[policy] as PolicyKind<unknown>).settings.safeParse(settings);
  if (!error) return data;
  const details = error.issues.map(({ path, message }) => ({
    field: ['settings', ...path.map(String)].join('.'),
    message,
  }));
  throw new AppError('validation_error', undefined, { details });
}

/** @throws AppError validation_error where it names what is not offered */
export function checkPlace(
  { api, route }: Pick<WantedPolicy, 'api' | 'route'>,
  { apis }: Pick<Catalog, 'apis'>,
): void {
  if (api === null) {
    if (route !== null) throw invalid('route', 'needs the API that it is of');
    return;
  }
  const found = apis.find(({ id }) => id === api);
  if (!found) throw invalid('api', 'No such API');
  const isThere = found.routes.some(
    ({ method, path }) => shapeOf(`${method} ${path}`) === shapeOf(route ?? ''),
  );
  if (route !== null && !isThere)
    throw invalid('route', 'No such route: it is named by method and path, like `GET /v1/things`');
}

/** CTEs: `changed` has the policy, where `locked` has a row. `settings`: as JSON. */
export const policyInsertion = (
  id: string,
  {
    api,
    route,
    partnerId,
    position,
    policy,
    settings,
  }: Omit<WantedPolicy, 'settings'> & { settings: string },
  actor: Actor,
): SQL => sql`
  changed AS (INSERT INTO api_policy (id, api, route, partner_id, position, policy, settings, created_by)
    SELECT ${id}, ${api}, ${route}, ${partnerId}::uuid, ${position}, ${policy}, ${settings}::jsonb, ${actor.name} FROM locked
    RETURNING 0::bigint AS version)`;
export const policyChange = (id: string, position: number, settings: string): SQL => sql`
  changed AS (UPDATE api_policy SET position = ${position}, settings = ${settings}::jsonb
    WHERE id = ${id} AND EXISTS (SELECT FROM locked) RETURNING 0::bigint AS version)`;
export const policyRemoval = (id: string): SQL => sql`
  changed AS (DELETE FROM api_policy WHERE id = ${id} AND EXISTS (SELECT FROM locked) RETURNING 0::bigint AS version)`;

const createPolicyViews = (database: Database) => ({
  list: (): Promise<PolicyView[]> =>
    database.rows(
      PolicyView,
      sql`${VIEWS} ORDER BY p.api NULLS FIRST, p.route NULLS FIRST, p.partner_id NULLS FIRST, p.position, p.id LIMIT ${MAX_POLICIES}`,
    ),

  /** @throws AppError not_found */
  async get(id: string): Promise<PolicyView> {
    const [found] = await database.rows(PolicyView, sql`${VIEWS} WHERE p.id = ${id}`);
    if (!found) throw new AppError('not_found', 'No such policy');
    return found;
  },
});

export function createPolicyService({
  database,
  catalogs,
  commit,
}: {
  database: Database;
  catalogs: LiveCatalog;
  commit: Commit;
}) {
  const { list, get } = createPolicyViews(database);

  async function check(wanted: WantedPolicy): Promise<{ seen: Catalog; settings: string }> {
    const settings = JSON.stringify(settingsOf(wanted.policy, wanted.settings));
    const seen = await catalogs.whole('now');
    checkPlace(wanted, seen);
    return { seen, settings };
  }

  const target = (id: string) => ({ policy_id: id });

  return {
    list,
    get,

    /** @throws AppError validation_error, conflict */
    async install(wanted: WantedPolicy, actor: Actor): Promise<ChangedPolicy> {
      const { seen, settings } = await check(wanted);
      const { partnerId } = wanted;
      const id = newId();
      if (partnerId !== null) {
        const found = await database.run(sql`SELECT FROM partner WHERE id = ${partnerId}`);
        if (found === 0) throw invalid('partner_id', 'No such partner');
      }
      const change = policyInsertion(id, { ...wanted, settings }, actor);
      const told = { actor, action: 'policy.installed', target: target(id), details: wanted } as const;
      const { isInForce } = await commit(seen, change, told);
      return { ...(await get(id)), in_force: isInForce };
    },

    /** Its settings and its position. @throws AppError not_found, validation_error, conflict */
    async change(id: string, position: number, given: unknown, actor: Actor): Promise<ChangedPolicy> {
      const before = await get(id);
      const { api, route, partner_id: partnerId, policy } = before;
      const wanted = { api, route, partnerId, position, policy, settings: given };
      const { seen, settings } = await check(wanted);
      const change = policyChange(id, position, settings);
      const details = { policy, api, route, position, settings: given, before: before.settings };
      const told = { actor, action: 'policy.changed', target: target(id), details } as const;
      const { isInForce } = await commit(seen, change, told);
      return { ...(await get(id)), in_force: isInForce };
    },

    /** @throws AppError not_found, conflict */
    async remove(id: string, reason: string, actor: Actor): Promise<{ in_force: boolean }> {
      const { policy, api, route, partner_id: partnerId, settings } = await get(id);
      const change = policyRemoval(id);
      const details = { reason, policy, api, route, partnerId, settings };
      const told = { actor, action: 'policy.removed', target: target(id), details } as const;
      const { isInForce } = await commit(await catalogs.whole('now'), change, told);
      return { in_force: isInForce };
    },
  };
}

export type PolicyService = ReturnType<typeof createPolicyService>;
