// Alerts and rules on a page, for partners and for operators.

import type { RuleView } from '../../alerts/alert-service.ts';
import type { Episode } from '../../alerts/alert-store.ts';
import type { Wrong } from '../forms.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { ErrorText, Post } from './form.tsx';
import { Time } from './parts.tsx';
import { Table } from './table.tsx';

/** The same in every language. */
const SYMBOLS: Record<RuleView['unit'], string> = {
  percent: '%',
  ms: 'ms',
  count: '',
  minutes: 'min',
  seconds: 's',
};

export function ruleValue({ format }: View, unit: RuleView['unit'], value: number): string {
  return `${format.number(Math.round(value * 10) / 10)} ${SYMBOLS[unit]}`.trim();
}

/** What its reader can do about it: its owner, or an operator about somebody's. */
const Advice = ({ episode, isToOperators }: { episode: Episode; isToOperators: boolean }) => {
  const { m } = useView();
  const { partner, rule, overage_action: action } = episode;
  const { quota, rules } = isToOperators && partner ? m.alerts.adviceToOperators : m.alerts.advice;
  const text = rule === 'quota' && action ? quota[action] : rules[rule];
  return text === undefined ? null : <div class="small">{text}</div>;
};

export const EpisodeTable = ({
  episodes,
  rules,
  hasOwner = false,
  isOver = false,
}: {
  episodes: readonly Episode[];
  /** Units by rule. */
  rules: ReadonlyMap<string, Pick<RuleView, 'unit'>>;
  hasOwner?: boolean;
  /** Each has ended. */
  isOver?: boolean;
}) => {
  const view = useView();
  const { m } = view;
  const shownValue = ({ rule }: Episode, value: number) =>
    ruleValue(view, rules.get(rule)?.unit ?? 'count', value);
  return (
    <Table
      rows={episodes}
      columns={[
        {
          title: m.alerts.rule,
          cell: (episode) => (
            <>
              {m.alerts.names[episode.rule] ?? episode.rule}
              {episode.label && (
                <>
                  <br />
                  <span class="small soft break">{episode.label}</span>
                </>
              )}
              {episode.resolved_at === null && <Advice episode={episode} isToOperators={hasOwner} />}
            </>
          ),
        },
        ...(hasOwner
          ? [
              {
                title: m.money.whose,
                cell: ({ owner, partner }: Episode) =>
                  partner ? <a href={`/operator/partners/${owner}`}>{partner}</a> : m.money.operators,
              },
            ]
          : []),
        { title: m.alerts.peak, kind: 'num', cell: (episode) => shownValue(episode, episode.peak) },
        { title: m.alerts.threshold, kind: 'num', cell: (episode) => shownValue(episode, episode.threshold) },
        { title: m.alerts.since, kind: 'tight', cell: ({ fired_at: at }) => <Time at={at} /> },
        ...(isOver
          ? [
              {
                title: m.alerts.lasted,
                kind: 'tight',
                cell: ({ resolved_at: at }: Episode) => <Time at={at} />,
              },
            ]
          : []),
      ]}
    />
  );
};

interface WrongRule extends Wrong {
  rule: string;
}

/** A rule's threshold, to be changed. */
const ThresholdForm = ({ rule, action, wrong }: { rule: RuleView; action: string; wrong?: Wrong }) => {
  const { m } = useView();
  const id = rule.rule;
  return (
    <form method="post" action={`${action}/${id}`} class="inline" novalidate>
      <input type="hidden" name="enabled" value="true" />
      <input
        name="threshold"
        inputmode="decimal"
        maxlength={12}
        class="short"
        aria-label={`${m.alerts.threshold}: ${m.alerts.names[id]}`}
        value={wrong ? wrong.values.threshold : String(rule.ownThreshold ?? rule.threshold)}
        aria-invalid={wrong ? 'true' : undefined}
        aria-describedby={wrong && `${id}-error`}
      />
      <span class="small soft">{SYMBOLS[rule.unit]}</span>
      <button type="submit" class="button small">
        {m.alerts.own}
      </button>
      <ErrorText id={id} error={wrong?.errors.threshold} />
    </form>
  );
};

export const RuleTable = ({
  rules,
  action,
  mayChange,
  wrong,
}: {
  rules: readonly RuleView[];
  /** Where a rule's form is sent to: `action/<rule>`. */
  action: string;
  mayChange: boolean;
  /** What was sent of one of them, and could not be. */
  wrong?: WrongRule;
}) => {
  const view = useView();
  const { m } = view;
  return (
    <Table
      rows={rules}
      columns={[
        {
          title: m.alerts.rule,
          cell: ({ rule, windowMinutes }) => (
            <>
              {m.alerts.names[rule]} {/* What is counted in a minute is named so. */}
              {windowMinutes !== 1 && <span class="small soft">{m.alerts.window(windowMinutes)}</span>}
            </>
          ),
        },
        {
          title: m.alerts.threshold,
          cell: (rule) =>
            mayChange && rule.isAdjustable && rule.isEnabled ? (
              <ThresholdForm
                rule={rule}
                action={action}
                wrong={wrong?.rule === rule.rule ? wrong : undefined}
              />
            ) : (
              ruleValue(view, rule.unit, rule.ownThreshold ?? rule.threshold)
            ),
        },
        {
          title: m.webhooks.state,
          cell: ({ isEnabled }) => (
            <span class={`badge ${isEnabled ? 'good' : ''}`}>{isEnabled ? m.alerts.on : m.alerts.off}</span>
          ),
        },
        {
          title: m.common.actions,
          isAction: true,
          cell: ({ rule, isEnabled }) =>
            mayChange && (
              <Post action={`${action}/${rule}`} fields={{ enabled: String(!isEnabled) }} kind="button small">
                {isEnabled ? m.alerts.switchOff : m.alerts.switchOn}
                <span class="visually-hidden"> {m.alerts.names[rule]}</span>
              </Post>
            ),
        },
      ]}
    />
  );
};
