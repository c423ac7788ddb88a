// A budget as people type it: units, or an amount of money.

import { minorOf } from '../../billing/amounts.ts';
import { MAX_BUDGET, MAX_BUDGET_MINOR } from '../../http/key-schemas.ts';
import type { KeyBudget } from '../../keys/key-budget-service.ts';
import { amountText } from '../../web/field-error.ts';
import { FieldsRefused } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';

/** `currency`: where it is in money. @throws FieldsRefused where it is none */
export function typedBudget(typed: string, currency: string | undefined, view: View): KeyBudget {
  if (currency !== undefined) {
    const minor = minorOf(typed, currency);
    if (minor === undefined || minor < 1 || minor > MAX_BUDGET_MINOR)
      throw new FieldsRefused({ budget: amountText(view, currency, MAX_BUDGET_MINOR) });
    return { minor };
  }
  const digits = typed.replace(/\s/g, '');
  const units = /^\d{1,13}$/.test(digits) ? Number(digits) : 0;
  if (units < 1 || units > MAX_BUDGET) throw new FieldsRefused({ budget: view.m.budgets.wholeUnits });
  return { units };
}
