// The policies that operators installed, and what they make of the routes. Those of an API come before those of its routes, and
// those of a partner last; within each, by their position. Pure.

import { deny } from '../../core/denied.ts';
import type { CatalogRoute } from '../routes.ts';
import { isPolicyName, POLICIES } from './kinds.ts';
import { type PolicyKind, type RequestStep, withPolicies } from './policy.ts';

export interface InstalledPolicy {
  id: string;
  /** null: of all APIs. */
  api: string | null;
  /** `GET /v1/things`; null: of all of its routes. */
  route: string | null;
  /** null: for every partner. */
  partnerId: string | null;
  position: number;
  policy: string;
  settings: unknown;
}

export const BY_DOCUMENT: readonly string[] = ['validate_request', 'validate_answer'];

/** Whether requests or answers of some route of the API are held against its document. */
export const needsRules = (policies: readonly InstalledPolicy[], id: string): boolean =>
  policies.some(({ policy, api }) => BY_DOCUMENT.includes(policy) && (api === null || api === id));

/** Templates are where they are, whatever they are called. */
export const shapeOf = (route: string): string => route.replace(/\{[^{}]*\}/g, '{}');

const rank = ({ partnerId, route, api }: InstalledPolicy): number =>
  partnerId !== null ? 3 : route !== null ? 2 : api !== null ? 1 : 0;

export const inOrder = (policies: readonly InstalledPolicy[]): InstalledPolicy[] =>
  [...policies].sort((a, b) => rank(a) - rank(b) || a.position - b.position || (a.id < b.id ? -1 : 1));

const closed: RequestStep = () => deny('service_unavailable', undefined, 'policy_unfit');

/** Settings of before a deployment may fit no more: what such a policy was to keep out or in is not known, so nothing passes. */
const shut = (route: CatalogRoute): CatalogRoute =>
  withPolicies(route, { before: [closed, ...route.policies.before] });

interface Fitted {
  installed: InstalledPolicy;
  /** Of the route's name, where it is for one. */
  shape: string | null;
  isFit: boolean;
  apply(route: CatalogRoute): CatalogRoute;
}

function fitted(installed: InstalledPolicy): Fitted {
  const { route, policy, settings } = installed;
  const kind = isPolicyName(policy) ? (POLICIES[policy] as PolicyKind<unknown>) : undefined;
  const read = kind?.settings.safeParse(settings);
  return {
    installed,
    shape: route === null ? null : shapeOf(route),
    isFit: read?.success === true,
    apply: kind && read?.success ? (before) => kind.apply(before, read.data) : shut,
  };
}

function applied(route: CatalogRoute, policies: readonly Fitted[]): CatalogRoute {
  if (policies.length === 0) return route;
  const mark = JSON.stringify(policies.map(({ installed: { policy, settings } }) => [policy, settings]));
  const { names } = route.policies;
  const marked: CatalogRoute = {
    ...route,
    policies: {
      ...route.policies,
      mark: route.policies.mark + mark,
      names: [...names, ...policies.map(({ installed }) => installed.policy)],
    },
  };
  return policies.reduce((changed, { apply }) => apply(changed), marked);
}

/** Routes as they are for everybody, and for partners that have policies of their own. */
export class PolicyBook {
  /** Those that nothing passes, since their settings are not known. */
  readonly unfit: readonly InstalledPolicy[];
  private readonly common: readonly Fitted[];
  private readonly ofPartners = new Map<string, Fitted[]>();
  private readonly made = new WeakMap<CatalogRoute, Map<string, CatalogRoute>>();

  constructor(policies: readonly InstalledPolicy[]) {
    const ordered = inOrder(policies).map(fitted);
    this.unfit = ordered.flatMap(({ isFit, installed }) => (isFit ? [] : installed));
    this.common = ordered.filter(({ installed }) => installed.partnerId === null);
    for (const each of ordered) {
      const { partnerId } = each.installed;
      if (partnerId !== null)
        this.ofPartners.set(partnerId, [...(this.ofPartners.get(partnerId) ?? []), each]);
    }
  }

  /** For everybody. */
  route(route: CatalogRoute): CatalogRoute {
    return applied(route, forRoute(route, this.common));
  }

  /** `route`: as it is for everybody. */
  routeFor(route: CatalogRoute, partnerId: string): CatalogRoute {
    const own = this.ofPartners.get(partnerId);
    if (!own) return route;
    const known = this.made.get(route) ?? new Map<string, CatalogRoute>();
    this.made.set(route, known);
    const made = known.get(partnerId) ?? applied(route, forRoute(route, own));
    known.set(partnerId, made);
    return made;
  }
}

function forRoute({ api: own, method, path }: CatalogRoute, policies: readonly Fitted[]): Fitted[] {
  const shape = policies.length === 0 ? '' : shapeOf(`${method} ${path}`);
  return policies.filter(
    ({ installed: { api }, shape: wanted }) =>
      (api === null || api === own) && (wanted === null || wanted === shape),
  );
}
