// What other prices of a plan would have brought of all partners that were on it. Asked for in the address.

import * as z from 'zod';
import { CURRENCIES } from '../../billing/amounts.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { AppError } from '../../core/errors.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { limitValue } from '../../http/fields.ts';
import { month } from '../../http/simulation-schemas.ts';
import type { HolderOutcome, PlanSimulation } from '../../simulator/plan-simulation-service.ts';
import { Field, Form, Select } from '../../web/components/form.tsx';
import { Empty, Note, Panel } from '../../web/components/parts.tsx';
import { monthOptions } from '../../web/components/simulation-form.tsx';
import { changeText, sumsText } from '../../web/components/simulation-parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, FieldsRefused, type Wrong, wrongOf } from '../../web/forms.ts';
import { planName } from '../../web/plan-text.ts';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { type FormValues, readFields, render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { pricesOf, valuesOf } from './plan-form.tsx';

/** Prices as in the plan's own form; `month` is what is included. */
const trialForm = z.object({
  period: z.union([z.literal('').transform(() => undefined), month]).optional(),
  month: z.coerce.number<string>().pipe(limitValue),
});

const addressOf = ({ tier }: Plan): string => `/operator/plans/${tier}/simulation`;

const TrialForm = ({
  plan,
  months,
  values,
  wrong,
}: {
  plan: Plan;
  months: readonly string[];
  values: FormValues;
  wrong?: Wrong;
}) => {
  const { m } = useView();
  return (
    <Panel title={m.simulation.settings}>
      <Form method="get" action={addressOf(plan)} kind="pad stack" saved={values} wrong={wrong}>
        <div class="pair">
          <Select name="period" label={m.simulation.period} options={monthOptions(months)} />
          <Field name="month" label={m.simulation.included} inputmode="numeric" maxlength={10} />
        </div>
        {CURRENCIES.map((currency) => (
          <div class="pair">
            <Field name={`price_${currency}`} label={m.console.price(currency)} maxlength={20} />
            <Field name={`overage_${currency}`} label={m.console.overagePrice(currency)} maxlength={20} />
          </div>
        ))}
        <div>
          <button type="submit" class="button primary">
            {m.simulation.run}
          </button>
        </div>
      </Form>
    </Panel>
  );
};

const HolderPanel = ({ listed }: { listed: readonly HolderOutcome[] }) => {
  const view = useView();
  const { m, format } = view;
  const units = ({ happened, simulated }: HolderOutcome): string =>
    happened.units === simulated.units
      ? format.number(happened.units)
      : `${format.number(happened.units)} → ${format.number(simulated.units)}`;
  return (
    <Panel title={m.simulation.largest}>
      <Table
        rows={listed}
        columns={[
          {
            title: m.operator.partner,
            cell: ({ id, name }) => <a href={`/operator/partners/${id}/simulation`}>{name}</a>,
          },
          { title: m.simulation.acceptedShort, kind: 'num', cell: units },
          {
            title: m.simulation.was,
            kind: 'num',
            cell: ({ happened, simulated }) => sumsText(view, happened.cost.sums, simulated.cost.sums),
          },
          {
            title: m.simulation.would,
            kind: 'num',
            cell: ({ happened, simulated }) => (
              <strong>{sumsText(view, simulated.cost.sums, happened.cost.sums)}</strong>
            ),
          },
          {
            title: m.simulation.change,
            kind: 'num',
            cell: ({ happened, simulated }) => changeText(view, happened.cost.sums, simulated.cost.sums),
          },
        ]}
      />
    </Panel>
  );
};

const Found = ({ simulation }: { simulation: PlanSimulation }) => {
  const view = useView();
  const { m, format } = view;
  const { period, partners, happened, simulated, listed, isPartial } = simulation;
  const [from, to] = [period.fromMs, period.toMs - DAY_MS].map((ms) => format.date(isoDay(ms)));
  const currencies = [...new Set([...Object.keys(happened), ...Object.keys(simulated)])].sort();
  const amount = (sums: Record<string, number>, currency: string) =>
    format.money(sums[currency] ?? 0, currency);
  return (
    <>
      <Panel
        title={m.simulation.result(from ?? '', to ?? '')}
        action={<span class="soft">{m.simulation.partners(partners, format.number(partners))}</span>}
      >
        {partners === 0 ? (
          <Empty title={m.simulation.nobody} />
        ) : (
          <Table
            rows={currencies}
            columns={[
              { title: m.simulation.sums, cell: (currency) => currency },
              { title: m.simulation.was, kind: 'num', cell: (currency) => amount(happened, currency) },
              {
                title: m.simulation.would,
                kind: 'num',
                cell: (currency) => <strong>{amount(simulated, currency)}</strong>,
              },
              {
                title: m.simulation.change,
                kind: 'num',
                cell: (currency) =>
                  format.change((simulated[currency] ?? 0) - (happened[currency] ?? 0), currency),
              },
            ]}
          />
        )}
      </Panel>
      {isPartial && <Note kind="warn">{m.simulation.partial}</Note>}
      {listed.length > 0 && <HolderPanel listed={listed} />}
    </>
  );
};

/** What the address asks for, or what is wrong with it; the plan as it is where it asks for nothing. */
async function askTrial(
  context: ConsoleContext,
  plan: Plan,
): Promise<{ values: FormValues; simulation?: PlanSimulation; wrong?: Wrong }> {
  const view = operator(context);
  const asked = context.req.query();
  const { values, data, errors } = readFields(context, { ...valuesOf(plan), ...asked }, trialForm);
  if (errors) return { values, wrong: wrongOf(values, errors) };
  try {
    const prices = pricesOf(values, view);
    const trial = { prices: { ...plan.prices, ...prices }, perMonth: data.month };
    const { planSimulations } = context.var.services;
    return { values, simulation: await planSimulations.simulate(plan.tier, () => trial, data.period) };
  } catch (error) {
    if (error instanceof FieldsRefused) return { values, wrong: wrongOf(values, error.errors) };
    const refused = error instanceof AppError ? conflictAt(view, 'period')(error) : undefined;
    if (!refused) throw error;
    return { values, wrong: { values, errors: refused, status: 409 } };
  }
}

operatorConsole.get('/operator/plans/:tier/simulation', async (context) => {
  const { plans, planSimulations } = context.var.services;
  const tier = context.req.param('tier');
  const plan = (await plans.plans()).find((each) => each.tier === tier);
  if (!plan) throw new AppError('not_found', 'No such plan');
  const view = shownAt(operator(context), addressOf(plan));
  const { m } = view;
  const { values, simulation, wrong } = await askTrial(context, plan);
  const title = m.simulation.plan(planName(view, plan));
  return render(
    context,
    <ConsolePage view={view} title={title}>
      <div>
        <p class="crumbs">
          <a href="/operator/plans">{m.console.plans}</a>
        </p>
        <h1>{title}</h1>
      </div>
      <p class="soft">{m.simulation.planAbout}</p>
      <TrialForm plan={plan} months={planSimulations.months()} values={values} wrong={wrong} />
      {simulation && <Found simulation={simulation} />}
    </ConsolePage>,
    wrong?.status,
  );
});
