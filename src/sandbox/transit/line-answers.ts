// `/v2/routes/…` over the small network: lines, the timetable of one, and its trips.

import { LINES, type Line, lineById, stopName } from './network.ts';
import { clockTime, readLimit, readWhole } from './query-values.ts';
import { missing, ok, type SandboxAnswer } from './sandbox-answer.ts';
import { SERVICE, type Trip, tripsOf } from './timetable.ts';

const MAX_LISTED = 1000;
const DEFAULT_LISTED = 100;
const MAX_SCHEDULED = 50;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const showLine = ({ id, name, mode, agencyId }: Line) => ({ id, name, mode, agency_id: agencyId });

export function listRoutes(query: URLSearchParams): SandboxAnswer {
  const [mode, agency] = [query.get('mode')?.toUpperCase(), query.get('agency')];
  const limit = readWhole(query.get('limit')) ?? DEFAULT_LISTED;
  const routes = LINES.filter(
    (line) => (!mode || line.mode === mode) && (!agency || line.agencyId === agency),
  )
    .sort((a, b) => byText(a.id, b.id))
    .slice(0, limit > 0 ? Math.min(limit, MAX_LISTED) : DEFAULT_LISTED)
    .map((line) => ({ ...showLine(line), stops_count: line.calls.length }));
  return ok({ routes, total: routes.length });
}

const showTrip = ({ id, direction, calls }: Trip) => ({
  trip_id: id,
  service_id: SERVICE.id,
  headsign: stopName(calls.at(-1)?.[0] ?? ''),
  direction,
});

/** `all`: what stands for both directions, where nothing need be said. A direction that cannot be read is 0. */
function askedTrips(line: Line, query: URLSearchParams, all: string): Trip[] {
  const [direction, service] = [query.get('direction') || all, query.get('service')];
  if (service && service !== SERVICE.id) return [];
  return tripsOf(line).filter((trip) => direction === all || trip.direction === (readWhole(direction) ?? 0));
}

export function routeSchedule(lineId: string, query: URLSearchParams): SandboxAnswer {
  const line = lineById.get(lineId);
  if (!line) return missing('route not found');
  const asked = askedTrips(line, query, 'all').sort((a, b) => a.leaves - b.leaves);
  const trips = asked.slice(0, MAX_SCHEDULED).map((trip) => ({
    ...showTrip(trip),
    times: trip.calls.map(([, offset]) => clockTime(trip.leaves + offset)),
  }));
  return ok({
    route: showLine(line),
    services: [
      {
        service_id: SERVICE.id,
        days: SERVICE.days,
        start_date: SERVICE.startDate,
        end_date: SERVICE.endDate,
      },
    ],
    stops: (asked[0]?.calls ?? []).map(([id], i) => ({ id, name: stopName(id), sequence: i + 1 })),
    trips,
    total_trips: trips.length,
  });
}

export function routeTrips(lineId: string, query: URLSearchParams): SandboxAnswer {
  const line = lineById.get(lineId);
  if (!line) return missing('route not found');
  const limit = readLimit(query.get('limit'), 100, 20);
  const offset = Math.max(0, readWhole(query.get('offset')) ?? 0);
  const asked = askedTrips(line, query, '').sort((a, b) => byText(a.id, b.id));
  const trips = asked.slice(offset, offset + limit).map((trip) => ({
    ...showTrip(trip),
    stops: trip.calls.map(([id, after], i) => ({
      stop_id: id,
      stop_name: stopName(id),
      sequence: i + 1,
      arrival_time: clockTime(trip.leaves + after),
      departure_time: clockTime(trip.leaves + after),
    })),
  }));
  return ok({ route: showLine(line), trips, total: asked.length, limit, offset });
}
