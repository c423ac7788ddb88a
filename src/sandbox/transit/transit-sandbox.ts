// The transit API over the small Dakar network. Bad input is 400 `{"error": text}`, as the live API says it.

import { arrivalOf, isRide, journeysByRides, type Leg, walkMeters } from './journeys.ts';
import {
  callsOf,
  distanceMeters,
  LINES,
  type Line,
  lineById,
  linesAt,
  nextDeparture,
  type Point,
  STOPS,
  type Stop,
  stopById,
} from './network.ts';

export interface SandboxAnswer {
  status: number;
  body: unknown;
}

const DAY_SECONDS = 86_400;
const ok = (body: unknown): SandboxAnswer => ({ status: 200, body });
const bad = (error: string): SandboxAnswer => ({ status: 400, body: { error } });
const missing = (what: string): SandboxAnswer => ({ status: 404, body: { error: `${what} not found` } });

const clock = (seconds: number): string =>
  [seconds / 3600, (seconds % 3600) / 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');

function parsePoint(text: string | null): Point | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text ?? '');
  return match ? toPoint(Number(match[1]), Number(match[2])) : undefined;
}

const toPoint = (lat: number, lon: number): Point | undefined =>
  Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;

/** Seconds of the day; undefined when the text is no time. */
function parseTime(text: string | null, nowMs: number): number | undefined {
  if (text === null) return Math.floor(nowMs / 1000) % DAY_SECONDS;
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (match) {
    const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
    return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : undefined;
  }
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000) % DAY_SECONDS;
}

function parseWhole(text: string | null, low: number, high: number, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : undefined;
}

function showStop(stop: Stop, distance?: number) {
  const lines = linesAt(stop.id);
  return {
    id: stop.id,
    name: stop.name,
    lat: stop.lat,
    lon: stop.lon,
    ...(distance !== undefined && { distance_meters: Math.round(distance) }),
    modes: [...new Set(lines.map(({ mode }) => mode))],
    routes: lines.map(({ id }) => id),
    routes_count: lines.length,
  };
}

const showLine = ({ id, name, mode, agencyId, calls }: Line) => ({
  id,
  name,
  mode,
  agency_id: agencyId,
  stops_count: calls.length,
});

const nameOf = (stopId: string | null, otherwise: string): string =>
  stopId === null ? otherwise : (stopById.get(stopId)?.name ?? stopId);

function showLeg(leg: Leg, index: number, legs: Leg[]) {
  const times = { departure_time: clock(leg.leaves), arrival_time: clock(leg.arrives) };
  const stops = {
    from_stop: leg.from,
    to_stop: leg.to,
    from_stop_name: nameOf(leg.from, 'Start'),
    to_stop_name: nameOf(leg.to, 'Destination'),
    duration_seconds: leg.arrives - leg.leaves,
  };
  if (!isRide(leg)) {
    const isTransfer = index > 0 && index < legs.length - 1;
    return {
      type: isTransfer ? 'TRANSFER' : 'WALK',
      ...stops,
      ...times,
      distance_meters: Math.round(leg.meters),
    };
  }
  const ids = callsOf(leg.line, leg.direction).map(([id]) => id);
  const ridden = ids.slice(ids.indexOf(leg.from), ids.indexOf(leg.to) + 1);
  return {
    type: 'RIDE',
    ...stops,
    ...times,
    route: leg.line.id,
    route_name: leg.line.name,
    mode: leg.line.mode,
    num_stops: ridden.length - 1,
    stops: ridden.map((id) => nameOf(id, id)),
  };
}

const showJourney = (legs: Leg[], departs: number) => ({
  duration_seconds: arrivalOf(legs) - departs,
  walk_distance_meters: walkMeters(legs),
  transfers: Math.max(0, legs.filter(isRide).length - 1),
  arrival_time: clock(arrivalOf(legs)),
  steps: legs.map(showLeg).filter(({ duration_seconds }) => duration_seconds > 0),
});

function searchRoutes(query: URLSearchParams, nowMs: number): SandboxAnswer {
  const from = parsePoint(query.get('from'));
  const to = parsePoint(query.get('to'));
  if (!from) return bad("'from' must be lat,lon");
  if (!to) return bad("'to' must be lat,lon");
  const departs = parseTime(query.get('time'), nowMs);
  if (departs === undefined) return bad("'time' must be HH:MM or RFC 3339");
  const byRides = journeysByRides(from, to, departs);
  const all = byRides.flat();
  const fast = all.reduce<Leg[] | undefined>(
    (a, b) => (a && arrivalOf(a) <= arrivalOf(b) ? a : b),
    undefined,
  );
  const simple = byRides.find((journeys) => journeys.length > 0)?.[0];
  const single = byRides[1] ?? [];
  const direct = single.reduce<Leg[] | undefined>(
    (a, b) => (a && walkMeters(a) <= walkMeters(b) ? a : b),
    undefined,
  );
  const found = { direct, fast, simple, no_transfer: single[0] };
  const routes = Object.fromEntries(
    Object.entries(found).flatMap(([name, legs]) => (legs ? [[name, showJourney(legs, departs)]] : [])),
  );
  return ok({ routes, departure_time: clock(departs) });
}

