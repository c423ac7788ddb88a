// An incident as everybody reads it: its state, what it affects, and what was said, newest first.

import type { Child } from 'hono/jsx';
import type { Incident, IncidentState } from '../../status/incident-service.ts';
import { useView } from '../view-context.ts';
import { Time } from './parts.tsx';

const KINDS: Record<IncidentState, string> = {
  investigating: 'bad',
  identified: 'bad',
  monitoring: 'warn',
  resolved: 'good',
};

export const StateBadge = ({ state }: { state: IncidentState }) => (
  <span class={`badge ${KINDS[state]}`}>{useView().m.status.states[state]}</span>
);

export const IncidentPanel = ({
  incident: { id, api, title, startedAt, state, updates },
  apis,
  action,
}: {
  incident: Incident;
  /** Names by id. */
  apis: ReadonlyMap<string, string>;
  action?: Child;
}) => {
  const { m, language } = useView();
  return (
    <section class="panel" id={`i-${id}`}>
      <header>
        <h2 class="grow">{title[language]}</h2>
        <StateBadge state={state} />
        {action}
      </header>
      <p class="pad small soft">
        {api === null ? m.status.allApis : (apis.get(api) ?? api)} · {m.status.since} <Time at={startedAt} />
      </p>
      <ol class="said pad">
        {updates.map((update) => (
          <li>
            <p class="small soft">
              <strong>{m.status.states[update.state]}</strong> · <Time at={update.at} />
            </p>
            <p class="prewrap">{update.text[language]}</p>
          </li>
        ))}
      </ol>
    </section>
  );
};
