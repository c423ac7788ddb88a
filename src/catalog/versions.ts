// Dated versions of an API: its upstreams speak the newest, its document describes it, and steps lead there from every older one.
// Pure.

import * as z from 'zod';
import { jsonChange, queryName } from './policies/changes.ts';
import { type JsonChange, moreNames, type NameChanges, NO_NAMES, withPolicies } from './policies/policy.ts';
import type { CatalogRoute } from './routes.ts';

const MAX_CHANGES = 100;

/** What one version changed. `request` makes a request of the version before into one of this; `answer` an answer back. */
const change = z.strictObject({
  summary: z.string().min(1).max(500),
  /** `GET /v1/things`, as in the document; all where none is named. */
  routes: z.array(z.string()).max(MAX_CHANGES).default([]),
  request: z.array(jsonChange).max(MAX_CHANGES).default([]),
  query: z
    .array(
      z.discriminatedUnion('op', [
        z.object({ op: z.literal('set'), name: queryName, value: z.string().max(1000) }),
        z.object({ op: z.literal('remove'), name: queryName }),
      ]),
    )
    .max(MAX_CHANGES)
    .default([]),
  answer: z.array(jsonChange).max(MAX_CHANGES).default([]),
});

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

export const versionSchema = z.strictObject({
  date: z.iso.date(),
  changes: z.array(change).max(MAX_CHANGES).default([]),
  deprecated_at: moment.optional(),
  /** From then on its calls are refused. */
  sunset_at: moment.optional(),
  /** Times before the sunset in which its calls are refused, so that whoever still makes them notices. */
  brownouts: z
    .array(z.strictObject({ from: moment, to: moment }))
    .max(50)
    .default([]),
});
export type ApiVersion = z.infer<typeof versionSchema>;

/** Oldest first, each date once; only the newest has no end. */
export const versionsSchema = z
  .array(versionSchema)
  .max(MAX_CHANGES)
  .default([])
  .refine(
    (all) => all.every(({ date }, i) => i === 0 || date > (all[i - 1]?.date ?? '')),
    'must be by date, each once',
  )
  .refine((all) => all.at(-1)?.sunset_at === undefined, 'the newest version has no end')
  .refine((all) => (all.at(-1)?.brownouts.length ?? 0) === 0, 'the newest version is never off')
  .refine(
    (all) => all.every(({ brownouts }) => brownouts.every(({ from, to }) => from < to)),
    'a brownout ends after it begins',
  )
  .refine(
    (all) =>
      all.every(({ brownouts, sunset_at: end }) =>
        brownouts.every(({ to }) => end !== undefined && to <= end),
      ),
    'brownouts come before the sunset_at of their version',
  )
  .refine(
    (all) => all.every(({ deprecated_at: from, sunset_at: to }) => !(from && to) || from <= to),
    'nothing ends before it is deprecated',
  );

/** What may not become of dates that somebody may be pinned to: they end when it was said, and are what they were till then. */
export function wrongDates(
  before: { versions: readonly ApiVersion[] },
  after: { versions: readonly ApiVersion[] },
  nowMs: number,
): string[] {
  const isOver = ({ sunset_at: end }: ApiVersion): boolean => end !== undefined && Date.parse(end) <= nowMs;
  return before.versions
    .filter((version) => !isOver(version))
    .flatMap((version) => {
      const now = after.versions.find(({ date }) => date === version.date);
      if (!now) return [`lack ${version.date}, which has not ended: give it a sunset_at first`];
      return isOver(now) ? [`end ${version.date} in the past: give it a sunset_at to come`] : [];
    });
}

/** A version as a route needs it. */
export interface RouteVersion {
  date: string;
  /** Leads a request of the version before to this one, and an answer back. */
  request: readonly JsonChange[];
  query: NameChanges;
  answer: readonly JsonChange[];
  deprecatedMs?: number;
  sunsetMs?: number;
  brownouts: readonly { fromMs: number; toMs: number }[];
}

const nameChange = (each: z.infer<typeof change>['query'][number]): NameChanges =>
  each.op === 'set' ? { set: [[each.name, each.value]], remove: [] } : { set: [], remove: [each.name] };

/** `name`: `GET /v1/things`. */
export const routeVersions = (versions: readonly ApiVersion[], name: string): RouteVersion[] =>
  versions.map(({ date, changes, deprecated_at: deprecated, sunset_at: sunset, brownouts }) => {
    const own = changes.filter(({ routes }) => routes.length === 0 || routes.includes(name));
    return {
      date,
      request: own.flatMap((each) => each.request),
      query: own
        .flatMap((each) => each.query)
        .map(nameChange)
        .reduce(moreNames, NO_NAMES),
      answer: own.flatMap((each) => each.answer),
      ...(deprecated && { deprecatedMs: Date.parse(deprecated) }),
      ...(sunset && { sunsetMs: Date.parse(sunset) }),
      brownouts: brownouts.map(({ from, to }) => ({ fromMs: Date.parse(from), toMs: Date.parse(to) })),
    };
  });

/** The version that whoever was pinned on a day has: the newest of that day, or the first. */
export const pinnedVersion = (versions: readonly RouteVersion[], pin: string): RouteVersion | undefined =>
  versions.findLast(({ date }) => date <= pin) ?? versions[0];

/** That a version is not answered now; `until`: of a brownout, when it is again, ms. */
export function endedAt(
  { sunsetMs, brownouts }: RouteVersion,
  nowMs: number,
): { until: number | undefined } | undefined {
  if (sunsetMs !== undefined && nowMs >= sunsetMs) return { until: undefined };
  const brownout = brownouts.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
  return brownout && { until: brownout.toMs };
}

/** The route as callers of a version see it: what they say is led up to the newest, what is answered back down. */
export function routeOfVersion(route: CatalogRoute, { date }: RouteVersion): CatalogRoute {
  const later = (route.versions ?? []).filter((version) => version.date > date);
  if (later.length === 0) return route;
  const { policies } = route;
  const query = later.map((version) => version.query).reduce(moreNames, NO_NAMES);
  const request = later.flatMap((version) => version.request);
  // The document says what the newest takes: what is led up to it is not held against it.
  const isLedUp = request.length + query.set.length + query.remove.length > 0;
  return withPolicies(isLedUp ? { ...route, rules: undefined } : route, {
    version: date,
    query: moreNames(query, policies.query),
    requestJson: [...request, ...policies.requestJson],
    answerJson: [...policies.answerJson, ...later.toReversed().flatMap(({ answer }) => answer)],
  });
}
