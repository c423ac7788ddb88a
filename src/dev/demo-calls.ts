// Calls of the demo's keys, as a clock would have made them: the same for the same key and hour, whenever it is asked, so
// that what was folded before counts nothing. Pure.

import { errorBody } from '../core/errors.ts';
import { DAY_MS, HOUR_MS, isoDay } from '../core/time.ts';
import type { Environment } from '../keys/key-format.ts';
import type { Failure } from '../usage/event-columns.ts';
import { storable } from '../usage/storable.ts';
import type { UsageEvent } from '../usage/usage-event.ts';
import { DOWN, FAILED, type Outcome, REFUSED, SEARCHED, SERVED } from './demo-outcomes.ts';

/** Of a day's calls, in each hour UTC: people who travel. */
const HOURS = [1, 1, 1, 1, 2, 5, 9, 11, 9, 6, 5, 6, 7, 6, 5, 6, 8, 11, 10, 7, 5, 4, 3, 2];
const HOURS_SUM = HOURS.reduce((sum, share) => sum + share, 0);
const WEEKEND_SHARE = 0.55;
/** Each ninth day the upstream is down for an hour, at lunch. */
const OUTAGE = { everyDays: 9, onDay: 4, hour: 12, share: 0.4 };

export interface Caller {
  partnerId: string;
  keyId: string;
  appId: string | null;
  environment: Environment;
  scopes: readonly string[];
  callsADay: number;
  /** Of its partner. */
  limits: { second: number; day: number; month: number };
  userAgent: string;
  countries: readonly string[];
}

/** A program that asks for every stop at once: as many as its second allows are served, some more are refused. */
const BURST = { everyDays: 3, hour: 16, refused: 7, mostAllowed: 60 };

/** Numbers from 0 to 1, the same for the same seed: FNV-1a, then mulberry32. */
function randomOf(seed: string): () => number {
  let state = 2_166_136_261;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 16_777_619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hex = (random: () => number, digits: number): string =>
  Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, '0');

