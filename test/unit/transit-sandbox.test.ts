// Test keys tell the truth about the live API: what was recorded of it, the document and the sandbox agree.

import { describe, expect, it } from 'vitest';
import transit from '../../src/catalog/transit.openapi.json' with { type: 'json' };
import { LINES, STOPS } from '../../src/sandbox/transit/network.ts';
import { transitSandbox } from '../../src/sandbox/transit/transit-sandbox.ts';
import { answerChecks } from '../support/document-answers.ts';
import recorded from '../support/transit-answers.json' with { type: 'json' };

const NOON = Date.parse('2026-11-23T12:00:30Z');
const wrongOf = answerChecks(transit);

function ask(target: string): { status: number; body: object } {
  const [path = '', query = ''] = target.split('?');
  const { status, body } = transitSandbox(path, new URLSearchParams(query), NOON);
  return { status, body: JSON.parse(JSON.stringify(body)) };
}
const wrongAt = (target: string): string | undefined => {
  const { status, body } = ask(target);
  return wrongOf(target, status, body);
};

const answers = Object.entries(recorded).map(([name, { request, status, body }]) => ({
  name,
  target: request.replace('GET ', ''),
  status,
  body: body as object,
}));

/** Copies of a value, each with one thing changed. */
function* changed(value: unknown, change: (part: object) => object[]): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield* change(value);
  for (const [name, part] of Object.entries(value))
    for (const other of changed(part, change))
      yield Array.isArray(value)
        ? value.map((each, i) => (String(i) === name ? other : each))
        : { ...value, [name]: other };
}

describe('what was recorded of the live API', () => {
  it.for(answers)('$name is what the document says', ({ target, status, body }) => {
    expect(wrongOf(target, status, body)).toBeUndefined();
  });

  it.for(answers.filter(({ status }) => status === 200))(
    '$name is not, with a field more or a field of another type',
    ({ target, status, body }) => {
      const more = [...changed(body, (part) => [{ ...part, unheardOf: 1 }])];
      const other = [
        ...changed(body, (part) => Object.keys(part).map((name) => ({ ...part, [name]: { not: 'that' } }))),
      ];
      expect(more.length).toBeGreaterThan(0);
      for (const each of [...more, ...other])
        expect(wrongOf(target, status, each), JSON.stringify(each).slice(0, 300)).toBeDefined();
    },
  );

  it.for(answers.filter(({ status }) => status === 200))('$name is not without one of its fields', (each) => {
    const optional = new Set(['distance_meters of a walk', 'start_date', 'end_date', 'a preference']);
    const nameOf = (part: object, name: string) => {
      if (['direct', 'fast', 'no_transfer', 'simple'].includes(name)) return 'a preference';
      return 'type' in part && name === 'distance_meters' ? 'distance_meters of a walk' : name;
    };
    const less = changed(each.body, (part) =>
      Object.keys(part)
        .filter((name) => !optional.has(nameOf(part, name)))
        .map((name) => Object.fromEntries(Object.entries(part).filter(([other]) => other !== name))),
    );
    for (const body of less)
      expect(wrongOf(each.target, each.status, body), JSON.stringify(body).slice(0, 300)).toBeDefined();
  });

  const alike = answers.filter(({ name, status }) => status !== 200 || /-(none|unknown-mode)$/.test(name));
  it.for(alike)('$name: the sandbox answers word for word', ({ target, status, body }) => {
    expect(ask(target)).toEqual({ status, body });
  });
});