function nearbyStops(query: URLSearchParams): SandboxAnswer {
  const point = parsePoint(`${query.get('lat')},${query.get('lon')}`);
  if (!point) return bad("'lat' and 'lon' must be coordinates");
  const radius = parseWhole(query.get('radius'), 0, 5000, 500);
  if (radius === undefined) return bad("'radius' must be 0 to 5000 metres");
  const stops = STOPS.map((stop) => [stop, distanceMeters(point, stop)] as const)
    .filter(([, distance]) => distance <= radius)
    .sort(([, a], [, b]) => a - b);
  return ok({ stops: stops.map(([stop, distance]) => showStop(stop, distance)) });
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function searchStops(query: URLSearchParams): SandboxAnswer {
  const wanted = plain(query.get('q') ?? '').trim();
  if (wanted === '') return bad("'q' must not be empty");
  const limit = parseWhole(query.get('limit'), 1, 50, 10);
  if (limit === undefined) return bad("'limit' must be 1 to 50");
  const stops = STOPS.map((stop) => [stop, plain(stop.name).indexOf(wanted)] as const)
    .filter(([, position]) => position >= 0)
    .sort(([a, x], [b, y]) => x - y || a.name.localeCompare(b.name));
  return ok({ stops: stops.slice(0, limit).map(([stop]) => showStop(stop)) });
}

function listLines(query: URLSearchParams): SandboxAnswer {
  const limit = parseWhole(query.get('limit'), 1, 500, 100);
  if (limit === undefined) return bad("'limit' must be 1 to 500");
  const mode = query.get('mode')?.toUpperCase();
  if (mode !== undefined && !['BUS', 'BRT', 'TER'].includes(mode))
    return bad("'mode' must be BUS, BRT or TER");
  const agency = query.get('agency');
  const lines = LINES.filter(
    (line) => (!mode || line.mode === mode) && (!agency || line.agencyId === agency),
  );
  return ok({ routes: lines.slice(0, limit).map(showLine), total: lines.length });
}

function departures(stopId: string, query: URLSearchParams, nowMs: number): SandboxAnswer {
  const stop = stopById.get(stopId);
  if (!stop) return missing('stop');
  const from = parseTime(query.get('time'), nowMs);
  if (from === undefined) return bad("'time' must be HH:MM or RFC 3339");
  const limit = parseWhole(query.get('limit'), 1, 50, 10);
  if (limit === undefined) return bad("'limit' must be 1 to 50");
  const found: { line: Line; headsign: string; leaves: number }[] = [];
  for (const line of linesAt(stopId)) {
    for (const direction of [0, 1] as const) {
      const calls = callsOf(line, direction);
      const [, offset] = calls.find(([id]) => id === stopId) ?? [];
      const last = calls.at(-1)?.[0];
      if (offset === undefined || last === undefined || last === stopId) continue;
      let leaves = nextDeparture(line, offset, from);
      for (let i = 0; i < limit && leaves !== undefined; i++) {
        found.push({ line, headsign: nameOf(last, last), leaves });
        leaves = nextDeparture(line, offset, leaves + 1);
      }
    }
  }
  found.sort((a, b) => a.leaves - b.leaves || a.line.id.localeCompare(b.line.id));
  return ok({
    stop: showStop(stop),
    departures: found.slice(0, limit).map(({ line, headsign, leaves }) => ({
      route: line.id,
      route_name: line.name,
      mode: line.mode,
      headsign,
      departure_time: clock(leaves),
    })),
  });
}

function schedule(lineId: string, query: URLSearchParams): SandboxAnswer {
  const line = lineById.get(lineId);
  if (!line) return missing('route');
  const direction = parseWhole(query.get('direction'), 0, 1, 0);
  if (direction !== 0 && direction !== 1) return bad("'direction' must be 0 or 1");
  return ok({
    route: showLine(line),
    direction,
    first_departure: clock(line.firstDeparture),
    last_departure: clock(line.lastDeparture),
    headway_seconds: line.headwaySeconds,
    stops: callsOf(line, direction).map(([id, offset]) => ({
      id,
      name: nameOf(id, id),
      offset_seconds: offset,
    })),
  });
}

function trips(lineId: string, query: URLSearchParams): SandboxAnswer {
  const line = lineById.get(lineId);
  if (!line) return missing('route');
  const limit = parseWhole(query.get('limit'), 1, 200, 20);
  if (limit === undefined) return bad("'limit' must be 1 to 200");
  const count = Math.floor((line.lastDeparture - line.firstDeparture) / line.headwaySeconds) + 1;
  const all = Array.from({ length: 2 * count }, (_, i) => {
    const direction = i % 2 === 0 ? 0 : 1;
    const leaves = line.firstDeparture + Math.floor(i / 2) * line.headwaySeconds;
    const [last, offset] = callsOf(line, direction).at(-1) ?? ['', 0];
    return {
      id: `${line.id}:${direction}:${clock(leaves)}`,
      route: line.id,
      direction,
      headsign: nameOf(last, last),
      departure_time: clock(leaves),
      arrival_time: clock(leaves + offset),
    };
  });
  return ok({ trips: all.slice(0, limit), total: all.length });
}

/** `path`: percent-encoded, as received. */
export function transitSandbox(path: string, query: URLSearchParams, nowMs: number): SandboxAnswer {
  let parts: string[];
  try {
    parts = path.split('/').slice(2).map(decodeURIComponent);
  } catch {
    return bad('the path is not valid percent-encoding');
  }
  const [collection = '', id = '', view] = parts;
  if (collection === 'route-search') return searchRoutes(query, nowMs);
  if (collection === 'stops' && view === 'departures') return departures(id, query, nowMs);
  if (collection === 'stops' && id === 'nearby') return nearbyStops(query);
  if (collection === 'stops' && id === 'search') return searchStops(query);
  if (collection === 'routes' && id === 'list') return listLines(query);
  if (collection === 'routes' && view === 'schedule') return schedule(id, query);
  if (collection === 'routes' && view === 'trips') return trips(id, query);
  return missing('path');
}
