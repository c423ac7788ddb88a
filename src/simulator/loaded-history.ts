// Loads what a partner's simulation starts from, and hands in its calls, page by page: bounded by MAX_CALLS, of which CALLS_AT_ONCE
// are in memory at a time.

import type { BillingStore } from '../billing/billing-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { Plan } from '../billing/plan-store.ts';
import { AppError } from '../core/errors.ts';
import { DAY_MS, isoDay, monthStart } from '../core/time.ts';
import type { KeyLimitsStore } from '../keys/key-limits-store.ts';
import { dayFactsOf, replayFrom } from './day-facts.ts';
import type { DayFacts, History, Period, Settings } from './history.ts';
import type { PartnerSettings } from './scenario.ts';
import { startsOf } from './simulated-period.ts';
import { daysIn, type Started } from './simulation.ts';
import type { SimulationStore } from './simulation-store.ts';

/** Of calls in memory at a time. */
export const CALLS_AT_ONCE = 10_000;

export interface LoadingPorts {
  store: SimulationStore;
  billingStore: Pick<BillingStore, 'facts'>;
  plans: Pick<PlanService, 'billing'>;
  keyLimits: KeyLimitsStore;
  callsAtOnce: number;
}

/** Since when a partner has terms. */
export async function sinceOf({ billingStore }: LoadingPorts, partnerId: string): Promise<number> {
  const facts = await billingStore.facts(partnerId, []);
  const [first] = facts?.terms ?? [];
  if (!first) throw new AppError('not_found', 'No such partner');
  return first.effectiveMs;
}

/** `tier`: the plan that is tried; `all`: every plan. */
export async function loadSettings(
  { store, billingStore, plans, keyLimits }: LoadingPorts,
  partnerId: string,
  period: Period,
  { tier, all }: { tier: string | undefined; all: readonly Plan[] },
): Promise<{ partner: PartnerSettings; months: History['months'] }> {
  const days = { from: isoDay(period.fromMs), to: isoDay(period.toMs - 1) };
  const [billing, rates, facts] = await Promise.all([
    plans.billing(partnerId),
    store.rates(partnerId),
    billingStore.facts(partnerId, startsOf(period)),
  ]);
  if (!rates || !facts) throw new AppError('not_found', 'No such partner');
  const keys = await keyLimits.ofCalled(partnerId, billing.tier, days);
  const isOther = tier !== undefined && tier !== billing.tier;
  const keysAfter = isOther ? await keyLimits.ofCalled(partnerId, tier, days) : keys;
  return {
    partner: { billing, terms: facts.terms, rates, plans: all, keys, keysAfter },
    months: facts.months,
  };
}

export async function loadHistory(
  { store }: LoadingPorts,
  partnerId: string,
  period: Period,
  months: History['months'],
  { terms }: Settings,
): Promise<History> {
  const firstMs = monthStart(period.fromMs);
  const [sums, keysBefore] = await Promise.all([
    store.sums([partnerId], { fromMs: firstMs, toMs: period.toMs }),
    firstMs < period.fromMs
      ? store.keyUse(partnerId, { fromMs: firstMs, toMs: period.fromMs })
      : new Map<string, number>(),
  ]);
  const fromMs = replayFrom(sums, period);
  const of = fromMs < period.toMs ? await store.events(partnerId, { fromMs, toMs: period.toMs }) : [];
  return { period, months, keysBefore, days: dayFactsOf(firstMs, period, terms, sums, { of, fromMs }) };
}

/** Neighbouring days of which calls are replayed, or sums reckoned. */
function runsOf(days: readonly DayFacts[]): DayFacts[][] {
  const runs: DayFacts[][] = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last && (last[0]?.basis === 'calls') === (day.basis === 'calls')) last.push(day);
    else runs.push([day]);
  }
  return runs;
}

async function replayRun(
  { store, callsAtOnce }: LoadingPorts,
  partnerId: string,
  days: readonly DayFacts[],
  simulation: Started,
): Promise<void> {
  const [firstMs, lastMs] = [days[0]?.dayMs ?? 0, days.at(-1)?.dayMs ?? 0];
  let next = 0;
  const beginUntil = (atMs: number) => {
    for (let day = days[next]; day && day.dayMs <= atMs; day = days[++next]) simulation.begin(day);
  };
  let after: { atMs: number; id: string } | undefined;
  for (;;) {
    const page = await store.calls(partnerId, { fromMs: firstMs, toMs: lastMs + DAY_MS }, callsAtOnce, after);
    for (const call of page) {
      beginUntil(call.atMs);
      simulation.call(call);
    }
    after = page.at(-1);
    if (page.length < callsAtOnce) break;
  }
  beginUntil(lastMs);
}

/** All days in order: by their calls where these matter and are there, otherwise by their sums. */
export async function replayAll(
  ports: LoadingPorts,
  partnerId: string,
  history: History,
  simulation: Started,
): Promise<void> {
  for (const days of runsOf(daysIn(history))) {
    if (simulation.needsCalls && days[0]?.basis === 'calls')
      await replayRun(ports, partnerId, days, simulation);
    else for (const facts of days) simulation.reckon(facts);
  }
}
