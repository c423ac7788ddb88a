// What is typed to try other settings, and what it means. Empty is as it was.

import * as z from 'zod';
import { CURRENCIES, type Currency, minorOf } from '../billing/amounts.ts';
import { AppError } from '../core/errors.ts';
import { limitValue, overageAction, text } from '../http/fields.ts';
import { month } from '../http/simulation-schemas.ts';
import type { Trial } from '../simulator/simulation-service.ts';
import { amountText } from './field-error.ts';
import { conflictAt, FieldsRefused, refusedFields, statusOf, type Wrong, wrongOf } from './forms.ts';
import type { View } from './view.ts';
import type { FormErrors, FormValues } from './web.ts';
import { readFields, type WebContext, type WebServices } from './web.ts';

type Words = Pick<View, 'm' | 'format'>;

const asItWas = z.literal('').transform(() => undefined);
const limit = z.union([asItWas, z.coerce.number<string>().pipe(limitValue)]).optional();

const trialForm = z.object({
  month: z.union([asItWas, month]).optional(),
  tier: text(50).default(''),
  currency: z.union([asItWas, z.enum(CURRENCIES)]).optional(),
  overage_action: z.union([asItWas, overageAction]).optional(),
  second: limit,
  day: limit,
  requests: limit,
  cap: text(20).default(''),
});

/** `currency`: in which amounts are typed where no other is tried. @throws FieldsRefused */
function trialOf(data: z.output<typeof trialForm>, currency: Currency, words: Words): Trial {
  const used = data.currency ?? currency;
  const cap = data.cap === '' ? undefined : minorOf(data.cap, used);
  if (data.cap !== '' && cap === undefined) throw new FieldsRefused({ cap: amountText(words, used) });
  return {
    month: data.month,
    tier: data.tier === '' ? undefined : data.tier,
    currency: data.currency,
    perSecond: data.second,
    perDay: data.day,
    perMonth: data.requests,
    overageAction: data.overage_action,
    spendingCapMinor: cap,
  };
}

export interface Asked<Result> {
  values: FormValues;
  /** None where it could not be done: `wrong` says why, or there is no day to simulate. */
  result?: Result;
  wrong?: Wrong;
}

/** What the address asks for, or what is wrong with it. */
export async function askTrial<Services extends WebServices, Result>(
  context: WebContext<Services>,
  currency: Currency,
  simulate: (trial: Trial) => Promise<Result>,
): Promise<Asked<Result>> {
  const { view } = context.var;
  const { values, data, errors } = readFields(context, context.req.query(), trialForm);
  if (errors) return { values, wrong: wrongOf(values, errors) };
  try {
    return { values, result: await simulate(trialOf(data, currency, view)) };
  } catch (error) {
    if (error instanceof FieldsRefused) return { values, wrong: wrongOf(values, error.errors) };
    if (!(error instanceof AppError)) throw error;
    const field = data.currency || data.tier ? (data.currency ? 'currency' : 'tier') : 'month';
    const refused: FormErrors | undefined =
      refusedFields(error, values, view) ?? conflictAt(view, field)(error);
    if (!refused) throw error;
    return { values, wrong: { values, errors: refused, status: statusOf(error) } };
  }
}
