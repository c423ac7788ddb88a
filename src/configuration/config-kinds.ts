// What changes of each kind of thing are: checked as every other door checks them, and made into statements.

import * as z from 'zod';
import type { AlertService } from '../alerts/alert-service.ts';
import type { Actor } from '../audit/audit-store.ts';
import type { PlanStore } from '../billing/plan-store.ts';
import { type Catalog, documentOf } from '../catalog/catalog.ts';
import { type OfferChanges, offerChanges } from '../catalog/offer-changes.ts';
import {
  type FiledPolicy,
  type PublishTogether,
  type WantedOffer,
  within,
} from '../catalog/publish-together-service.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newPlan, toPlan } from '../http/plan-schemas.ts';
import type { FiledPartner, FiledPartners } from '../partners/filed-partners-service.ts';
import type { Query } from '../platform/query.ts';
import type { FiledEndpoint, FiledEndpoints } from '../webhooks/filed-endpoints-service.ts';
import {
  type Change,
  type Desired,
  EVERY,
  entryOf,
  type Fields,
  GONE,
  type Kind,
  pathOf,
  policyPlace,
} from './config-fields.ts';
import type { Wanted } from './config-wanted.ts';

export interface KindPorts {
  offers: PublishTogether;
  plans: Pick<PlanStore, 'plans' | 'prepare' | 'priceImpact'>;
  alerts: Pick<AlertService, 'prepare'>;
  endpoints: FiledEndpoints;
  partners: FiledPartners;
}

/** What one thing becomes, and what it was. */
export interface Step {
  wanted: Desired;
  /** Of a webhook or a policy: its id. */
  ref: string | null;
  before: Fields | null;
  changes: readonly Change[];
}

/** Whom another price of a plan hits. */
export interface PriceHit {
  plan: string;
  currency: string;
  partners: number;
  monthlyMinor: number;
}

/** Who asks, and where. */
export interface Asking {
  actor: Actor;
  /** Why, where prices change that partners pay. */
  reason: string | undefined;
  /** The host at which it is asked for, and the origin of the links that are mailed. */
  askedAt: string;
  origin: string;
}

export interface Prepared {
  queries: Query<number>[];
  hits: PriceHit[];
  /** Of APIs whose document changes. */
  routes: Map<string, OfferChanges>;
  /** Who is told once it is done. */
  partners: FiledPartner[];
}

interface Preparing {
  ports: KindPorts;
  wanted: Wanted;
  catalog: Catalog;
  asking: Asking;
  prepared: Prepared;
}

/** Of the fields that change. */
const changedIn = ({ changes }: Step): Fields =>
  Object.fromEntries(changes.map(({ field, after }) => [field, after]));

function offerOf({ wanted: { thing: id }, before, changes }: Step, { documents }: Wanted): WantedOffer {
  const changed = new Map(changes.map(({ field, after }) => [field, after]));
  if (changed.has(GONE)) return { id, isRetired: true };
  const document = documents.get(id);
  if (before === null && !document)
    throw invalid(`apis.${id}.document`, 'is needed: this API is not offered');
  return {
    id,
    ...(changed.has('document') && document && { document }),
    // As the schema of the file has them.
    ...(changed.has('upstreams') && {
      upstreams: changed.get('upstreams') as { url: string; weight: number }[],
    }),
  };
}

function filedPolicy(step: Step): FiledPolicy {
  const { wanted, ref: id, before } = step;
  const { api, route, policy } = policyPlace(wanted.thing);
  const { [GONE]: isGone, settings, position } = { ...before, ...changedIn(step) };
  return {
    place: `policies.${api}.${route}.${policy}`,
    id,
    api: api === EVERY ? null : api,
    route: route === EVERY ? null : route,
    policy,
    position: typeof position === 'number' ? position : 0,
    settings,
    isGone: isGone === true,
  };
}

/** APIs and their policies, which are checked by what is offered then. */
async function prepareCatalog(
  ofApis: readonly Step[],
  ofPolicies: readonly Step[],
  { ports, wanted, catalog, asking, prepared }: Preparing,
): Promise<void> {
  const leaving = [...ofApis, ...ofPolicies].find(({ changes }) =>
    changes.some(({ field }) => field === GONE),
  );
  if (leaving && !asking.reason)
    throw invalid('reason', `${pathOf(leaving.wanted)} is retired or removed: say why`);
  const offers = ofApis.map((step) => offerOf(step, wanted));
  const changes = { offers, policies: ofPolicies.map(filedPolicy) };
  prepared.queries.push(...(await ports.offers.prepare(catalog, changes, asking.actor)));
  for (const { id, document } of offers) {
    const before = documentOf(catalog, id);
    if (document) prepared.routes.set(id, offerChanges(before, document));
  }
}

