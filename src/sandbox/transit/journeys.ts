// Earliest arrival over the timetable, by number of rides: RAPTOR (Delling, Pajor, Werneck, 2012). Pure.

import { distanceMeters, LINES, type Line, type Point, STOPS, type Stop, stopById } from './network.ts';
import { callsOf, DIRECTIONS, type Direction, nextDeparture } from './timetable.ts';

const WALK_METERS_PER_SECOND = 1.2;
const ACCESS_METERS = 1500;
const TRANSFER_METERS = 700;
const TRANSFER_SECONDS = 90;
const MAX_RIDES = 4;

interface Ride {
  kind: 'ride';
  line: Line;
  direction: Direction;
  from: string;
  to: string;
  leaves: number;
  arrives: number;
}
interface Walk {
  kind: 'walk';
  from: string | null;
  to: string | null;
  meters: number;
  leaves: number;
  arrives: number;
}
export type Leg = Ride | Walk;

interface Label {
  arrives: number;
  leg: Leg;
  before: Label | undefined;
}

const walkSeconds = (meters: number): number => Math.round(meters / WALK_METERS_PER_SECOND);

const near = (point: Point, max: number): [Stop, number][] =>
  STOPS.map((stop): [Stop, number] => [stop, distanceMeters(point, stop)]).filter(
    ([, meters]) => meters <= max,
  );

function legsOf(label: Label): Leg[] {
  const legs: Leg[] = [];
  for (let at: Label | undefined = label; at; at = at.before) legs.unshift(at.leg);
  return legs;
}

/** Best labels after one more ride than `labels`, by stop. */
function ride(labels: ReadonlyMap<string, Label>, best: ReadonlyMap<string, number>): Map<string, Label> {
  const reached = new Map<string, Label>();
  const improves = (stopId: string, arrives: number) =>
    arrives < Math.min(best.get(stopId) ?? Infinity, reached.get(stopId)?.arrives ?? Infinity);
  for (const line of LINES) {
    for (const direction of DIRECTIONS) {
      let boarded: { label: Label; from: string; leaves: number; start: number } | undefined;
      for (const [stopId, offset] of callsOf(line, direction)) {
        if (boarded) {
          const arrives = boarded.start + offset;
          const leg: Ride = {
            kind: 'ride',
            line,
            direction,
            from: boarded.from,
            to: stopId,
            leaves: boarded.leaves,
            arrives,
          };
          if (improves(stopId, arrives)) reached.set(stopId, { arrives, leg, before: boarded.label });
        }
        const label = labels.get(stopId);
        const leaves = label && nextDeparture(line, offset, label.arrives);
        if (label && leaves !== undefined && (!boarded || leaves - offset < boarded.start)) {
          boarded = { label, from: stopId, leaves, start: leaves - offset };
        }
      }
    }
  }
  return reached;
}

/** Adds walks from where rides ended to the stops around. */
function transfer(labels: Map<string, Label>): Map<string, Label> {
  const walked = new Map(labels);
  for (const [stopId, label] of labels) {
    const stop = stopById.get(stopId);
    if (!stop) continue;
    for (const [other, meters] of near(stop, TRANSFER_METERS)) {
      const arrives = label.arrives + walkSeconds(meters) + TRANSFER_SECONDS;
      if (other.id === stopId || arrives >= (walked.get(other.id)?.arrives ?? Infinity)) continue;
      const leg: Walk = { kind: 'walk', from: stopId, to: other.id, meters, leaves: label.arrives, arrives };
      walked.set(other.id, { arrives, leg, before: label });
    }
  }
  return walked;
}

function finish(labels: ReadonlyMap<string, Label>, to: Point): Label[] {
  return near(to, ACCESS_METERS).flatMap(([stop, meters]) => {
    const label = labels.get(stop.id);
    if (!label || label.leg.kind === 'walk') return [];
    const arrives = label.arrives + walkSeconds(meters);
    const leg: Walk = { kind: 'walk', from: stop.id, to: null, meters, leaves: label.arrives, arrives };
    return [{ arrives, leg, before: label }];
  });
}

const nearest = (point: Point): string | undefined =>
  near(point, ACCESS_METERS).sort(([, a], [, b]) => a - b)[0]?.[0].id;

/**
 * Journeys by number of rides, the best first within each; empty lists where there is none. Without a ride there is one, and
 * it has no legs: where the same stop is nearest to both points.
 */
export function journeysByRides(from: Point, to: Point, departs: number): Leg[][][] {
  const start = nearest(from);
  const byRides: Leg[][][] = [start !== undefined && start === nearest(to) ? [[]] : []];
  let labels = new Map<string, Label>();
  for (const [stop, meters] of near(from, ACCESS_METERS)) {
    const arrives = departs + walkSeconds(meters);
    const leg: Walk = { kind: 'walk', from: null, to: stop.id, meters, leaves: departs, arrives };
    labels.set(stop.id, { arrives, leg, before: undefined });
  }
  const best = new Map([...labels].map(([id, { arrives }]) => [id, arrives]));
  for (let rides = 1; rides <= MAX_RIDES && labels.size > 0; rides++) {
    labels = ride(labels, best);
    for (const [id, { arrives }] of labels) best.set(id, Math.min(best.get(id) ?? Infinity, arrives));
    byRides.push(
      finish(labels, to)
        .sort((a, b) => a.arrives - b.arrives)
        .map(legsOf),
    );
    labels = transfer(labels);
  }
  return byRides;
}

export const arrivalOf = (legs: Leg[]): number => legs.at(-1)?.arrives ?? 0;
export const isRide = (leg: Leg): leg is Ride => leg.kind === 'ride';

/** Between two stops: not the ways to the first and from the last. */
export type StopLeg = Ride | (Walk & { from: string; to: string });
export const isBetweenStops = (leg: Leg): leg is StopLeg => leg.from !== null && leg.to !== null;
export const walkMeters = (legs: Leg[]): number =>
  legs.reduce((sum, leg) => sum + (leg.kind === 'walk' ? Math.round(leg.meters) : 0), 0);
