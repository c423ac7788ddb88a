// Plans what a configuration file changes, applies it as one transaction with one audit row, and says what differs from what was
// applied. What a file does not name is not touched. Whoever applies says what was looked at: who was faster wins.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { isNotExpected } from '../audit/version-store.ts';
import { CATALOG_LOCKS } from '../catalog/publish-together-service.ts';
import { AppError } from '../core/errors.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { command, type Query } from '../platform/query.ts';
import { TOO_MANY_ENDPOINTS } from '../webhooks/endpoint-write-store.ts';
import { driftOf, type Json, pathOf, type Thing } from './config-fields.ts';
import type { ConfigFile } from './config-file.ts';
import { type Asking, type KindPorts, prepare } from './config-kinds.ts';
import { type Owned, ownerOf } from './config-owner.ts';
import {
  type ConfigPlan,
  isOffer,
  isSame,
  type Looked,
  namedIn,
  ownership,
  refuseDoubled,
  seenOf,
  staleIn,
  stepsOf,
  tooLate,
  versionOf,
} from './config-plan.ts';
import {
  type ConfigStates,
  createConfigStates,
  locksOf,
  markQueries,
  unchangedCheck,
} from './config-state-store.ts';
import { type Wanted, wantedBy } from './config-wanted.ts';

export interface ConfigPorts extends KindPorts {
  database: Database;
}

/** Of the changes of an application that its audit row lists. */
const MAX_AUDITED = 500;

const createLook = ({ offers }: ConfigPorts, states: ConfigStates) =>
  async function look(things: readonly Thing[]): Promise<Looked> {
    // Before the rows: it may be older than they are, which the check tells, and never newer.
    const catalog = await offers.seen();
    const found = await states.seen(things);
    return {
      ...found,
      catalog,
      seen: await Promise.all(found.states.map((state) => seenOf(state, catalog))),
    };
  };

const auditQuery = (actor: Actor, plan: ConfigPlan, reason: string | undefined): Query<number> => {
  const changes = plan.changes
    .slice(0, MAX_AUDITED)
    .map(({ path, before, after }) => ({ path, before, after }));
  // By which whoever looks for the last change of a thing finds it.
  const target = { things: [...new Set(plan.changes.map(({ kind, thing }) => `${kind}/${thing}`))] };
  const details = { reason: reason ?? null, count: plan.changes.length, changes };
  return command(sql`WITH changed AS (SELECT NULL::uuid AS partner_id),
    audit AS (${auditRow(actor, 'config.applied', target, details)}) SELECT 1 FROM changed`);
};

interface Wish {
  wanted: Wanted;
  asking: Asking;
}

const createPlanning = (ports: ConfigPorts, states: ConfigStates, look: ReturnType<typeof createLook>) =>
  /** @throws AppError validation_error */
  async function planned({ wanted, asking }: Wish) {
    const looked = await look(wanted.things);
    refuseDoubled(looked.seen);
    const steps = stepsOf(wanted, looked);
    const prepared = await prepare(ports, steps, { wanted, catalog: looked.catalog, asking });
    const changes = steps.flatMap((step) => step.changes);
    const said = changes.length > 0 ? await states.lastSaid(looked.states) : [];
    const plan: ConfigPlan = {
      changes: changes.map((change) => ({
        ...change,
        ...ownerOf(change, change.before, looked.marks, said),
        path: pathOf(change, change.field),
      })),
      ...ownership(wanted, looked.marks, changes),
      hits: prepared.hits,
      routes: prepared.routes,
      version: versionOf(looked),
    };
    return { plan, looked, prepared };
  };

type Planning = ReturnType<typeof createPlanning>;

const createCommit = ({ database }: ConfigPorts, planned: Planning) =>
  /** The one transaction. @throws AppError conflict */
  async function commit(
    wish: Wish,
    { plan, looked, prepared }: Awaited<ReturnType<Planning>>,
  ): Promise<void> {
    const {
      wanted,
      asking: { actor, reason },
    } = wish;
    const hasOffers = wanted.things.some(isOffer);
    try {
      await database.batch(
        ...locksOf(wanted.things),
        ...(hasOffers ? CATALOG_LOCKS.map(command) : []),
        unchangedCheck(looked.states, looked.applied, hasOffers ? looked.catalog.version : undefined),
        ...prepared.queries,
        ...markQueries(namedIn(wanted), actor.name),
        auditQuery(actor, plan, reason),
      );
    } catch (error) {
      if (isNotExpected(error) || isViolation(error, 'unique')) {
        const now = await planned(wish);
        const stale = staleIn(plan.version, now.plan);
        // All is as it was looked at: what ended it is that there are as many as there may be.
        if (stale.length === 0) throw new AppError('conflict', TOO_MANY_ENDPOINTS);
        throw tooLate(stale, now.plan);
      }
      if (isViolation(error, 'check'))
        throw new AppError('conflict', 'Partners on a plan are billed in a currency that it has no price in');
      throw error;
    }
  };

