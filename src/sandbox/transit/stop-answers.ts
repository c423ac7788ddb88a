// `/v2/stops/…` over the small network: stops around a point, by name, and what departs from one.

import { agencyName, distanceMeters, linesAt, STOPS, type Stop, stopById, stopName } from './network.ts';
import {
  clockTime,
  isDate,
  readLimit,
  readNumber,
  readTime,
  readWhole,
  secondsOfDay,
} from './query-values.ts';
import { bad, missing, ok, type SandboxAnswer } from './sandbox-answer.ts';
import { isActiveOn, SERVICE, type Trip, tripsOf } from './timetable.ts';

const MAX_NEARBY = 20;
const MAX_RADIUS_METERS = 5000;
const MIN_QUERY_LENGTH = 2;
const AHEAD_SECONDS = 2 * 3600;

const showStop = ({ id, name, lat, lon }: Stop) => ({ id, name, lat, lon });

function showNearby(stop: Stop, meters: number) {
  const routes = linesAt(stop.id).map((line) => ({
    id: line.id,
    name: line.name,
    mode: line.mode,
    agency_id: line.agencyId,
    agency_name: agencyName(line),
  }));
  return {
    ...showStop(stop),
    distance_meters: Math.round(meters),
    modes: [...new Set(routes.map(({ mode }) => mode))],
    routes,
    routes_count: routes.length,
  };
}

export function nearbyStops(query: URLSearchParams): SandboxAnswer {
  const [latText, lonText] = [query.get('lat'), query.get('lon')];
  if (!latText || !lonText) return bad('missing required parameters: lat and lon');
  const [lat, lon] = [readNumber(latText), readNumber(lonText)];
  if (lat === undefined) return bad('invalid latitude');
  if (lon === undefined) return bad('invalid longitude');
  const radius = readWhole(query.get('radius') || '500') ?? -1;
  if (radius < 0 || radius > MAX_RADIUS_METERS)
    return bad(`invalid radius (must be between 0 and ${MAX_RADIUS_METERS} meters)`);
  const stops = STOPS.map((stop) => [stop, distanceMeters({ lat, lon }, stop)] as const)
    .filter(([, meters]) => meters <= radius)
    .sort(([, a], [, b]) => a - b);
  return ok({ stops: stops.slice(0, MAX_NEARBY).map(([stop, meters]) => showNearby(stop, meters)) });
}

/** Case does not matter, accents do. The name itself before names that begin so, before the others. */
export function searchStops(query: URLSearchParams): SandboxAnswer {
  const asked = query.get('q') ?? '';
  if (asked.length < MIN_QUERY_LENGTH)
    return bad(`query parameter 'q' is required (minimum ${MIN_QUERY_LENGTH} characters)`);
  const wanted = asked.toLowerCase();
  const rank = (name: string): number => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  const stops = STOPS.map((stop) => ({ stop, name: stop.name.toLowerCase() }))
    .filter(({ name }) => name.includes(wanted))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
    .slice(0, readLimit(query.get('limit'), 50, 10))
    .map(({ stop }) => showStop(stop));
  return ok({ query: asked, stops, total: stops.length });
}

/** Of trips that go on from there, within two hours. */
function departuresFrom(stopId: string, from: number): { trip: Trip; leaves: number }[] {
  return linesAt(stopId)
    .flatMap(tripsOf)
    .flatMap((trip) => {
      const call = trip.calls.slice(0, -1).find(([id]) => id === stopId);
      const leaves = call && trip.leaves + call[1];
      return leaves !== undefined && leaves >= from && leaves < from + AHEAD_SECONDS
        ? [{ trip, leaves }]
        : [];
    })
    .sort((a, b) => a.leaves - b.leaves);
}

export function stopDepartures(stopId: string, query: URLSearchParams, nowMs: number): SandboxAnswer {
  const nowSeconds = secondsOfDay(nowMs);
  const currentTime = query.get('time') || clockTime(nowSeconds);
  const time = query.get('time') ? readTime(currentTime) : { value: nowSeconds };
  if ('problem' in time) return bad(`invalid time format (use HH:MM): ${time.problem}`);
  const date = query.get('date') || new Date(nowMs).toISOString().slice(0, 10);
  if (!isDate(date)) return bad('invalid date format (use YYYY-MM-DD)');
  const stop = stopById.get(stopId);
  if (!stop) return missing('stop not found');
  const departures = departuresFrom(stopId, time.value)
    .slice(0, readLimit(query.get('limit'), 50, 10))
    .map(({ trip: { id, line, direction, calls }, leaves }) => ({
      route_id: line.id,
      route_name: line.name,
      mode: line.mode,
      agency_id: line.agencyId,
      agency_name: agencyName(line),
      headsign: stopName(calls.at(-1)?.[0] ?? ''),
      direction,
      departure_time: clockTime(leaves),
      departure_seconds: leaves,
      minutes_until: Math.floor((leaves - time.value) / 60),
      trip_id: id,
      service_id: SERVICE.id,
      service_active: isActiveOn(date),
    }));
  return ok({ stop: showStop(stop), departures, current_time: currentTime, date, total: departures.length });
}
