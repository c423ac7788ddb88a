// What pages of webhooks are made of.

import type { Attempt, Delivery, Endpoint } from '../../webhooks/webhook-service.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { Time } from './parts.tsx';
import { Table } from './table.tsx';

const STATE_KINDS = { active: 'good', failing: 'bad', paused: '', disabled: 'bad' } as const;
const OUTCOME_KINDS = { pending: 'warn', delivered: 'good', failed: 'bad' } as const;

/** What is switched on and fails is not simply active. */
const shownState = ({ state, failing_since: since }: Pick<Endpoint, 'state' | 'failing_since'>) =>
  state === 'active' && since !== null ? 'failing' : state;

export const StateBadge = ({ endpoint }: { endpoint: Pick<Endpoint, 'state' | 'failing_since'> }) => {
  const view = useView();
  const state = shownState(endpoint);
  return <span class={`badge ${STATE_KINDS[state]}`}>{view.m.webhooks.states[state]}</span>;
};

export const OutcomeBadge = ({ delivery }: { delivery: Pick<Delivery, 'state'> }) => {
  const view = useView();
  return (
    <span class={`badge ${OUTCOME_KINDS[delivery.state]}`}>{view.m.webhooks.outcomes[delivery.state]}</span>
  );
};

/** The status, or why there is none. */
export const answerText = ({ m }: View, status: number | null, error: string | null): string =>
  status !== null ? String(status) : error ? (m.webhooks.problems[error] ?? error) : m.webhooks.noAnswer;

export const DeliveryTable = ({ deliveries }: { deliveries: readonly Delivery[] }) => {
  const view = useView();
  const { m } = view;
  return (
    <Table
      rows={deliveries}
      columns={[
        {
          title: m.webhooks.type,
          cell: ({ id, type }) => (
            <a href={`/portal/deliveries/${id}`} class="mono">
              {type}
            </a>
          ),
        },
        { title: m.webhooks.outcome, cell: (delivery) => <OutcomeBadge delivery={delivery} /> },
        {
          title: m.webhooks.answer,
          cell: ({ last_status: status, last_error: error, tries }) => (
            <>
              {answerText(view, status, error)}{' '}
              <span class="small soft">{tries > 0 && m.webhooks.tries(tries)}</span>
            </>
          ),
        },
        {
          title: m.webhooks.nextTry,
          cell: ({ state, due_at: at }) => (state === 'pending' ? <Time at={at} /> : '–'),
        },
        { title: m.audit.when, kind: 'tight', cell: ({ created_at: at }) => <Time at={at} /> },
      ]}
    />
  );
};

export const AttemptTable = ({ attempts }: { attempts: readonly Attempt[] }) => {
  const view = useView();
  const { m, format } = view;
  return (
    <Table
      rows={attempts}
      columns={[
        { title: m.audit.when, kind: 'tight', cell: ({ started_at: at }) => <Time at={at} /> },
        { title: m.webhooks.answer, cell: ({ status, error }) => answerText(view, status, error) },
        { title: m.webhooks.latency, kind: 'num', cell: ({ latency_ms: ms }) => format.ms(ms) },
        {
          title: m.audit.details,
          cell: ({ response }) => <code class="prewrap small">{response ?? ''}</code>,
        },
      ]}
    />
  );
};
