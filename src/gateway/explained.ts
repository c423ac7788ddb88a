// What a developer is told at once, with a test key: `Passerelle-Explain: 1` asks for it. The same as the request's page says
// later, of the same facts; its price is nothing.

import { rfc3339 } from '../core/time.ts';
import { explain } from '../explain/explanation.ts';
import { basisOf } from './basis.ts';
import { type Exchange, isDegraded } from './exchange.ts';
import { failureOf } from './failure.ts';
import { remainingOf } from './remaining.ts';

const ASKED = 'passerelle-explain';
export const EXPLANATION = 'Passerelle-Explanation';

const isAsked = ({ caller, isProven, heard }: Exchange): boolean =>
  isProven && caller?.environment === 'test' && heard.get(ASKED) === '1';

/** A header holds ASCII: JSON writes the rest as escapes. */
const ascii = (json: string): string =>
  json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function setExplanation(exchange: Exchange, response: Response): void {
  if (!isAsked(exchange)) return;
  const { admission, error, caller } = exchange;
  const { status } = response;
  const explanation = explain(
    {
      request_id: exchange.id,
      occurred_at: rfc3339(admission?.atMs ?? exchange.startedMs),
      environment: caller?.environment ?? 'test',
      status_code: status,
      error: error ?? null,
      units: admission?.units ?? 0,
      remaining: remainingOf(exchange) ?? null,
      cache_hit: exchange.cacheHit ?? false,
      degraded: isDegraded(exchange),
      upstream_ms: exchange.upstreamMs ?? null,
      via: exchange.via ?? null,
      api_version: exchange.version?.date ?? null,
      failure: status < 400 ? null : (failureOf(exchange, response).failure ?? null),
      basis: basisOf(exchange) ?? null,
    },
    undefined,
  );
  response.headers.set(EXPLANATION, ascii(JSON.stringify(explanation)));
}
