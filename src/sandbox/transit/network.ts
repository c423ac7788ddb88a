// A small hand-made Dakar: real places and lines in outline, timetables of our own (timetable.ts).

export interface Stop {
  id: string;
  name: string;
  lat: number;
  lon: number;
}

export type Mode = 'BUS' | 'BRT' | 'TER';

export interface Line {
  id: string;
  name: string;
  mode: Mode;
  agencyId: string;
  /** Seconds from the first stop of the outward trip, stop by stop. The way back mirrors them. */
  calls: readonly (readonly [stopId: string, offsetSeconds: number])[];
  firstDeparture: number;
  lastDeparture: number;
  headwaySeconds: number;
}

const stop = (id: string, name: string, lat: number, lon: number): Stop => ({
  id: `D:${id}`,
  name,
  lat,
  lon,
});

export const STOPS: readonly Stop[] = [
  stop('GARE', 'Gare de Dakar', 14.6731, -17.4335),
  stop('PETERSEN', 'Petersen – Papa Guèye Fall', 14.6752, -17.4408),
  stop('INDEPENDANCE', "Place de l'Indépendance", 14.6686, -17.4322),
  stop('SANDAGA', 'Sandaga', 14.6702, -17.4383),
  stop('COLOBANE', 'Colobane', 14.6942, -17.4443),
  stop('OBELISQUE', 'Place de la Nation – Obélisque', 14.6908, -17.4502),
  stop('MEDINA', 'Médina – Tilène', 14.6826, -17.4497),
  stop('FANN', 'Fann – Hôpital', 14.6907, -17.4655),
  stop('UCAD', 'Université Cheikh Anta Diop', 14.6937, -17.4619),
  stop('POINTE', 'Point E', 14.6967, -17.4594),
  stop('GRANDDAKAR', 'Grand Dakar', 14.7061, -17.4571),
  stop('LIBERTE1', 'Liberté 1', 14.7083, -17.4625),
  stop('SACRECOEUR', 'Sacré-Cœur', 14.7164, -17.4663),
  stop('LIBERTE5', 'Liberté 5', 14.7201, -17.4607),
  stop('LIBERTE6', 'Liberté 6', 14.7268, -17.4588),
  stop('OUAKAM', 'Ouakam', 14.7237, -17.4893),
  stop('ALMADIES', 'Almadies', 14.7449, -17.5144),
  stop('NGOR', 'Ngor', 14.7477, -17.5131),
  stop('YOFF', 'Yoff', 14.7601, -17.4674),
  stop('GRANDMEDINE', 'Grand Médine', 14.7466, -17.4489),
  stop('GRANDYOFF', 'Grand Yoff', 14.7356, -17.4473),
  stop('PARCELLES', 'Parcelles Assainies', 14.7601, -17.4341),
  stop('CAMBERENE', 'Cambérène', 14.7661, -17.4243),
  stop('GOLF', 'Golf Sud', 14.7689, -17.4096),
  stop('GUEDIAWAYE', 'Guédiawaye – Préfecture', 14.7762, -17.3944),
  stop('HANN', 'Hann', 14.7163, -17.4346),
  stop('DALIFORT', 'Dalifort', 14.7382, -17.4154),
  stop('BEAUXMARAICHERS', 'Beaux Maraîchers', 14.744, -17.4031),
  stop('PIKINE', 'Pikine', 14.7502, -17.3912),
  stop('THIAROYE', 'Thiaroye', 14.7585, -17.3702),
  stop('YEUMBEUL', 'Yeumbeul', 14.7645, -17.3561),
  stop('KEURMASSAR', 'Keur Massar', 14.7823, -17.3117),
  stop('KEURMBAYEFALL', 'Keur Mbaye Fall', 14.7419, -17.3286),
  stop('RUFISQUE', 'Rufisque', 14.7156, -17.2731),
  stop('BARGNY', 'Bargny', 14.6998, -17.2345),
  stop('DIAMNIADIO', 'Diamniadio', 14.7218, -17.184),
];

const hours = (clock: number): number => clock * 3600;

/** Minutes from stop to stop. */
function line(
  id: string,
  name: string,
  mode: Mode,
  agencyId: string,
  headwayMinutes: number,
  span: readonly [first: number, last: number],
  calls: readonly (readonly [stopId: string, minutesFromBefore: number])[],
): Line {
  let offset = 0;
  const timed = calls.map(([stopId, minutes]) => {
    offset += minutes * 60;
    return [`D:${stopId}`, offset] as const;
  });
  return {
    id,
    name,
    mode,
    agencyId,
    calls: timed,
    firstDeparture: hours(span[0]),
    lastDeparture: hours(span[1]),
    headwaySeconds: headwayMinutes * 60,
  };
}

