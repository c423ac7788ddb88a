// A key's state and environment, as everybody sees them.

import type { Environment } from '../../keys/key-format.ts';
import type { KeyState } from '../../keys/key-state.ts';
import { useView } from '../view-context.ts';

const KINDS = {
  active: 'good',
  expired: 'warn',
  partner_not_active: 'warn',
  app_archived: 'bad',
  quarantined: 'bad',
  revoked: 'bad',
} as const satisfies Record<KeyState, string>;

export const KeyBadge = ({ state }: { state: KeyState }) => {
  const view = useView();
  return <span class={`badge ${KINDS[state]}`}>{view.m.keys.states[state]}</span>;
};

export const EnvironmentBadge = ({ environment }: { environment: Environment | 'both' }) => {
  const { common } = useView().m;
  const words = { test: common.test, live: common.live, both: common.bothEnvironments };
  return <span class={`badge ${environment === 'test' ? 'warn' : ''}`}>{words[environment]}</span>;
};