/** UUIDv7 of a moment. */
function idAt(ms: number, random: () => number): string {
  const at = Math.floor(ms).toString(16).padStart(12, '0');
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${at.slice(0, 8)}-${at.slice(8)}-7${hex(random, 3)}-${variant}${hex(random, 3)}-${hex(random, 12)}`;
}

const isUp = (ms: number): boolean =>
  Math.floor(ms / DAY_MS) % OUTAGE.everyDays !== OUTAGE.onDay ||
  Math.floor((ms % DAY_MS) / HOUR_MS) !== OUTAGE.hour;

const mayCall = ({ scopes }: Caller, { failure }: Outcome): boolean =>
  failure?.required_scope === undefined || !scopes.includes(failure.required_scope);

function outcomeAt(caller: Caller, ms: number, random: () => number): Outcome {
  const { environment } = caller;
  if (environment === 'live' && !isUp(ms) && random() < OUTAGE.share) return DOWN;
  const all = [...SERVED, ...FAILED[environment].filter((outcome) => mayCall(caller, outcome))];
  let left = random() * all.reduce((sum, { share }) => sum + share, 0);
  for (const outcome of all) {
    left -= outcome.share;
    if (left < 0) return outcome;
  }
  return DOWN;
}

/** Of a rate that was reached: all of its second was used, and the next one is free. */
const rateFailure = ({ limits }: Caller, ms: number): Failure => ({
  limit_type: 'per_second',
  level: 'partner',
  limit: limits.second,
  used: limits.second,
  cost: 1,
  retry_at: new Date(ms + 1000).toISOString(),
  headers: { 'retry-after': '1', 'x-ratelimit-limit-second': String(limits.second) },
});

const RATE_FIELDS = { limit_type: 'per_second', retry_after: 1 };

/** What failed has its reason with it. */
function whyOf(caller: Caller, outcome: Outcome, id: string, ms: number, portalOrigin: string) {
  const { status, error, said, query, failure } = outcome;
  if (status < 400) return {};
  const isRate = error === 'rate_limit_exceeded';
  const fields = isRate ? { ...RATE_FIELDS, limit: caller.limits.second } : {};
  return {
    query,
    failure: isRate ? rateFailure(caller, ms) : { ...failure },
    errorBody: error ? errorBody(error, { requestId: id, portalOrigin }, { fields }) : said,
  };
}

function timesOf(outcome: Outcome, isCached: boolean, random: () => number) {
  const [auth, limit] = [Math.floor(random() * 2), 1 + Math.floor(random() * 4)];
  const isRefused = outcome.error !== undefined && outcome.takes === undefined;
  const own: Record<string, number> = { auth, limit };
  if (isRefused || isCached) return { latencyMs: auth + limit, upstreamMs: null, timings: own };
  const upstreamMs = (outcome.takes ?? 14) + Math.floor(30 * random() + 160 * random() ** 9);
  const latencyMs = auth + limit + upstreamMs;
  return { latencyMs, upstreamMs, timings: { ...own, cache: 0, upstream: upstreamMs } };
}

function callAt(
  caller: Caller,
  ms: number,
  random: () => number,
  portalOrigin: string,
  outcome = outcomeAt(caller, ms, random),
): UsageEvent {
  const { partnerId, keyId, appId, environment, userAgent, countries } = caller;
  const { route, status, error = null, method = 'GET' } = outcome;
  const id = idAt(ms, random);
  const cacheHit = route === '/v2/routes/list' && status === 200 && random() < 0.6;
  const isBilled = status < 400 || (error === null && status < 500);
  return storable({
    id,
    occurredMs: Math.floor(ms),
    day: isoDay(ms),
    partnerId,
    keyId,
    appId,
    environment,
    route,
    method,
    endpoint: outcome.endpoint ?? route,
    status,
    error,
    bytesIn: method === 'POST' ? 180 : 0,
    bytesOut: status < 400 ? 600 + Math.floor(random() * 1600) : 210,
    units: isBilled ? 1 : 0,
    cacheHit,
    degraded: false,
    ip: `196.207.${Math.floor(random() * 4)}.${1 + Math.floor(random() * 9)}`,
    country: countries[Math.floor(random() ** 2 * countries.length)] ?? null,
    userAgent,
    ...timesOf(outcome, cacheHit, random),
    ...whyOf(caller, outcome, id, ms, portalOrigin),
  });
}

function callsOfHour(caller: Caller, hourMs: number, portalOrigin: string): UsageEvent[] {
  const date = new Date(hourMs);
  const random = randomOf(`${caller.keyId} ${hourMs}`);
  const isWeekend = date.getUTCDay() % 6 === 0;
  const share = (HOURS[date.getUTCHours()] ?? 0) / HOURS_SUM;
  const expected = caller.callsADay * share * (isWeekend ? WEEKEND_SHARE : 1.1) * (0.8 + 0.4 * random());
  const calls = Math.floor(expected + random());
  const events = Array.from({ length: calls }, () =>
    callAt(caller, hourMs + random() * HOUR_MS, random, portalOrigin),
  );
  return hasBurst(caller, hourMs) ? [...events, ...burstOf(caller, hourMs, random, portalOrigin)] : events;
}

const hasBurst = ({ environment, limits: { second } }: Caller, hourMs: number): boolean =>
  environment === 'live' &&
  second > 0 &&
  second <= BURST.mostAllowed &&
  Math.floor(hourMs / DAY_MS) % BURST.everyDays === 0 &&
  new Date(hourMs).getUTCHours() === BURST.hour;

function burstOf(caller: Caller, hourMs: number, random: () => number, portalOrigin: string): UsageEvent[] {
  const startMs = hourMs + Math.floor(random() * HOUR_MS * 0.9);
  const { second } = caller.limits;
  return Array.from({ length: second + BURST.refused }, (_, i) => {
    const outcome = i < second ? SEARCHED : REFUSED;
    return callAt(caller, startMs + (i * 700) / (second + BURST.refused), random, portalOrigin, outcome);
  });
}

/** With what was left of the partner's limits after each. `used`: units of the day, by day, as they were before. */
function withRemaining(events: UsageEvent[], { limits }: Caller, used: Map<string, number>): UsageEvent[] {
  const { second, day, month } = limits;
  const left = (limit: number, units: number) => (limit < 0 ? limit : Math.max(0, limit - units));
  for (const event of events) {
    const ofMonth = event.day.slice(0, 7);
    for (const period of [event.day, ofMonth]) used.set(period, (used.get(period) ?? 0) + event.units);
    event.remaining = {
      second: event.error === 'rate_limit_exceeded' ? 0 : left(second, 1),
      day: left(day, used.get(event.day) ?? 0),
      month: left(month, used.get(ofMonth) ?? 0),
    };
  }
  return events;
}

/** Calls of one partner in one environment, from `fromMs` until before `untilMs`, in their order. */
export function callsBetween(
  callers: readonly Caller[],
  {
    fromMs,
    untilMs,
    used,
    portalOrigin,
  }: { fromMs: number; untilMs: number; used: Map<string, number>; portalOrigin: string },
): UsageEvent[] {
  const events: UsageEvent[] = [];
  for (let hourMs = fromMs - (fromMs % HOUR_MS); hourMs < untilMs; hourMs += HOUR_MS)
    for (const caller of callers) events.push(...callsOfHour(caller, hourMs, portalOrigin));
  const [first] = callers;
  if (!first) return [];
  const within = events.filter(({ occurredMs }) => occurredMs >= fromMs && occurredMs < untilMs);
  return withRemaining(
    within.sort((a, b) => a.occurredMs - b.occurredMs),
    first,
    used,
  );
}
