// By what a call was judged, for its usage event. Calls that follow each other are mostly judged alike: they share one object,
// which is made once and written once. Pure, but for what it remembers.

import { rfc3339 } from '../core/time.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { Gauge } from '../limits/limit.ts';
import type { LimitGauges } from '../limits/protocol.ts';
import type { Basis, PeriodName } from '../usage/event-columns.ts';
import type { Exchange } from './exchange.ts';

const NAMES: readonly PeriodName[] = ['second', 'burst', 'day', 'month'];

/** The last of each record, and what it was made of. */
interface Made {
  basis: Basis;
  from: Exchange['recordFrom'];
  catalog: number;
  gauges: LimitGauges | undefined;
  policies: readonly string[];
  cache: string | undefined;
  over: boolean;
}
const made = new WeakMap<KeyRecord, Made>();

/** Limits are what they were, whatever is left of them. */
function areAlike(a: LimitGauges | undefined, b: LimitGauges | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  for (const name of NAMES)
    if (a[name].limit !== b[name].limit || a[name].level !== b[name].level) return false;
  return a.budget?.limit === b.budget?.limit;
}

const limitOf = ({ limit, level }: Gauge) => ({ limit, level });
const limitsOf = ({ second, burst, day, month, budget }: LimitGauges): Basis['limits'] => ({
  second: limitOf(second),
  burst: limitOf(burst),
  day: limitOf(day),
  month: limitOf(month),
  ...(budget && { budget: limitOf(budget) }),
});

const NONE: readonly string[] = [];

export function basisOf(exchange: Exchange): Basis | undefined {
  const { caller, recordFrom: from, catalogVersion: catalog, gauges, cacheStatus, admission } = exchange;
  if (!caller || !from) return undefined;
  const policies = exchange.route?.policies.names ?? NONE;
  // How long it lasts differs with each call.
  const cache = cacheStatus?.replace(/; ttl=\d+/, '');
  const over = admission?.over === true;
  const last = made.get(caller);
  if (
    last?.from === from &&
    last.catalog === catalog &&
    last.policies === policies &&
    last.cache === cache &&
    last.over === over &&
    areAlike(last.gauges, gauges)
  )
    return last.basis;
  const basis: Basis = {
    key: caller.versions.key,
    partner: caller.versions.partner,
    catalog,
    from,
    read_at: rfc3339(caller.loadedMs),
    ...(gauges && {
      limits: limitsOf(gauges),
    }),
    ...(policies.length > 0 && { policies }),
    ...(cache !== undefined && { cache }),
    ...(over && { over }),
  };
  made.set(caller, { basis, from, catalog, gauges, policies, cache, over });
  return basis;
}
