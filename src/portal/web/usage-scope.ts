// What a page of usage or requests is about: the partner and environment that are looked at, and the filters of its address.

import * as z from 'zod';
import { type RequestFilter, requestFilter } from '../../usage/request-filter.ts';
import type { MomentScope, UsageScope } from '../../usage/usage-reports.ts';
import { member, type PortalContext } from './portal-web.tsx';
import { RANGES, type Range } from './usage-range.ts';

const filterText = z.string().max(300).optional();
const scopeFilter = z.object({ app: z.uuid().optional(), key: filterText, route: filterText });
/** All that an address can say. */
const logFilter = z.object({
  ...scopeFilter.shape,
  ...requestFilter.shape,
  range: z.enum(RANGES).optional(),
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
});

/** Left out is what is empty, and what is not valid. */
function readFilter<Filter extends z.ZodObject>(filter: Filter, given: Record<string, string>) {
  const query = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const wrong = new Set(filter.safeParse(query).error?.issues.map(({ path: [name] }) => String(name)));
  const valid = Object.fromEntries(Object.entries(query).filter(([name]) => !wrong.has(name)));
  return { read: filter.parse(valid), invalid: [...wrong].map((name) => [name, query[name] ?? ''] as const) };
}

export function scopeOf(context: PortalContext, range: Range): UsageScope {
  const { workspace, environment } = member(context);
  const { app, key, route } = readFilter(scopeFilter, context.req.query()).read;
  return {
    partnerId: workspace.partner.id,
    environment,
    appId: app,
    keyId: key,
    route,
    from: range.from,
    to: range.to,
  };
}

export type LogScope = UsageScope & MomentScope & RequestFilter;

/** `invalid`: filters that are not, by name, as given. */
export function logScopeOf(
  context: PortalContext,
  range: Range,
): { scope: LogScope; invalid: (readonly [name: string, value: string])[] } {
  const { read, invalid } = readFilter(logFilter, context.req.query());
  const { outcome, status, method, path, error, country } = read;
  return {
    scope: {
      ...scopeOf(context, range),
      ...{ outcome, status, method, path, error, country },
      fromMs: range.fromMs,
      toMs: range.toMs,
    },
    invalid,
  };
}
