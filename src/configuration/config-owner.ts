// Whose a field is: the file's, as long as it stands as the file set it; otherwise that of whoever changed it, through a page or
// an API, which the audit trail tells, or by SQL, of which it tells nothing. Pure.

import {
  areEqual,
  asSet,
  GONE,
  type Json,
  type Kind,
  type Mark,
  pathOf,
  type Thing,
} from './config-fields.ts';

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
function toldValue({ details, ...thing }: Said, field: string): unknown {
  // A file's tells each by its path.
  if (Array.isArray(details.changes))
    return details.changes.find((change) => isObject(change) && change.path === pathOf(thing, field))?.after;
  if (field === GONE) return undefined;
  const [name = '', member] = field.split('/', 2);
  const told = details[AUDITED[thing.kind][name] ?? ''];
  return asSet(field, (member !== undefined && isObject(told) ? told[member] : told) as Json);
}

/** `now`: as the field stands. `said`: newest first. */
export function ownerOf(
  { kind, thing, field }: Thing & { field: string },
  now: Json,
  marks: readonly Mark[],
  said: readonly Said[],
): Owned {
  const isThis = (each: Thing) => each.kind === kind && each.thing === thing;
  const mark = marks.find((each) => isThis(each) && each.field === field);
  if (mark && areEqual(mark.value, now)) return { owner: 'file', by: mark.appliedBy, at: mark.appliedAt };
  // What was said before the file was applied, or with it, is not what changed it.
  const since = said.filter((each) => isThis(each) && !(mark && each.at <= mark.appliedAt));
  const [last] = since;
  const teller = since.find((each) => toldValue(each, field) !== undefined);
  const isTold = teller && areEqual(toldValue(teller, field), now);
  const changedBy = isTold ? teller : last && toldValue(last, field) === undefined ? last : undefined;
  return changedBy
    ? { owner: 'portal', by: changedBy.actor, at: changedBy.at }
    : { owner: 'sql', by: null, at: null };
}
