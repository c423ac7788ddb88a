// What a page of usage or requests is about: the partner and environment that are looked at, and the filters of its address.

import * as z from 'zod';
import { OUTCOMES, type UsageScope } from '../../usage/usage-reports.ts';
import { member, type PortalContext } from './portal-web.tsx';
import type { Range } from './usage-range.ts';

const filterText = z.string().max(300).optional().catch(undefined);

export function scopeOf(context: PortalContext, range: Range) {
  const { workspace, environment } = member(context);
  const { app, key, route } = context.req.query();
  return {
    partnerId: workspace.partner.id,
    environment,
    appId: z
      .uuid()
      .optional()
      .catch(undefined)
      .parse(app || undefined),
    keyId: filterText.parse(key || undefined),
    route: filterText.parse(route || undefined),
    from: range.from,
    to: range.to,
  } satisfies UsageScope;
}

const filters = z.object({
  outcome: z.enum(OUTCOMES).optional().catch(undefined),
  status: z.coerce.number().int().min(100).max(599).optional().catch(undefined),
  error: z.string().max(100).optional().catch(undefined),
  country: z.string().length(2).optional().catch(undefined),
});

export function filteredScope(context: PortalContext, range: Range) {
  const query = Object.fromEntries(Object.entries(context.req.query()).filter(([, value]) => value !== ''));
  return { ...scopeOf(context, range), ...filters.parse(query), fromMs: range.fromMs, toMs: range.toMs };
}

export type FilteredScope = ReturnType<typeof filteredScope>;
