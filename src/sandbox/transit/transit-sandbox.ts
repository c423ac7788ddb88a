// The transit API over the small Dakar network: what the catalogue's document says, as the live API says it. Pure.

import { searchRoutes } from './journey-answers.ts';
import { listRoutes, routeSchedule, routeTrips } from './line-answers.ts';
import { missing, type SandboxAnswer } from './sandbox-answer.ts';
import { nearbyStops, searchStops, stopDepartures } from './stop-answers.ts';

const NOWHERE = missing('path not found');

/** `path`: percent-encoded, as received. */
export function transitSandbox(path: string, query: URLSearchParams, nowMs: number): SandboxAnswer {
  let parts: string[];
  try {
    parts = path.split('/').slice(2).map(decodeURIComponent);
  } catch {
    return NOWHERE;
  }
  const [collection = '', id = '', view] = parts;
  if (collection === 'route-search') return searchRoutes(query, nowMs);
  if (collection === 'stops' && view === 'departures') return stopDepartures(id, query, nowMs);
  if (collection === 'stops' && id === 'nearby') return nearbyStops(query);
  if (collection === 'stops' && id === 'search') return searchStops(query);
  if (collection === 'routes' && id === 'list') return listRoutes(query);
  if (collection === 'routes' && view === 'schedule') return routeSchedule(id, query);
  if (collection === 'routes' && view === 'trips') return routeTrips(id, query);
  return NOWHERE;
}
