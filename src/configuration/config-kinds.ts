// What changes of each kind of thing are: checked as every other door checks them, and made into statements.

import * as z from 'zod';
import type { AlertService } from '../alerts/alert-service.ts';
import type { Actor } from '../audit/audit-store.ts';
import type { Plan, PlanStore } from '../billing/plan-store.ts';
import { adoptDocument } from '../catalog/adopt/adopt.ts';
import type { Catalog, CatalogDocument } from '../catalog/catalog.ts';
import { type OfferChanges, offerChanges } from '../catalog/offer-changes.ts';
import { checked } from '../catalog/publish-service.ts';
import { type PublishTogether, type WantedOffer, within } from '../catalog/publish-together-service.ts';
import { sha256Hex } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { newPlan, toPlan } from '../http/plan-schemas.ts';
import type { Query } from '../platform/query.ts';
import {
  type Change,
  canonical,
  type Desired,
  entryOf,
  type Fields,
  fieldsOf,
  GONE,
} from './config-fields.ts';
import type { ConfigFile } from './config-file.ts';

export interface KindPorts {
  offers: PublishTogether;
  plans: Pick<PlanStore, 'plans' | 'prepare' | 'priceImpact'>;
  alerts: Pick<AlertService, 'prepare'>;
}

/** What a file asks for, with its documents as they would be offered. */
export interface Wanted {
  things: Desired[];
  documents: ReadonlyMap<string, CatalogDocument>;
}

export const hashOf = (document: CatalogDocument): Promise<string> => sha256Hex(canonical(document));

async function wantedApis(
  apis: ConfigFile['apis'],
  documents: Map<string, CatalogDocument>,
): Promise<Desired[]> {
  const desired: Desired[] = [];
  for (const [thing, entry] of Object.entries(apis ?? {})) {
    if (entry === null) {
      desired.push({ kind: 'apis', thing, fields: { [GONE]: true } });
      continue;
    }
    const fields: Record<string, Fields[string]> = {};
    const { document: given, upstreams } = entry;
    if (given !== undefined) {
      const text = typeof given === 'string' ? given : JSON.stringify(given);
      const { document } = await within(`apis.${thing}.document`, () =>
        checked(() => adoptDocument(text, { id: thing })),
      );
      documents.set(thing, document);
      fields.document = await hashOf(document);
    }
    if (upstreams)
      fields.upstreams = upstreams
        .map(({ url, weight }) => ({ url: url.replace(/\/+$/, ''), weight }))
        .sort((a, b) => (a.url < b.url ? -1 : 1));
    desired.push({ kind: 'apis', thing, fields });
  }
  return desired;
}

/** @throws AppError validation_error, by where it stands */
export async function wantedBy(file: ConfigFile): Promise<Wanted> {
  const documents = new Map<string, CatalogDocument>();
  const apis = await wantedApis(file.apis, documents);
  const plain = (['plans', 'alert_rules'] as const).flatMap((kind) =>
    Object.entries(file[kind] ?? {}).map(([thing, entry]) => ({
      kind,
      thing,
      fields: fieldsOf(kind, entry ?? {}),
    })),
  );
  return { things: [...apis, ...plain], documents };
}

/** What one thing becomes, and what it was. */
export interface Step {
  wanted: Desired;
  before: Fields | null;
  changes: readonly Change[];
}

const invalid = (field: string, message: string): AppError =>
  new AppError('validation_error', undefined, { details: [{ field, message }] });

const details = (place: string, error: z.ZodError) =>
  error.issues.map(({ path, message }) => ({ field: [place, ...path].join('.'), message }));

/** Whom another price of a plan hits. */
export interface PriceHit {
  plan: string;
  currency: string;
  partners: number;
  monthlyMinor: number;
}

export interface Prepared {
  queries: Query<number>[];
  hits: PriceHit[];
  /** Of APIs whose document changes. */
  routes: ReadonlyMap<string, OfferChanges>;
}

async function preparePlan(
  { plans }: KindPorts,
  { wanted: { thing }, before, changes }: Step,
  known: readonly Plan[],
  { actor, reason }: { actor: Actor; reason: string | undefined },
): Promise<{ queries: Query<number>[]; hits: PriceHit[] }> {
  const fields = { ...before, ...Object.fromEntries(changes.map(({ field, after }) => [field, after])) };
  // A name that is there already is what it is.
  const schema = before ? newPlan.extend({ tier: z.string() }) : newPlan;
  const given = schema.safeParse({ ...entryOf(fields), tier: thing });
  if (!given.data)
    throw new AppError('validation_error', undefined, { details: details(`plans.${thing}`, given.error) });
  const was = known.find(({ tier }) => tier === thing);
  const plan = { ...toPlan(given.data), partnerId: was?.partnerId ?? null };
  const impact = was ? await plans.priceImpact(plan) : [];
  const hits = impact.map(({ currency, partners, monthlyMinor }) => ({
    plan: thing,
    currency,
    partners,
    monthlyMinor,
  }));
  return { queries: await within(`plans.${thing}`, () => plans.prepare(plan, was, reason, actor)), hits };
}

function offerOf({ wanted: { thing: id }, before, changes }: Step, { documents }: Wanted): WantedOffer {
  const changed = new Map(changes.map(({ field, after }) => [field, after]));
  if (changed.has(GONE)) return { id, isRetired: true };
  const document = documents.get(id);
  if (before === null && !document)
    throw invalid(`apis.${id}.document`, 'is needed: this API is not offered');
  return {
    id,
    ...(changed.has('document') && document && { document }),
    ...(changed.has('upstreams') && {
      upstreams: changed.get('upstreams') as { url: string; weight: number }[],
    }),
  };
}

/** `reason`: why, where prices change that partners pay. @throws AppError validation_error, by where it stands */
export async function prepare(
  ports: KindPorts,
  steps: readonly Step[],
  {
    wanted,
    catalog,
    actor,
    reason,
  }: { wanted: Wanted; catalog: Catalog; actor: Actor; reason: string | undefined },
): Promise<Prepared> {
  const of = (kind: Desired['kind']) =>
    steps.filter((step) => step.wanted.kind === kind && step.changes.length > 0);
  const offers = of('apis').map((step) => offerOf(step, wanted));
  const queries = await ports.offers.prepare(catalog, offers, actor);
  const routes = new Map<string, OfferChanges>();
  for (const { id, document } of offers)
    if (document)
      routes.set(
        id,
        offerChanges(
          catalog.documents.find((each) => each['x-passerelle'].id === id),
          document,
        ),
      );
  const hits: PriceHit[] = [];
  const known = of('plans').length > 0 ? await ports.plans.plans() : [];
  for (const step of of('plans')) {
    const plan = await preparePlan(ports, step, known, { actor, reason });
    queries.push(...plan.queries);
    hits.push(...plan.hits);
  }
  for (const {
    wanted: { thing, fields },
    before,
  } of of('alert_rules')) {
    const { enabled, threshold } = { ...before, ...fields };
    const setting = {
      isEnabled: enabled === true,
      threshold: typeof threshold === 'number' ? threshold : null,
    };
    queries.push(await within(`alert_rules.${thing}`, () => ports.alerts.prepare(thing, setting)));
  }
  return { queries, hits, routes };
}