export const LINES: readonly Line[] = [
  line(
    'TER',
    'TER Dakar – Diamniadio',
    'TER',
    'TER',
    10,
    [5.5, 22],
    [
      ['GARE', 0],
      ['COLOBANE', 5],
      ['HANN', 5],
      ['DALIFORT', 4],
      ['BEAUXMARAICHERS', 3],
      ['PIKINE', 3],
      ['THIAROYE', 4],
      ['YEUMBEUL', 3],
      ['KEURMBAYEFALL', 4],
      ['RUFISQUE', 6],
      ['BARGNY', 5],
      ['DIAMNIADIO', 5],
    ],
  ),
  line(
    'BRT-B1',
    'BRT B1 Petersen – Guédiawaye',
    'BRT',
    'BRT',
    6,
    [6, 22],
    [
      ['PETERSEN', 0],
      ['OBELISQUE', 6],
      ['GRANDDAKAR', 5],
      ['LIBERTE1', 2],
      ['SACRECOEUR', 3],
      ['LIBERTE5', 3],
      ['LIBERTE6', 2],
      ['GRANDMEDINE', 6],
      ['PARCELLES', 5],
      ['CAMBERENE', 3],
      ['GOLF', 4],
      ['GUEDIAWAYE', 5],
    ],
  ),
  line(
    'DDD-1',
    'Dem Dikk 1 Parcelles – Place Leclerc',
    'BUS',
    'Dem_Dikk',
    15,
    [6, 21],
    [
      ['PARCELLES', 0],
      ['GRANDMEDINE', 6],
      ['GRANDYOFF', 6],
      ['LIBERTE6', 7],
      ['GRANDDAKAR', 9],
      ['COLOBANE', 8],
      ['SANDAGA', 12],
      ['INDEPENDANCE', 4],
    ],
  ),
  line(
    'DDD-7',
    'Dem Dikk 7 Ouakam – Palais',
    'BUS',
    'Dem_Dikk',
    12,
    [6, 21],
    [
      ['OUAKAM', 0],
      ['SACRECOEUR', 10],
      ['POINTE', 9],
      ['UCAD', 3],
      ['MEDINA', 8],
      ['PETERSEN', 6],
      ['SANDAGA', 4],
      ['INDEPENDANCE', 4],
    ],
  ),
  line(
    'DDD-8',
    'Dem Dikk 8 Yoff – Palais',
    'BUS',
    'Dem_Dikk',
    15,
    [6, 21],
    [
      ['YOFF', 0],
      ['GRANDMEDINE', 11],
      ['LIBERTE6', 8],
      ['LIBERTE5', 3],
      ['FANN', 14],
      ['MEDINA', 8],
      ['INDEPENDANCE', 12],
    ],
  ),
  line(
    'DDD-10',
    'Dem Dikk 10 Almadies – Sandaga',
    'BUS',
    'Dem_Dikk',
    18,
    [6, 20],
    [
      ['ALMADIES', 0],
      ['NGOR', 4],
      ['OUAKAM', 12],
      ['FANN', 13],
      ['UCAD', 3],
      ['OBELISQUE', 8],
      ['SANDAGA', 11],
    ],
  ),
  line(
    'AFTU-49',
    'AFTU 49 Yoff – Pikine',
    'BUS',
    'AFTU',
    10,
    [5.5, 21],
    [
      ['YOFF', 0],
      ['PARCELLES', 12],
      ['CAMBERENE', 5],
      ['DALIFORT', 14],
      ['PIKINE', 10],
    ],
  ),
  line(
    'AFTU-61',
    'AFTU 61 Keur Massar – Guédiawaye',
    'BUS',
    'AFTU',
    12,
    [5.5, 21],
    [
      ['KEURMASSAR', 0],
      ['YEUMBEUL', 16],
      ['THIAROYE', 8],
      ['GUEDIAWAYE', 14],
    ],
  ),
  line(
    'AFTU-5',
    'AFTU 5 Colobane – Guédiawaye',
    'BUS',
    'AFTU',
    10,
    [5.5, 21],
    [
      ['COLOBANE', 0],
      ['HANN', 11],
      ['DALIFORT', 9],
      ['BEAUXMARAICHERS', 6],
      ['GUEDIAWAYE', 15],
    ],
  ),
];

/** As the live API writes them. */
const AGENCY_NAMES: Record<string, string> = {
  AFTU: 'AFTU',
  BRT: 'BRT Dakar',
  Dem_Dikk: 'Dem Dikk',
  TER: 'TER (Train Express Régional)',
};
export const agencyName = ({ agencyId }: Line): string => AGENCY_NAMES[agencyId] ?? agencyId;

export const stopById = new Map(STOPS.map((each) => [each.id, each]));
export const lineById = new Map(LINES.map((each) => [each.id, each]));
export const stopName = (stopId: string): string => stopById.get(stopId)?.name ?? stopId;
export const linesAt = (stopId: string): Line[] =>
  LINES.filter(({ calls }) => calls.some(([id]) => id === stopId));

const EARTH_METERS = 6_371_000;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

export interface Point {
  lat: number;
  lon: number;
}

/** Great-circle distance (haversine), metres. */
export function distanceMeters(a: Point, b: Point): number {
  const x =
    Math.sin(radians(b.lat - a.lat) / 2) ** 2 +
    Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return 2 * EARTH_METERS * Math.asin(Math.sqrt(x));
}
