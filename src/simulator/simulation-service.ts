// What a partner's calls would have come to by other limits, on another plan, in another currency. Reads, and changes nothing.

import type { Billing } from '../billing/billing-view-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { Plan } from '../billing/plan-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import type { OverageAction } from '../limits/limit.ts';
import { type Period, termsAt } from './history.ts';
import { type LoadingPorts, loadHistory, loadSettings, replayAll, sinceOf } from './loaded-history.ts';
import { type Change, type PartnerSettings, settingsAfter, settingsBefore, unpriced } from './scenario.ts';
import { monthsToChoose, periodOf } from './simulated-period.ts';
import { type Simulation, startSimulation } from './simulation.ts';

/** What somebody would like to try; the plan by its name. */
export interface Trial extends Omit<Change, 'plan'> {
  /** `YYYY-MM`; the last thirty days where there is none. */
  month?: string;
  tier?: string;
}

export interface PartnerSimulation extends Simulation {
  billing: Billing;
  /** The plan that was tried; null where it was left as it was. */
  plan: Plan | null;
}

interface Ports extends LoadingPorts {
  plans: Pick<PlanService, 'billing' | 'plans' | 'plansFor'>;
  now(): number;
}

/** Plans that a partner may try itself: those that it may choose, and its own. */
export const mayTry = ({ tier }: Pick<Billing, 'tier'>, plan: Plan): boolean =>
  plan.selfServe || plan.tier === tier;

/** @throws AppError validation_error: the plan does not allow it */
function checkOverage(
  billing: Billing,
  own: Plan | undefined,
  plan: Plan | undefined,
  wanted?: OverageAction,
): void {
  const granted = billing.overageActions.filter((action) => !own?.overageActions.includes(action));
  const allowed = [...((plan ?? own)?.overageActions ?? []), ...granted];
  if (wanted === undefined || allowed.includes(wanted)) return;
  const message = `The plan allows: ${allowed.join(', ')}`;
  throw invalid('overage_action', message);
}

/** Terms of before it do not matter. */
function termsIn({ terms }: PartnerSettings, { fromMs, toMs }: Period) {
  const firstMs = termsAt(terms, fromMs)?.effectiveMs ?? 0;
  return terms.filter(({ effectiveMs }) => effectiveMs >= firstMs && effectiveMs < toMs);
}

export function createSimulationService(ports: Ports) {
  const { plans, now } = ports;

  return {
    /** Months to choose from, newest first. */
    months: async (partnerId: string): Promise<string[]> =>
      monthsToChoose(now(), await sinceOf(ports, partnerId)),

    /**
     * `isOwn`: by the partner itself, which tries what it may choose. @throws AppError forbidden; conflict: no price in this
     * currency, or no day yet; validation_error
     */
    async simulate(partnerId: string, trial: Trial, isOwn: boolean): Promise<PartnerSimulation> {
      const { month, tier, ...settings } = trial;
      const period = periodOf(now(), await sinceOf(ports, partnerId), month);
      const [all, offered] = await Promise.all([plans.plans(), plans.plansFor(partnerId)]);
      const plan = offered.find((each) => each.tier === tier);
      const { partner, months } = await loadSettings(ports, partnerId, period, { tier: plan?.tier, all });
      const { billing } = partner;
      if (tier !== undefined && (!plan || (isOwn && !mayTry(billing, plan))))
        throw new AppError('forbidden', 'Ask us for this plan');
      const own = all.find((each) => each.tier === billing.tier);
      if (isOwn) checkOverage(billing, own, plan, settings.overageAction);
      const change: Change = { ...settings, plan };
      if (unpriced({ terms: termsIn(partner, period), plans: all }, change))
        throw new AppError('conflict', 'This plan has no price in this currency');
      const [before, after] = [settingsBefore(partner), settingsAfter(partner, change)];
      const history = await loadHistory(ports, partnerId, period, months, before);
      const simulation = startSimulation(history, before, after);
      await replayAll(ports, partnerId, history, simulation);
      return { ...simulation.finish(), billing, plan: plan ?? null };
    },
  };
}

export type SimulationService = ReturnType<typeof createSimulationService>;
