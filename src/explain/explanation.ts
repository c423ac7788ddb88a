// What became of a request, and why: calculated from what its event kept and from the terms of its moment. What was not kept is
// null, and never guessed. Pure.

import type { TermsAt } from '../billing/terms-store.ts';
import type { LimitName } from '../usage/event-columns.ts';
import type { EventDetail } from '../usage/request-reports.ts';
import type { ExplainedLimit, Explanation } from './explanation-schema.ts';

/** Of an event, what is looked at. */
export type Facts = Pick<
  EventDetail,
  | 'request_id'
  | 'occurred_at'
  | 'environment'
  | 'status_code'
  | 'error'
  | 'units'
  | 'remaining'
  | 'cache_hit'
  | 'degraded'
  | 'upstream_ms'
  | 'via'
  | 'api_version'
  | 'failure'
  | 'basis'
>;

const FORMULAS: Record<LimitName, string> = {
  second: 'units admitted within the last 1,000 ms, whenever that second begins',
  burst: 'a bucket of as many tokens, that fills up evenly; each unit takes one',
  day: 'units since 00:00 UTC, less those of calls that failed on our side or upstream',
  month: 'units since the 1st, 00:00 UTC, less those of calls that failed on our side or upstream',
  budget:
    'units in the whole life of the key and of those that it made, less those of calls that failed on our side or upstream',
};
const NAMES = Object.keys(FORMULAS) as LimitName[];
const UNLIMITED = -1;

const outcomeOf = ({ status_code: status, error }: Facts): Explanation['outcome'] =>
  status < 400
    ? 'admitted'
    : status < 500 && error !== null
      ? 'refused'
      : status < 500
        ? 'admitted'
        : 'failed';

function limitsOf(row: Facts): ExplainedLimit[] | null {
  const { basis, remaining, units, status_code: status } = row;
  if (!basis?.limits) return null;
  const { limits } = basis;
  return NAMES.flatMap((name) => {
    if (!limits[name]) return [];
    const { limit, level } = limits[name];
    // Of the bucket, what was left is not kept.
    const left = name === 'burst' ? undefined : remaining?.[name];
    const isKnown = limit !== UNLIMITED && left !== undefined;
    // What an upstream failed went back: how much it had reserved is not kept.
    const isWhole = status < 500;
    return {
      name,
      level,
      limit: limit === UNLIMITED ? null : limit,
      before: isKnown && isWhole ? left + units : null,
      after: isKnown ? left : null,
      formula: FORMULAS[name],
    };
  });
}

function priceOf(row: Facts, terms: TermsAt | undefined): Explanation['price'] {
  const { units, environment, basis, degraded } = row;
  const none = { tier: null, currency: null, per_1000_minor: null };
  if (units === 0) return { reason: 'not_counted', ...none };
  if (environment === 'test') return { reason: 'test', ...none };
  // Who admitted it could not ask how much of the quota was used.
  if (!basis || !terms || degraded) return null;
  const { tier, currency, isBilled, overageAction, overagePer1000Minor } = terms;
  if (!isBilled) return { reason: 'not_billed', tier, currency, per_1000_minor: null };
  if (!basis.over) return { reason: 'included', tier, currency, per_1000_minor: null };
  return overageAction === 'charge'
    ? { reason: 'overage_charged', tier, currency, per_1000_minor: overagePer1000Minor }
    : { reason: 'overage_free', tier, currency, per_1000_minor: null };
}

const PERIODS = {
  per_second: 'second',
  burst: 'burst',
  per_day: 'day',
  per_month: 'month',
  budget: 'budget',
} as const;
const OWNERS = {
  key: 'the key',
  parent: 'a key that it was made with',
  partner: 'the partner',
  cap: 'the spending cap',
} as const;

function summaryOf(row: Facts, outcome: Explanation['outcome'], limits: ExplainedLimit[] | null): string {
  const { failure, error, status_code: status, units } = row;
  if (failure?.limit_type !== undefined) {
    const { limit_type: type, level, limit, used, cost, retry_at: at } = failure;
    const whose = level ? ` of ${OWNERS[level]}` : '';
    const when =
      at === undefined ? 'It does not come back by itself.' : `It would have passed from ${at} on.`;
    const what = type === 'budget' ? 'budget' : `${PERIODS[type]} limit`;
    return `Refused by the ${what}${whose}, ${limit}: ${used} were used, ${cost ?? 1} asked for. ${when}`;
  }
  if (failure?.required_scope !== undefined)
    return `Refused: the key lacks the scope ${failure.required_scope}.`;
  if (outcome === 'refused') return `Refused with ${status} ${error}, and not counted.`;
  if (outcome === 'failed')
    return `The call failed with ${status}${error ? ` ${error}` : ''}: nothing was counted.`;
  const day = limits?.find(({ name }) => name === 'day');
  const left =
    day?.after != null && day.limit !== null ? ` ${day.after} of ${day.limit} were left of the day.` : '';
  return `Admitted, and answered with ${status}: ${units} ${units === 1 ? 'unit' : 'units'} counted.${left}`;
}

export function explain(row: Facts, terms: TermsAt | undefined): Explanation {
  const { basis } = row;
  const outcome = outcomeOf(row);
  const limits = limitsOf(row);
  return {
    request_id: row.request_id,
    at: row.occurred_at,
    outcome,
    summary: summaryOf(row, outcome, limits),
    judged: basis
      ? {
          key_version: basis.key,
          partner_version: basis.partner,
          catalog_version: basis.catalog,
          record_from: basis.from,
          record_read_at: basis.read_at,
        }
      : null,
    limits,
    units: row.units,
    price: priceOf(row, terms),
    cache: { hit: row.cache_hit, status: basis?.cache ?? null },
    policies: basis ? [...(basis.policies ?? [])] : null,
    upstream_ms: row.upstream_ms,
    via: row.via,
    api_version: row.api_version,
  };
}
