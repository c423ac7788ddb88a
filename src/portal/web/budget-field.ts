// A budget as people type it: units, or an amount of money.

import { minorOf } from '../../billing/amounts.ts';
import type { KeyBudget } from '../../keys/key-budget-service.ts';
import { amountText } from '../../web/field-error.ts';
import { FieldsRefused } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';

const MAX_UNITS = 1_000_000_000_000;
const MAX_MINOR = MAX_UNITS / 1000;

/** `currency`: where it is in money. @throws FieldsRefused where it is none */
export function typedBudget(typed: string, currency: string | undefined, view: View): KeyBudget {
  if (currency !== undefined) {
    const minor = minorOf(typed, currency);
    if (minor === undefined || minor < 1 || minor > MAX_MINOR)
      throw new FieldsRefused({ budget: amountText(view, currency, MAX_MINOR) });
    return { minor };
  }
  const digits = typed.replace(/\s/g, '');
  const units = /^\d{1,13}$/.test(digits) ? Number(digits) : 0;
  if (units < 1 || units > MAX_UNITS) throw new FieldsRefused({ budget: view.m.budgets.wholeUnits });
  return { units };
}
