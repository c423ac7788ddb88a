// The policies that operators installed, and what they make of the routes. Those of an API come before those of its routes, and
// those of a partner last; within each, by their position. Pure.

import type { CatalogRoute } from '../routes.ts';
import { isPolicyName, POLICIES, type PolicyName } from './kinds.ts';
import type { PolicyKind } from './policy.ts';

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

/** Whether requests of some route of the API are held against its document. */
export const needsRules = (policies: readonly InstalledPolicy[], id: string): boolean =>
  policies.some(({ policy, api }) => policy === 'validate_request' && (api === null || api === id));

const isFor = ({ api, route }: InstalledPolicy, { method, path, api: own }: CatalogRoute): boolean =>
  (api === null || api === own) && (route === null || route === `${method} ${path}`);

const rank = ({ partnerId, route, api }: InstalledPolicy): number =>
  partnerId !== null ? 3 : route !== null ? 2 : api !== null ? 1 : 0;

export const inOrder = (policies: readonly InstalledPolicy[]): InstalledPolicy[] =>
  [...policies].sort((a, b) => rank(a) - rank(b) || a.position - b.position || (a.id < b.id ? -1 : 1));

/** Settings of before a deployment may fit no more: such a policy is left out, and told. */
export function applied(
  route: CatalogRoute,
  policies: readonly InstalledPolicy[],
  unfit: (policy: InstalledPolicy) => void,
): CatalogRoute {
  if (policies.length === 0) return route;
  const mark = JSON.stringify(policies.map(({ policy, settings }) => [policy, settings]));
  return policies.reduce(
    (changed, installed) => {
      const kind = isPolicyName(installed.policy)
        ? (POLICIES[installed.policy as PolicyName] as PolicyKind<unknown>)
        : undefined;
      const settings = kind?.settings.safeParse(installed.settings);
      if (!kind || !settings?.success) {
        unfit(installed);
        return changed;
      }
      return kind.apply(changed, settings.data);
    },
    { ...route, policies: { ...route.policies, mark } },
  );
}

/** Routes as they are for everybody, and for partners that have policies of their own. */
export class PolicyBook {
  private readonly common: readonly InstalledPolicy[];
  private readonly ofPartners = new Map<string, InstalledPolicy[]>();
  private readonly made = new WeakMap<CatalogRoute, Map<string, CatalogRoute>>();
  private readonly unfit: (policy: InstalledPolicy) => void;

  constructor(policies: readonly InstalledPolicy[], unfit: (policy: InstalledPolicy) => void) {
    const ordered = inOrder(policies);
    this.unfit = unfit;
    this.common = ordered.filter(({ partnerId }) => partnerId === null);
    for (const policy of ordered)
      if (policy.partnerId !== null)
        this.ofPartners.set(policy.partnerId, [...(this.ofPartners.get(policy.partnerId) ?? []), policy]);
  }

  /** For everybody. */
  route(route: CatalogRoute): CatalogRoute {
    const own = this.common.filter((policy) => isFor(policy, route));
    return applied(route, own, this.unfit);
  }

  /** `route`: as it is for everybody. */
  routeFor(route: CatalogRoute, partnerId: string): CatalogRoute {
    const own = this.ofPartners.get(partnerId);
    if (!own) return route;
    const known = this.made.get(route) ?? new Map<string, CatalogRoute>();
    this.made.set(route, known);
    const made =
      known.get(partnerId) ??
      withMark(
        route,
        applied(
          route,
          own.filter((policy) => isFor(policy, route)),
          this.unfit,
        ),
      );
    known.set(partnerId, made);
    return made;
  }
}

/** Cached answers of both are told apart. */
const withMark = (before: CatalogRoute, after: CatalogRoute): CatalogRoute =>
  before === after
    ? after
    : { ...after, policies: { ...after.policies, mark: before.policies.mark + after.policies.mark } };
