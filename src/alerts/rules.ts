// What is worth an alert, and when one begins and ends. Pure. A rule fires above its threshold and resolves below its
// lower mark, so that a value that wavers around the threshold is one episode.

import { boolean, number, oneOf, type RowOf, row, text, uuid } from '../platform/row.ts';

export interface Rule {
  scope: 'partner' | 'operator';
  threshold: number;
  /** Resolved at this share of the threshold, or below. */
  clearShare: number;
  unit: 'percent' | 'ms' | 'count' | 'minutes' | 'seconds';
  /** Measured over this long. 0: as it stands. */
  windowMinutes: number;
  /** Owners may set a threshold of their own. */
  isAdjustable: boolean;
}

const rule = (
  scope: Rule['scope'],
  threshold: number,
  unit: Rule['unit'],
  windowMinutes: number,
  clearShare = 0.8,
  isAdjustable = true,
): Rule => ({ scope, threshold, unit, windowMinutes, clearShare, isAdjustable });

export const RULES = {
  error_rate: rule('partner', 5, 'percent', 5),
  latency_p95: rule('partner', 1000, 'ms', 10),
  quota: rule('partner', 90, 'percent', 0, 0.95),
  refused_signatures: rule('partner', 100, 'count', 1),
  webhook_failing: rule('partner', 30, 'minutes', 0, 0.1),
  key_countries: rule('partner', 4, 'count', 0, 0.5),
  key_addresses: rule('partner', 100, 'count', 0, 0.5),
  path_scanning: rule('partner', 100, 'count', 0, 0.5),
  gateway_error_rate: rule('operator', 5, 'percent', 5),
  gateway_latency_p95: rule('operator', 1000, 'ms', 10),
  failed_authentications: rule('operator', 100, 'count', 1),
  limiter_degraded: rule('operator', 0, 'count', 5, 1, false),
  reconciliation_differs: rule('operator', 0, 'count', 0, 1, false),
  audit_broken: rule('operator', 0, 'count', 0, 1, false),
  usage_backlog: rule('operator', 60, 'seconds', 5),
  webhook_backlog: rule('operator', 300, 'seconds', 0),
  dead_letters: rule('operator', 0, 'count', 0, 1, false),
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
export const ruleNames = Object.keys(RULES) as RuleName[];
export const rulesOf = (scope: Rule['scope']): RuleName[] =>
  ruleNames.filter((name) => RULES[name].scope === scope);

/** Calls that a share or a percentile needs to mean something. */
export const FEWEST_CALLS = 20;

export const OPERATOR = 'operator';

/** One value that a rule is held against. `subject`: what it is about, unique for its rule. */
export const Measurement = row('measurement of a rule', {
  rule: oneOf(ruleNames),
  /** A partner's id, or `operator`. */
  owner: text.notNull('a partner, or the operators'),
  subject: text.notNull('an id, or the operators'),
  /** For people: the key's name, the endpoint's address, the period. */
  label: text.nullable(),
  value: number.notNull('of a row that is there'),
});
export type Measurement = RowOf<typeof Measurement>;

export const Setting = row('setting of a rule', {
  owner: text,
  rule: text,
  isEnabled: boolean,
  threshold: number.nullable(),
});
export type Setting = RowOf<typeof Setting>;

export const OpenEpisode = row('open episode', {
  id: uuid,
  owner: text,
  rule: text,
  subject: text,
  threshold: number,
  peak: number,
});
export type OpenEpisode = RowOf<typeof OpenEpisode>;

export interface Fired extends Measurement {
  threshold: number;
}

export interface Decision {
  fire: Fired[];
  resolve: { id: string; value: number }[];
  /** Open episodes that got worse. */
  peaks: { id: string; peak: number }[];
}

const nameOf = (about: { rule: string; subject: string }): string => `${about.rule} ${about.subject}`;
const ownOf = (about: { owner: string; rule: string }): string => `${about.owner} ${about.rule}`;

/**
 * `measured`: the rules that were looked at. An open episode of such a rule without a value is over: its subject is gone,
 * or quiet.
 */
export function decide(
  measurements: readonly Measurement[],
  open: readonly OpenEpisode[],
  settings: readonly Setting[],
  measured: ReadonlySet<string>,
): Decision {
  const own = new Map(settings.map((setting) => [ownOf(setting), setting]));
  const values = new Map(measurements.map((each) => [nameOf(each), each.value]));
  const known = new Set(open.map(nameOf));
  const fire = measurements.flatMap((each) => {
    const setting = own.get(ownOf(each));
    const threshold = setting?.threshold ?? RULES[each.rule].threshold;
    const isOn = setting?.isEnabled ?? true;
    return isOn && each.value > threshold && !known.has(nameOf(each)) ? [{ ...each, threshold }] : [];
  });
  const decision: Decision = { fire, resolve: [], peaks: [] };
  for (const episode of open) {
    if (!measured.has(episode.rule)) continue;
    const { clearShare } = RULES[episode.rule as RuleName] ?? { clearShare: 1 };
    const value = values.get(nameOf(episode)) ?? 0;
    const isOff = own.get(ownOf(episode))?.isEnabled === false;
    if (isOff || value <= episode.threshold * clearShare) decision.resolve.push({ id: episode.id, value });
    else if (value > episode.peak) decision.peaks.push({ id: episode.id, peak: value });
  }
  return decision;
}
