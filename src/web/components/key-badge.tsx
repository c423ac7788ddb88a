// A key's state, as everybody sees it.

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