export interface Drifted extends Owned {
  path: string;
  applied: Json;
  now: Json;
  appliedAt: string;
  appliedBy: string;
}

const createDrift = (states: ConfigStates, look: ReturnType<typeof createLook>) =>
  async function drift(): Promise<Drifted[]> {
    const { marks: all } = await states.seen([]);
    const looked = await look(all.filter((mark, i) => all.findIndex(isSame(mark)) === i));
    const drifted = looked.seen.flatMap((seen) => driftOf(looked.marks.filter(isSame(seen)), seen));
    const said = drifted.length > 0 ? await states.lastSaid(looked.states) : [];
    return drifted.map((mark) => ({
      path: pathOf(mark, mark.field),
      applied: mark.value,
      now: mark.now,
      appliedAt: mark.appliedAt,
      appliedBy: mark.appliedBy,
      ...ownerOf(mark, mark.now, looked.marks, said),
    }));
  };

export function createConfigService(ports: ConfigPorts) {
  const { offers, partners } = ports;
  const states = createConfigStates(ports.database);
  const look = createLook(ports, states);
  const planned = createPlanning(ports, states, look);
  const commit = createCommit(ports, planned);

  return {
    /** What applying it would do. Changes nothing. @throws AppError validation_error */
    async plan(file: ConfigFile, asking: Omit<Asking, 'reason'>): Promise<ConfigPlan> {
      // Why prices change is asked of whoever applies it.
      return (await planned({ wanted: await wantedBy(file), asking: { ...asking, reason: 'planned' } })).plan;
    },

    /**
     * All of it or nothing. `version`: what it was planned against. `isInForce`: whether every partner's limiter has heard of it.
     * @throws AppError validation_error, conflict
     */
    async apply(
      file: ConfigFile,
      version: Record<string, string>,
      asking: Asking,
    ): Promise<{ plan: ConfigPlan; isInForce: boolean }> {
      const wish = { wanted: await wantedBy(file), asking };
      if (wish.wanted.things.some(({ kind }) => kind === 'partners')) await partners.settleBefore();
      const now = await planned(wish);
      const { plan } = now;
      const stale = staleIn(version, plan);
      if (stale.length > 0) throw tooLate(stale, plan);
      if (plan.changes.length + plan.taken.length + plan.released.length === 0)
        return { plan, isInForce: true };
      await commit(wish, now);
      const inviting = { actor: asking.actor, origin: asking.origin, language: 'en' } as const;
      // Each is done, whatever becomes of the other: all of it is committed.
      const [offered, told] = await Promise.allSettled([
        plan.changes.some(isOffer) ? offers.settle() : true,
        partners.settle(now.prepared.partners, asking.reason, inviting),
      ]);
      if (offered.status === 'rejected') throw offered.reason;
      if (told.status === 'rejected') throw told.reason;
      return { plan, isInForce: offered.value };
    },

    /** What was applied and is not so any more. */
    drift: createDrift(states, look),

    /** Everything that a file may name. */
    async export({ withPartners }: { withPartners: boolean }) {
      const catalog = await offers.seen();
      const apis = catalog.apis.map(({ id: thing }) => ({ kind: 'apis' as const, thing }));
      const looked = await look([...apis, ...(await states.names(withPartners))]);
      refuseDoubled(looked.seen);
      // That an endpoint failed for too long is nobody's wish.
      const seen = looked.seen.map(({ fields, ...thing }) => {
        const { state, ...rest } = fields ?? {};
        return { ...thing, fields: state === undefined || state === 'disabled' ? rest : { ...rest, state } };
      });
      return { seen, documents: looked.catalog.documents };
    },
  };
}

export type ConfigService = ReturnType<typeof createConfigService>;
