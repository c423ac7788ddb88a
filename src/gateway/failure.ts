// Why a call failed, for its usage event. Of calls that failed alone: what went well costs nothing here. Pure.

import type { UsageEvent } from '../usage/usage-event.ts';
import type { Exchange } from './exchange.ts';
import { maskedQuery } from './masked-query.ts';

/** What an answer says of limits, and of when to come back. */
const SAYS_WHEN = /^(?:retry-after|ratelimit(?:-policy)?|x-ratelimit-.+)$/;
const NO_NAMES: ReadonlySet<string> = new Set();

type Told = Pick<UsageEvent, 'query' | 'failure' | 'errorBody'>;

function headersOf(response: Response): Record<string, string> | undefined {
  const said = [...response.headers].filter(([name]) => SAYS_WHEN.test(name));
  return said.length > 0 ? Object.fromEntries(said) : undefined;
}

function limitOf({ violated, route }: Exchange) {
  if (!violated) return undefined;
  const { type, level, limit, used, retryAtMs } = violated;
  return {
    limit_type: type,
    level,
    limit,
    used,
    cost: route?.cost,
    // Nothing comes back to a budget by itself.
    retry_at: type === 'budget' ? undefined : new Date(retryAtMs).toISOString(),
  };
}

/** Members that are undefined are not sent. */
export function failureOf(exchange: Exchange, response: Response): Told {
  const { query, route, error, errorBody, request } = exchange;
  return {
    query: query === '' ? undefined : maskedQuery(query, route?.secretParameters ?? NO_NAMES),
    failure: {
      ...limitOf(exchange),
      required_scope: error === 'insufficient_permissions' ? (route?.scope ?? undefined) : undefined,
      origin: error === 'origin_not_allowed' ? (request.headers.get('origin') ?? undefined) : undefined,
      headers: headersOf(response),
      simulated: exchange.isSimulated || undefined,
    },
    errorBody,
  };
}
