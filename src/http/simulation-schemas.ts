// What simulations are asked, and what they answer, for developers and for operators.

import * as z from 'zod';
import type { Sums } from '../billing/month.ts';
import type { Plan } from '../billing/plan-store.ts';
import { AppError } from '../core/errors.ts';
import { DAY_MS, isoDay } from '../core/time.ts';
import { type Period, REASONS } from '../simulator/history.ts';
import type { HolderOutcome, PlanSimulation, PlanTrial } from '../simulator/plan-simulation-service.ts';
import type { DayOutcome, SimulatedDay, Total } from '../simulator/simulation.ts';
import type { PartnerSimulation, Trial } from '../simulator/simulation-service.ts';
import { amount, currency, minor } from './amount-schemas.ts';
import { draft, draftView } from './billing-schemas.ts';
import { limitValue, overageAction, text } from './fields.ts';

const fromText = <Schema extends z.ZodType<number, number>>(schema: Schema) =>
  z.string().min(1).transform(Number).pipe(schema);
export const month = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month, like 2026-10');
const someMonth = month.describe('A month, `2026-10`; the last 30 days where it is left out');

/** What is tried; what is left out stays as it was at each moment. */
export const trial = z
  .object({
    month: someMonth,
    tier: text(50).describe('A plan'),
    currency,
    rate_limit_per_second: fromText(limitValue),
    rate_limit_per_day: fromText(limitValue),
    rate_limit_per_month: fromText(limitValue).describe('What is included'),
    overage_action: overageAction,
    spending_cap_minor: z
      .union([z.literal('none').transform(() => null), fromText(amount)])
      .describe('Of a month’s overage, in minor units; `none` is no cap'),
  })
  .partial();

export const trialOf = (asked: z.output<typeof trial>): Trial => ({
  month: asked.month,
  tier: asked.tier,
  currency: asked.currency,
  perSecond: asked.rate_limit_per_second,
  perDay: asked.rate_limit_per_day,
  perMonth: asked.rate_limit_per_month,
  overageAction: asked.overage_action,
  spendingCapMinor: asked.spending_cap_minor,
});

const sums = z.record(z.string(), minor).describe('Before tax, by currency');
const refused = z
  .partialRecord(z.enum(REASONS), z.int())
  .describe(
    'Calls by what refused them; `rate` is the second or the burst, where daily sums do not say which',
  );
const outcome = { units: z.int(), refused };
const dayOutcome = z.object({
  ...outcome,
  overage_units: z.int(),
  cost_so_far: sums.describe('From the first day to the end of this one, before tax, by currency'),
});
const total = z.object({
  ...outcome,
  overage_units: z.int(),
  invoices: z
    .array(draft.extend({ month: z.string() }))
    .describe('Of each month that the period is a part of'),
});
const period = { period_start: z.string(), period_end: z.string() };

export const simulation = z.object({
  ...period,
  tier: z.string().nullable().describe('The plan that was tried'),
  happened: total,
  simulated: total,
  late_units: z
    .int()
    .describe('Units that arrived after their month was closed: of no day, and as they were'),
  replayed_calls: z.int().describe('Calls that were decided again, one by one'),
  unexplained_calls: z
    .int()
    .describe('Of them, those that the limits in force do not explain. They end as they ended'),
  days: z.array(
    z.object({
      day: z.string(),
      basis: z
        .enum(['calls', 'not_kept', 'imported', 'incomplete', 'too_many'])
        .describe('`calls`: they were decided one by one. Otherwise why only the sums of the day were used'),
      rates_unknown: z
        .boolean()
        .describe('Sums do not say what other rates would have refused; these calls end as they ended'),
      happened: dayOutcome,
      simulated: dayOutcome,
    }),
  ),
});

const periodView = ({ fromMs, toMs }: Period) => ({
  period_start: isoDay(fromMs),
  period_end: isoDay(toMs - DAY_MS),
});
const dayView = ({ units, refused: by, overageUnits, costSoFar }: DayOutcome) => ({
  units,
  refused: by,
  overage_units: overageUnits,
  cost_so_far: costSoFar,
});
const totalView = ({ units, refused: by, cost }: Total) => ({
  units,
  refused: by,
  overage_units: cost.overageUnits,
  invoices: cost.invoices.map((each) => ({ month: each.month, ...draftView(each) })),
});

export const simulationView = (of: PartnerSimulation): z.output<typeof simulation> => ({
  ...periodView(of.period),
  tier: of.plan?.tier ?? null,
  happened: totalView(of.happened),
  simulated: totalView(of.simulated),
  late_units: of.lateUnits,
  replayed_calls: of.replayedCalls,
  unexplained_calls: of.unexplainedCalls,
  days: of.days.map(({ dayMs, basis, areRatesUnknown, happened, simulated }: SimulatedDay) => ({
    day: isoDay(dayMs),
    basis,
    rates_unknown: areRatesUnknown,
    happened: dayView(happened),
    simulated: dayView(simulated),
  })),
});

/** Other prices of a plan, in one currency; what is left out stays. */
export const planTrial = z.object({
  month: someMonth.optional(),
  currency: currency.optional().describe('In which the prices are; needed with them'),
  price: fromText(amount).optional().describe('Of a month, in minor units'),
  overage_per_1000: fromText(amount).optional(),
  rate_limit_per_month: fromText(limitValue).optional().describe('What is included'),
});

/** @throws AppError validation_error, conflict */
export const planTrialOf =
  (asked: z.output<typeof planTrial>) =>
  ({ prices, perMonth }: Plan): PlanTrial => {
    const { currency: of, price, overage_per_1000 } = asked;
    const trialled = { perMonth: asked.rate_limit_per_month ?? perMonth, prices };
    if (!of) {
      if (price === undefined && overage_per_1000 === undefined) return trialled;
      const details = [{ field: 'currency', message: 'is needed with prices' }];
      throw new AppError('validation_error', undefined, { details });
    }
    const known = prices[of];
    if (!known) throw new AppError('conflict', 'This plan has no price in this currency');
    const changed = {
      price: price ?? known.price,
      overage_per_1000: overage_per_1000 ?? known.overage_per_1000,
    };
    return { ...trialled, prices: { ...prices, [of]: changed } };
  };

const holder = z.object({
  id: z.string(),
  name: z.string(),
  happened: z.object({ ...outcome, overage_units: z.int(), cost: sums }),
  simulated: z.object({ ...outcome, overage_units: z.int(), cost: sums }),
});
export const planSimulation = z.object({
  ...period,
  tier: z.string(),
  partners: z.int().describe('That were on the plan, and were simulated'),
  happened: sums,
  simulated: sums,
  listed: z.array(holder).describe('Those whose cost differs most, first'),
  is_partial: z.boolean().describe('More partners were on the plan than one simulation takes'),
});

const holderSide = ({ units, refused: by, cost }: HolderOutcome['happened']) => ({
  units,
  refused: by,
  overage_units: cost.overageUnits,
  cost: cost.sums as Sums,
});
export const planSimulationView = (of: PlanSimulation): z.output<typeof planSimulation> => ({
  ...periodView(of.period),
  tier: of.plan.tier,
  partners: of.partners,
  happened: of.happened,
  simulated: of.simulated,
  listed: of.listed.map(({ id, name, happened, simulated }) => ({
    id,
    name,
    happened: holderSide(happened),
    simulated: holderSide(simulated),
  })),
  is_partial: of.isPartial,
});
