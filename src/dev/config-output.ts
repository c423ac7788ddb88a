// What the terminal shows of a plan and of drift. Pure.

import { nameOfPart } from '../core/json-pointer.ts';

export interface Owned {
  owner: 'file' | 'portal' | 'sql';
  by: string | null;
  at: string | null;
}
export interface Change extends Owned {
  path: string;
  before: unknown;
  after: unknown;
  routes?: { added: string[]; removed: string[]; changed: { route: string; fields: string[] }[] };
}
export interface Plan {
  changes: Change[];
  taken: string[];
  released: string[];
  price_impact: { plan: string; currency: string; partners: number; monthly_minor: number }[];
}
export interface Drift extends Owned {
  path: string;
  applied: unknown;
  now: unknown;
}

const MAX_VALUE_CHARS = 200;

/** `plans free` and `max_keys` of `/plans/free/max_keys`. A policy's thing has three parts. */
function partsOf(path: string): { thing: string; field: string } {
  const [, kind = '', ...rest] = path.split('/');
  const parts = kind === 'policies' ? 3 : 1;
  return {
    thing: [kind, ...rest.slice(0, parts).map(nameOfPart)].join(' '),
    field: rest.slice(parts).join('.'),
  };
}

function valueSaid(value: unknown, field: string): string {
  if (value === null) return 'none';
  if (field === 'document') return String(value).slice(0, 12);
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)} …` : text;
}

function ownerSaid({ owner, by, at }: Owned): string {
  const who = [by && `by ${by}`, at && `at ${at.slice(0, 16).replace('T', ' ')}`].filter(Boolean).join(' ');
  return who ? `${owner}, ${who}` : owner;
}

const routesSaid = ({ routes }: Change): string[] =>
  routes
    ? [
        ...routes.added.map((route) => `    + ${route}`),
        ...routes.removed.map((route) => `    - ${route}`),
        ...routes.changed.map(({ route, fields }) => `    ~ ${route}: ${fields.join(', ')}`),
      ]
    : [];

function changeSaid(change: Change): string[] {
  const { field } = partsOf(change.path);
  if (field === 'gone') return [change.after ? '  - retired or deleted' : '  + is made'];
  const after = valueSaid(change.after, field);
  if (change.before === null) return [`  + ${field}: ${after}`, ...routesSaid(change)];
  return [
    `  ~ ${field}: ${valueSaid(change.before, field)} -> ${after}  (was ${ownerSaid(change)})`,
    ...routesSaid(change),
  ];
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export function planSaid({ changes, taken, released, price_impact: hits }: Plan): string {
  const lines: string[] = [];
  let last = '';
  for (const change of changes) {
    const { thing } = partsOf(change.path);
    if (thing !== last) lines.push(thing);
    last = thing;
    lines.push(...changeSaid(change));
  }
  for (const { plan, currency, partners, monthly_minor: minor } of hits)
    lines.push(
      `plans ${plan}: ${plural(partners, 'partner')} pay ${minor} minor units of ${currency} more a month`,
    );
  if (taken.length > 0) lines.push(`${plural(taken.length, 'field')} now the file's, unchanged.`);
  if (released.length > 0)
    lines.push(`${plural(released.length, 'field')} no more the file's: ${released.join(' ')}`);
  lines.push(`${plural(changes.length, 'change')}.`);
  return lines.join('\n');
}

export function driftSaid(drift: readonly Drift[]): string {
  const lines = drift.map((each) => {
    const { thing, field } = partsOf(each.path);
    const what = field === 'gone' ? (each.now === true ? 'is gone' : 'is there again') : '';
    const values = `${field}: ${valueSaid(each.applied, field)} -> ${valueSaid(each.now, field)}`;
    return `${thing}\n  ~ ${what || values}  (${ownerSaid(each)})`;
  });
  return [...lines, `${plural(drift.length, 'field')} differ from what was applied.`].join('\n');
}