async function preparePlans(
  steps: readonly Step[],
  { ports: { plans }, asking: { actor, reason }, prepared }: Preparing,
): Promise<void> {
  const known = steps.length > 0 ? await plans.plans() : [];
  for (const step of steps) {
    const { thing } = step.wanted;
    const place = `plans.${thing}`;
    // A name that is there already is what it is.
    const schema = step.before ? newPlan.extend({ tier: z.string() }) : newPlan;
    const given = schema.safeParse({ ...entryOf({ ...step.before, ...changedIn(step) }), tier: thing });
    if (!given.data) {
      const details = given.error.issues.map(({ path, message }) => ({
        field: [place, ...path].join('.'),
        message,
      }));
      throw new AppError('validation_error', undefined, { details });
    }
    const was = known.find(({ tier }) => tier === thing);
    const plan = { ...toPlan(given.data), partnerId: was?.partnerId ?? null };
    const impact = was ? await plans.priceImpact(plan) : [];
    prepared.hits.push(
      ...impact.map(({ currency, partners, monthlyMinor }) => ({
        plan: thing,
        currency,
        partners,
        monthlyMinor,
      })),
    );
    prepared.queries.push(...(await within(place, () => plans.prepare(plan, was, reason, actor))));
  }
}

async function prepareRules(
  steps: readonly Step[],
  { ports: { alerts }, prepared }: Preparing,
): Promise<void> {
  for (const step of steps) {
    const { thing } = step.wanted;
    const { enabled, threshold } = { ...step.before, ...changedIn(step) };
    const setting = {
      isEnabled: enabled === true,
      threshold: typeof threshold === 'number' ? threshold : null,
    };
    prepared.queries.push(await within(`alert_rules.${thing}`, () => alerts.prepare(thing, setting)));
  }
}

async function prepareWebhooks(
  steps: readonly Step[],
  { ports: { endpoints }, asking: { askedAt }, prepared }: Preparing,
): Promise<void> {
  for (const step of steps) {
    const { wanted, ref: id } = step;
    const { [GONE]: isGone, ...fields } = changedIn(step);
    // As the schema of the file has them.
    const wish = { ...fields, url: wanted.thing, id, isGone: isGone === true } as FiledEndpoint;
    prepared.queries.push(
      ...(await within(`webhooks.${wanted.thing}`, () => endpoints.prepare(wish, askedAt))),
    );
  }
}

/** Each is asked for, told and mailed by itself. */
const MAX_PARTNERS = 100;

/** `made`: plans that the file makes. */
async function preparePartners(
  steps: readonly Step[],
  made: readonly string[],
  { ports: { partners }, asking: { reason }, prepared }: Preparing,
): Promise<void> {
  if (steps.length > MAX_PARTNERS)
    throw invalid('partners', `At most ${MAX_PARTNERS} change at once: apply the file in parts`);
  for (const step of steps) {
    const { thing: email, fields } = step.wanted;
    const changed = changedIn(step);
    // Another plan may take away what the file asks for, and what stands already.
    const { overage_action } = changed.plan === undefined ? changed : fields;
    // As the schema of the file has them.
    const wish = { ...changed, overage_action, email, id: step.ref } as FiledPartner;
    prepared.partners.push(wish);
    prepared.queries.push(
      ...(await within(`partners.${email}`, () => partners.prepare(wish, { made, reason }))),
    );
  }
}

/** @throws AppError validation_error, by where it stands */
export async function prepare(
  ports: KindPorts,
  steps: readonly Step[],
  { wanted, catalog, asking }: Pick<Preparing, 'wanted' | 'catalog' | 'asking'>,
): Promise<Prepared> {
  const prepared: Prepared = { queries: [], hits: [], routes: new Map(), partners: [] };
  const preparing = { ports, wanted, catalog, asking, prepared };
  // Who is new, and named without anything, lacks what is needed.
  const isEmpty = ({ before, wanted }: Step) => before === null && Object.keys(wanted.fields).length === 0;
  const of = (kind: Kind) =>
    steps.filter((step) => step.wanted.kind === kind && (step.changes.length > 0 || isEmpty(step)));
  await prepareCatalog(of('apis'), of('policies'), preparing);
  await preparePlans(of('plans'), preparing);
  await prepareRules(of('alert_rules'), preparing);
  await prepareWebhooks(of('webhooks'), preparing);
  const made = of('plans').flatMap(({ wanted: { thing }, before: was }) => (was === null ? thing : []));
  await preparePartners(of('partners'), made, preparing);
  return prepared;
}
