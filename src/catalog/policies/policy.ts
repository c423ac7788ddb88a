// What a policy is: settings with a schema, and what they make of a route. Pure. Whatever refuses a call does so before its
// limits, and so at no cost; what changes an answer does so each time it is given, also from the cache.

import type * as z from 'zod';
import type { Denied } from '../../core/denied.ts';
import type { CatalogRoute } from '../routes.ts';

/** What a step sees of a call. */
export interface PolicyCall {
  readonly method: string;
  /** As received; the query with its question mark. */
  readonly path: string;
  readonly query: string;
  /** What the caller says to whoever answers. */
  readonly headers: Headers;
  readonly ip: string;
  readonly country: string | null;
  /** The whole body, where the route reads it. */
  readonly body: Uint8Array | undefined;
  readonly route: CatalogRoute;
}

/** undefined: it may go on. */
export type RequestStep = (call: PolicyCall) => Denied | undefined | Promise<Denied | undefined>;

export type JsonChange =
  | { op: 'set'; pointer: string; value: unknown }
  | { op: 'remove'; pointer: string }
  | { op: 'rename'; pointer: string; to: string }
  | { op: 'redact'; pointer: string };

export interface NameChanges {
  set: readonly (readonly [name: string, value: string])[];
  remove: readonly string[];
}

export interface MockAnswer {
  status: number;
  type: string;
  body: string;
}

/** After so many failures in a row an upstream is left alone for so long. */
export interface Breaker {
  failures: number;
  restMs: number;
}

/** What all policies of a route come to, in their order. */
export interface RoutePolicies {
  /** Tells cached answers apart that other policies asked for. */
  mark: string;
  /** Kinds of them. */
  names: readonly string[];
  /** Of an older version of a dated API: so that its cached answers are its own. */
  version?: string;
  before: readonly RequestStep[];
  /** Steps look at the whole body. */
  readsBody: boolean;
  requestHeaders: NameChanges;
  query: NameChanges;
  requestJson: readonly JsonChange[];
  answerHeaders: NameChanges;
  answerJson: readonly JsonChange[];
  /** What must not leave if it cannot be taken out: answers that cannot be read are refused. */
  isStrict: boolean;
  mock?: MockAnswer;
  /** Tries of what may be repeated, and after which statuses. */
  tries: number;
  retryOn: readonly number[];
  breaker?: Breaker;
  /** Share of the answers that are held against the document. */
  checkedShare?: number;
  /** Calls of one partner that may wait for the upstream at once. */
  atOnce?: number;
  /** Origins whose pages may read answers, beside the partner's. */
  origins: readonly string[];
}

export const NO_NAMES: NameChanges = { set: [], remove: [] };

export const NO_POLICIES: RoutePolicies = {
  mark: '',
  names: [],
  before: [],
  readsBody: false,
  requestHeaders: NO_NAMES,
  query: NO_NAMES,
  requestJson: [],
  answerHeaders: NO_NAMES,
  answerJson: [],
  isStrict: false,
  tries: 2,
  retryOn: [],
  origins: [],
};

export interface PolicyKind<Settings> {
  settings: z.ZodType<Settings>;
  apply(route: CatalogRoute, settings: Settings): CatalogRoute;
}

/** Keeps the type of a policy's settings with what it does with them. */
export const policy = <Settings>(kind: PolicyKind<Settings>): PolicyKind<Settings> => kind;

/** The route with these of its policies changed. */
export const withPolicies = (route: CatalogRoute, changes: Partial<RoutePolicies>): CatalogRoute => ({
  ...route,
  policies: { ...route.policies, ...changes },
});

/** What comes later has the last word on a name. */
export function moreNames(before: NameChanges, more: NameChanges): NameChanges {
  const again = new Set([...more.remove, ...more.set.map(([name]) => name)]);
  return {
    set: [...before.set.filter(([name]) => !again.has(name)), ...more.set],
    remove: [...before.remove, ...more.remove],
  };
}
