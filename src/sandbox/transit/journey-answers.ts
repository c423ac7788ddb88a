// `/v2/route-search` over the small network: journeys by what they prefer, as steps from stop to stop.

import {
  arrivalOf,
  isBetweenStops,
  isRide,
  journeysByRides,
  type Leg,
  type StopLeg,
  walkMeters,
} from './journeys.ts';
import { agencyName, stopName } from './network.ts';
import { hourMinute, readPoint, readTime, secondsOfDay } from './query-values.ts';
import { bad, missing, ok, type SandboxAnswer } from './sandbox-answer.ts';
import { callsOf } from './timetable.ts';

function stepBetween(type: string, from: string, to: string, leaves: number, arrives: number) {
  return {
    type,
    from_stop: from,
    to_stop: to,
    from_stop_name: stopName(from),
    to_stop_name: stopName(to),
    duration_seconds: arrives - leaves,
    departure_time: hourMinute(leaves),
    arrival_time: hourMinute(arrives),
  };
}

function showLeg(leg: StopLeg) {
  const { from, to, leaves, arrives } = leg;
  if (!isRide(leg))
    return { ...stepBetween('WALK', from, to, leaves, arrives), distance_meters: Math.round(leg.meters) };
  const ids = callsOf(leg.line, leg.direction).map(([id]) => id);
  const ridden = ids.slice(ids.indexOf(from), ids.indexOf(to) + 1);
  return {
    ...stepBetween('RIDE', from, to, leaves, arrives),
    route: leg.line.id,
    route_name: leg.line.name,
    mode: leg.line.mode,
    num_stops: ridden.length - 1,
    stops: ridden.map((id) => ({ id, name: stopName(id) })),
    agency_name: agencyName(leg.line),
  };
}

/** A change from line to line at one stop is a step of its own where it takes time. */
function showLegs(legs: readonly StopLeg[]): object[] {
  return legs.flatMap((leg, i) => {
    const before = legs[i - 1];
    const waits = before && isRide(before) && isRide(leg) && leg.leaves > before.arrives;
    const wait = waits ? [stepBetween('TRANSFER', leg.from, leg.from, before.arrives, leg.leaves)] : [];
    return [...wait, showLeg(leg)];
  });
}

function showJourney(legs: readonly Leg[], departs: number) {
  const shown = legs.filter(isBetweenStops);
  const arrives = shown.at(-1)?.arrives ?? departs;
  return {
    duration_seconds: arrives - departs,
    walk_distance_meters: walkMeters(shown),
    transfers: Math.max(0, shown.filter(isRide).length - 1),
    arrival_time: hourMinute(arrives),
    steps: showLegs(shown),
  };
}

/** The first of those that have the least. */
function leastOf(journeys: readonly Leg[][], measure: (legs: Leg[]) => number): Leg[] | undefined {
  const least = Math.min(...journeys.map(measure));
  return journeys.find((legs) => measure(legs) === least);
}

export function searchRoutes(query: URLSearchParams, nowMs: number): SandboxAnswer {
  const [fromText, toText] = [query.get('from'), query.get('to')];
  if (!fromText || !toText) return bad('missing required parameters: from and to');
  const [from, to] = [readPoint(fromText), readPoint(toText)];
  if ('problem' in from) return bad(`invalid 'from' coordinates: ${from.problem}`);
  if ('problem' in to) return bad(`invalid 'to' coordinates: ${to.problem}`);
  const nowSeconds = secondsOfDay(nowMs);
  const asked = query.get('time') || hourMinute(nowSeconds);
  const time = query.get('time') ? readTime(asked) : { value: nowSeconds };
  const departs = 'value' in time ? Math.max(0, time.value) : 0;

  const byRides = journeysByRides(from.value, to.value, departs);
  const [none = [], single = []] = byRides;
  const oneLine = none.length > 0 ? none : single;
  const found = {
    direct: leastOf(oneLine, walkMeters),
    fast: leastOf(byRides.flat(), arrivalOf),
    no_transfer: oneLine[0],
    simple: byRides.find((journeys) => journeys.length > 0)?.[0],
  };
  const routes = Object.fromEntries(
    Object.entries(found).flatMap(([name, legs]) => (legs ? [[name, showJourney(legs, departs)]] : [])),
  );
  if (Object.keys(routes).length === 0) return missing('no routes found between the specified locations');
  return ok({ routes, departure_time: asked });
}
