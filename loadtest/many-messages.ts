// Usage of three days as isolates would send it: twenty partners with four keys and five routes, in the order of time.
// Repeatable.

import { draftMessage } from '../src/usage/sealed-message.ts';
import { storable } from '../src/usage/storable.ts';

const FIRST_MS = Date.UTC(2026, 9, 30);
const LASTS_MS = 3 * 86_400_000;
const KEYS = 4;
const ROUTES = [
  '/v2/routes/list',
  '/v2/stops/search',
  '/v2/stops/{id}/departures',
  '/v1/payments',
  '/v2/route-search',
];
const COUNTRIES = ['SN', 'FR', 'CI', 'ML'];
const AGENTS = ['curl/8.5.0', 'okhttp/4.12.0', 'Mozilla/5.0 (Linux; Android 15) "é" \\ 中文'];

export const PARTNERS = Array.from(
  { length: 20 },
  (_, n) => `0198aaaa-0000-7000-8000-0000000000${String(n).padStart(2, '0')}`,
);

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function manyEvents(random: (below: number) => number, newId: () => string, occurredMs: number) {
  const partner = PARTNERS[random(PARTNERS.length)] ?? '';
  const route = ROUTES[random(ROUTES.length)] ?? '';
  const luck = random(100);
  const [status, error] =
    luck < 90
      ? ([200, null] as const)
      : luck < 95
        ? ([429, 'rate_limit_exceeded'] as const)
        : luck < 97
          ? ([502, 'upstream_error'] as const)
          : ([404, null] as const);
  return storable({
    id: newId(),
    occurredMs,
    day: new Date(occurredMs).toISOString().slice(0, 10),
    partnerId: partner,
    keyId: `${partner}-${random(KEYS)}`,
    appId: null,
    environment: random(10) === 0 ? 'test' : 'live',
    route,
    method: 'GET',
    endpoint: `${route}?n=${random(1000)}`,
    status,
    error,
    latencyMs: 5 + random(120),
    upstreamMs: 4 + random(100),
    bytesIn: 0,
    bytesOut: 800 + random(4000),
    units: status === 429 || status === 502 ? 0 : 1 + (random(50) === 0 ? 4 : 0),
    cacheHit: random(5) === 0,
    degraded: false,
    country: COUNTRIES[random(COUNTRIES.length)] ?? null,
    ip: `192.0.2.${random(20)}`,
    userAgent: AGENTS[random(AGENTS.length)] ?? null,
    timings: { auth: 0, limit: 2, cache: 0, upstream: 4 },
    remaining: { second: 10, day: random(1_000_000), month: -1 },
  });
}

/** `admitted`: units that the limiter would have counted. */
export function manyMessages(total: number, newId: () => string): { messages: string[]; admitted: number } {
  const random = seeded(20_261_124);
  const messages: string[] = [];
  let draft = draftMessage();
  let admitted = 0;
  const seal = () => {
    if (messages.length % 7 === 0) draft.count('invalid_api_key', 3);
    messages.push(draft.seal(newId()).text);
    draft = draftMessage();
  };
  for (let n = 0; n < total; n++) {
    const event = manyEvents(random, newId, FIRST_MS + Math.floor((n * LASTS_MS) / total));
    admitted += event.units;
    if (!draft.add(event)) {
      seal();
      draft.add(event);
    }
    if (draft.isFull()) seal();
  }
  if (!draft.isEmpty()) seal();
  return { messages, admitted };
}
