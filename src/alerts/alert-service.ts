// Evaluates the rules every minute, tells owners, and keeps what owners set of their rules.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { MINUTE_MS } from '../core/time.ts';
import type { MailKind } from '../mail/kinds.ts';
import type { Notify } from '../mail/notices.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query } from '../platform/query.ts';
import { percentile } from '../usage/latency-buckets.ts';
import { type AlertStore, EVERYBODY, type Told, type Traffic } from './alert-store.ts';
import {
  decide,
  FEWEST_CALLS,
  type Measurement,
  OPERATOR,
  RULES,
  type Rule,
  type RuleName,
  ruleNames,
  rulesOf,
} from './rules.ts';

/** How keys are spread is looked at every so many minutes. */
const ABUSE_EVERY_MINUTES = 10;
const ABUSE_RULES: readonly RuleName[] = ['key_countries', 'key_addresses', 'path_scanning'];

/** Of which kind a rule's mails are. Those that tell of misuse are of none. */
const KINDS: Partial<Record<string, MailKind>> = {
  error_rate: 'usage',
  latency_p95: 'usage',
  quota: 'usage',
  webhook_failing: 'webhooks',
} satisfies Partial<Record<RuleName, MailKind>>;

export interface RuleView extends Rule {
  rule: RuleName;
  isEnabled: boolean;
  /** The owner's own, where it has one; otherwise the rule's. */
  ownThreshold: number | null;
}

function ofTraffic({
  partnerId,
  calls,
  errors,
  serverErrors,
  buckets,
  latencyCalls,
}: Traffic): Measurement[] {
  const isAll = partnerId === EVERYBODY;
  const owner = isAll ? OPERATOR : partnerId;
  const about = { owner, subject: owner, label: null };
  const found: Measurement[] = [];
  const failed = isAll ? serverErrors : errors;
  if (calls >= FEWEST_CALLS)
    found.push({
      ...about,
      rule: isAll ? 'gateway_error_rate' : 'error_rate',
      value: (100 * failed) / calls,
    });
  const p95 = latencyCalls >= FEWEST_CALLS ? percentile(buckets, 0.95) : null;
  if (p95 !== null) found.push({ ...about, rule: isAll ? 'gateway_latency_p95' : 'latency_p95', value: p95 });
  return found;
}

export interface RuleSetting {
  isEnabled: boolean;
  /** null: the rule's own. */
  threshold: number | null;
}

/** A CTE: `saved` has the owner of the rule that is set. */
export const savedRule = (owner: string, rule: string, { isEnabled, threshold }: RuleSetting): SQL => sql`
  saved AS (INSERT INTO alert_setting (owner, rule, is_enabled, threshold)
    VALUES (${owner}, ${rule}, ${isEnabled}, ${threshold}::float8)
    ON CONFLICT (owner, rule) DO UPDATE SET is_enabled = excluded.is_enabled, threshold = excluded.threshold
    RETURNING owner)`;

interface Ports {
  database: Database;
  store: AlertStore;
  notify: Notify;
  /** What a rule is called in mails. */
  nameOf(rule: string, language: string | null): string;
  /** Where operators' alerts are mailed to. */
  operatorEmail: string | undefined;
  newId(): string;
  log(line: Record<string, unknown>): void;
}

const createTelling = ({ notify, nameOf, operatorEmail }: Ports) =>
  async function tell(episode: Told, mail: 'alertFired' | 'alertResolved'): Promise<void> {
    const isOperators = episode.owner === OPERATOR;
    const operators = operatorEmail ? [{ email: operatorEmail, language: null }] : [];
    const recipients = isOperators ? operators : (episode.emails ?? []);
    const path = isOperators ? '/operator/alerts' : '/portal/alerts';
    const kind = KINDS[episode.rule];
    const optional = kind && { partnerId: episode.owner, kind };
    for (const recipient of recipients) {
      const name = [nameOf(episode.rule, recipient.language), episode.label].filter(Boolean).join(', ');
      await notify(recipient, mail, { name, path, optional });
    }
  };

export function createAlertService(ports: Ports) {
  const { database, store, newId, log } = ports;
  const tell = createTelling(ports);

  return {
    /** Fires and resolves what is due at that moment. How many of each. */
    async evaluate(nowMs: number): Promise<{ fired: number; resolved: number }> {
      const at = new Date(nowMs).toISOString();
      const isAbuseTime = Math.floor(nowMs / MINUTE_MS) % ABUSE_EVERY_MINUTES === 0;
      const [traffic, standing, abuse, settings, open] = await Promise.all([
        store.traffic(at),
        store.standing(at),
        isAbuseTime ? store.abuse(at) : [],
        store.settings(),
        store.open(),
      ]);
      const measured = new Set<string>(ruleNames);
      if (!isAbuseTime) for (const rule of ABUSE_RULES) measured.delete(rule);
      const values = [...traffic.flatMap(ofTraffic), ...standing, ...abuse];
      const decision = decide(values, open, settings, measured);
      if (decision.fire.length + decision.resolve.length + decision.peaks.length === 0)
        return { fired: 0, resolved: 0 };
      const { fired, resolved } = await store.write(decision, at, newId);
      for (const episode of fired) await tell(episode, 'alertFired');
      for (const episode of resolved) await tell(episode, 'alertResolved');
      for (const { rule, subject, owner, value, resolved_at: end } of [...fired, ...resolved])
        log({ message: end ? 'alert resolved' : 'alert fired', level: 'warn', rule, subject, owner, value });
      return { fired: fired.length, resolved: resolved.length };
    },

    list: store.list,

    /** The rules of a partner, or of operators, as they stand for that owner. */
    async rules(owner: string): Promise<RuleView[]> {
      const own = new Map((await store.settings(owner)).map((setting) => [setting.rule, setting]));
      return rulesOf(owner === OPERATOR ? 'operator' : 'partner').map((rule) => ({
        ...RULES[rule],
        rule,
        isEnabled: own.get(rule)?.isEnabled ?? true,
        ownThreshold: own.get(rule)?.threshold ?? null,
      }));
    },

    /** The statement that sets an operators' rule, for a batch whose audit row says so. @throws AppError validation_error */
    prepare(rule: string, setting: RuleSetting): Query<number> {
      const known = rulesOf('operator').find((name) => name === rule);
      if (known && !RULES[known].isAdjustable && setting.threshold !== null)
        throw invalid('threshold', 'cannot be set: this rule has one only');
      return command(sql`WITH ${savedRule(OPERATOR, rule, setting)} SELECT owner FROM saved`);
    },

    async set(owner: string, rule: string, setting: RuleSetting, actor: Actor): Promise<void> {
      const names: string[] = rulesOf(owner === OPERATOR ? 'operator' : 'partner');
      if (!names.includes(rule)) throw new AppError('not_found', 'No such rule');
      const threshold = RULES[rule as RuleName].isAdjustable ? setting.threshold : null;
      const details = { enabled: setting.isEnabled, threshold };
      await database.run(sql`
        WITH ${savedRule(owner, rule, { ...setting, threshold })},
          changed AS (SELECT nullif(owner, ${OPERATOR})::uuid AS partner_id FROM saved),
          audit AS (${auditRow(actor, 'alert.rule_changed', { rule }, details)}) SELECT 1 FROM changed`);
    },
  };
}

export type AlertService = ReturnType<typeof createAlertService>;