describe('every answer of the sandbox is what the document says', () => {
  it('on journeys between all places, early, late and now', () => {
    const points = STOPS.filter((_, i) => i % 3 === 0).map(({ lat, lon }) => `${lat},${lon}`);
    const targets = points.flatMap((from) =>
      points.flatMap((to) =>
        ['', '&time=05:00', '&time=08:30', '&time=21:50', '&time=nonsense', '&time=-9:00'].map(
          (time) => `/v2/route-search?from=${from}&to=${to}${time}`,
        ),
      ),
    );
    expect(targets.flatMap((target) => wrongAt(target) ?? [])).toEqual([]);
    const bodies = JSON.stringify(targets.map(ask));
    for (const type of ['RIDE', 'WALK', 'TRANSFER']) expect(bodies).toContain(`"type":"${type}"`);
    expect(bodies).toContain('"steps":[]');
    expect(bodies).toContain('no routes found between the specified locations');
  });

  it('at every stop and on every line', () => {
    const targets = [
      ...STOPS.flatMap(({ id, lat, lon, name }) => [
        `/v2/stops/${encodeURIComponent(id)}/departures?time=08:00&limit=50`,
        `/v2/stops/${encodeURIComponent(id)}/departures?date=2036-01-01`,
        `/v2/stops/nearby?lat=${lat}&lon=${lon}&radius=5000`,
        `/v2/stops/search?q=${encodeURIComponent(name)}`,
      ]),
      ...LINES.flatMap(({ id }) =>
        ['', '?direction=1', '?direction=0&service=QUOTIDIEN', '?service=none', '?limit=7&offset=3'].flatMap(
          (query) => [`/v2/routes/${id}/schedule${query}`, `/v2/routes/${id}/trips${query}`],
        ),
      ),
      ...['', '?limit=1', '?limit=x', '?limit=9999', '?mode=bus', '?agency=Dem_Dikk'].map(
        (query) => `/v2/routes/list${query}`,
      ),
    ];
    expect(targets.flatMap((target) => wrongAt(target) ?? [])).toEqual([]);
    expect(new Set(targets.map((target) => ask(target).status))).toEqual(new Set([200]));
  });

  it.for([
    ['/v2/route-search?from=1,2,3&to=1,2', "invalid 'from' coordinates: expected format: lat,lon"],
    ['/v2/route-search?from=91,2&to=1,2', "invalid 'from' coordinates: latitude must be between -90 and 90"],
    [
      '/v2/route-search?from=1,2&to=1,181',
      "invalid 'to' coordinates: longitude must be between -180 and 180",
    ],
    [
      '/v2/route-search?from=1,2&to=1,',
      `invalid 'to' coordinates: invalid longitude: strconv.ParseFloat: parsing "": invalid syntax`,
    ],
    ['/v2/stops/nearby', 'missing required parameters: lat and lon'],
    ['/v2/stops/nearby?lat=1&lon=east', 'invalid longitude'],
    ['/v2/stops/nearby?lat=1&lon=1&radius=-1', 'invalid radius (must be between 0 and 5000 meters)'],
    ['/v2/stops/D:HANN/departures?time=8', 'invalid time format (use HH:MM): expected HH:MM or HH:MM:SS'],
    [
      '/v2/stops/D:HANN/departures?time=8:x',
      `invalid time format (use HH:MM): strconv.Atoi: parsing "x": invalid syntax`,
    ],
    ['/v2/stops/D:HANN/departures?date=2026-02-30', 'invalid date format (use YYYY-MM-DD)'],
  ] as const)('on %s', ([target, error]) => {
    expect(ask(target)).toEqual({ status: 400, body: { error } });
    expect(wrongAt(target)).toBeUndefined();
  });
});

describe('the sandbox', () => {
  // What these look at is checked against the document above.
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert on the shape
  const bodyOf = (target: string): any => ask(target).body;

  it('finds names in either case, with their accents', () => {
    const names = (q: string) =>
      bodyOf(`/v2/stops/search?q=${encodeURIComponent(q)}`).stops.map(({ name }: { name: string }) => name);
    expect(names('SACRÉ')).toEqual(['Sacré-Cœur']);
    expect(names('sacre')).toEqual([]);
    expect(names('yoff')).toEqual(['Yoff', 'Grand Yoff']);
    expect(names('grand')).toEqual(['Grand Dakar', 'Grand Médine', 'Grand Yoff']);
  });

  it('counts what it shows, and all trips', () => {
    expect(bodyOf('/v2/routes/list?limit=2')).toMatchObject({ routes: { length: 2 }, total: 2 });
    expect(bodyOf('/v2/routes/TER/schedule')).toMatchObject({ trips: { length: 50 }, total_trips: 50 });
    expect(bodyOf('/v2/routes/TER/trips?limit=2&offset=199')).toMatchObject({
      trips: { length: 1 },
      total: 200,
      limit: 2,
      offset: 199,
    });
    expect(bodyOf('/v2/routes/TER/trips?limit=101&offset=-1')).toMatchObject({ limit: 20, offset: 0 });
  });

  it('shows departures of the next two hours, soonest first, and whether they run that day', () => {
    const { departures, current_time, date } = bodyOf('/v2/stops/D:HANN/departures?limit=50');
    expect([current_time, date]).toEqual(['12:00:30', '2026-11-23']);
    const seconds = departures.map(
      ({ departure_seconds }: { departure_seconds: number }) => departure_seconds,
    );
    expect(seconds).toEqual(seconds.toSorted((a: number, b: number) => a - b));
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(43_230);
    expect(Math.max(...seconds)).toBeLessThan(43_230 + 7200);
    expect(departures[0]).toMatchObject({ service_active: true });
    const later = bodyOf('/v2/stops/D:HANN/departures?date=2040-01-01').departures;
    expect(later[0]).toMatchObject({ service_active: false });
  });

  it('joins the steps of a journey from stop to stop', () => {
    const { routes } = bodyOf('/v2/route-search?from=14.6731,-17.4335&to=14.7762,-17.3944&time=08:00');
    for (const { steps, transfers, walk_distance_meters } of Object.values<typeof routes.fast>(routes)) {
      for (const [i, step] of steps.entries()) if (i > 0) expect(step.from_stop).toBe(steps[i - 1].to_stop);
      const rides = steps.filter(({ type }: { type: string }) => type === 'RIDE');
      expect(transfers).toBe(rides.length - 1);
      expect(rides[0].stops).toHaveLength(rides[0].num_stops + 1);
      expect(walk_distance_meters).toBe(
        steps.reduce(
          (sum: number, step: { distance_meters?: number }) => sum + (step.distance_meters ?? 0),
          0,
        ),
      );
    }
    expect(routes.no_transfer.transfers).toBe(0);
  });
});
