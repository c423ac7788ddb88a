// Whose a field is: the file's, as long as it stands as the file set it; otherwise that of whoever changed it, through a page or
// an API, which the audit trail tells, or by SQL, of which it tells nothing. Pure.

import { areEqual, GONE, type Json, type Kind, type Mark, type Thing } from './config-fields.ts';

export interface Owned {
  owner: 'file' | 'portal' | 'sql';
  /** Who, and when, where that is known. */
  by: string | null;
  at: string | null;
}

interface Said extends Thing {
  actor: string;
  at: string;
  details: Record<string, unknown>;
}

/** What audit rows call a field, where they tell its value. */
const AUDITED: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  apis: {},
  partners: { name: 'name', company: 'company', plan: 'tier', overage_action: 'overageAction' },
  policies: { position: 'position' },
  plans: {
    self_serve: 'selfServe',
    rate_limit_per_second: 'perSecond',
    rate_limit_per_day: 'perDay',
    rate_limit_per_month: 'perMonth',
    max_keys: 'maxKeys',
    features: 'features',
    overage_actions: 'overageActions',
    prices: 'prices',
    names: 'names',
  },
  webhooks: { description: 'description', events: 'events', environment: 'environment' },
  alert_rules: { enabled: 'enabled', threshold: 'threshold' },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** As the audit row tells it; undefined where it does not. */
function toldValue({ details }: Said, kind: Kind, field: string): unknown {
  const [name = '', member] = field.split('/', 2);
  const told = details[AUDITED[kind][name] ?? ''];
  const value = member !== undefined && isObject(told) ? told[member] : told;
  return (field === 'overage_actions' || field === 'events') && Array.isArray(value)
    ? [...value].sort()
    : value;
}

/** `now`: as the field stands. */
export function ownerOf(
  { kind, thing, field }: Thing & { field: string },
  now: Json,
  marks: readonly Mark[],
  said: readonly Said[],
): Owned {
  const isThis = (each: Thing) => each.kind === kind && each.thing === thing;
  const mark = marks.find((each) => isThis(each) && each.field === field);
  if (mark && areEqual(mark.value, now)) return { owner: 'file', by: mark.appliedBy, at: mark.appliedAt };
  const last = said.find(isThis);
  // What was said before the file was applied is not what changed it.
  if (!last || (mark && last.at < mark.appliedAt)) return { owner: 'sql', by: null, at: null };
  const told = field === GONE ? undefined : toldValue(last, kind, field);
  const isTold = told === undefined || areEqual(told, now);
  return isTold ? { owner: 'portal', by: last.actor, at: last.at } : { owner: 'sql', by: null, at: null };
}
