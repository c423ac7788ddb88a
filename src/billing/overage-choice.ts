// What becomes of the choice that was made for what is beyond the quota. Pure.

import type { OverageAction } from '../limits/limit.ts';
import type { Billing } from './billing-view-store.ts';
import type { Plan } from './plan-store.ts';

/** `charge` where there is no price blocks, as in the terms that a trigger writes. */
export const inForce = (action: OverageAction, per1000Minor: number): OverageAction =>
  action === 'charge' && per1000Minor === 0 ? 'block' : action;

/** What a plan leaves of the choice that was made. `from`: what operators gave goes along to every plan. */
export function keptAction({ overageAction, overageActions }: Billing, from: Plan, to: Plan): OverageAction {
  const isGranted = overageActions.includes(overageAction) && !from.overageActions.includes(overageAction);
  return isGranted || to.overageActions.includes(overageAction) ? overageAction : 'block';
}
