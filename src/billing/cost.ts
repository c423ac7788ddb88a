// What a closed period costs, in cents, in integers. Pure.

import { isUnlimited, type OverageAction } from '../limits/limit.ts';

export interface CostTerms {
  /** Price of a month of the tier. */
  priceCents: number;
  includedUnits: number;
  overage: OverageAction;
  overagePricePer1000Cents: number;
}

/** Units beyond what is included, billed by started cent; nothing where the overage action is not `charge`. */
export function overageCents(
  units: number,
  { includedUnits, overage, overagePricePer1000Cents }: CostTerms,
): number {
  if (overage !== 'charge' || isUnlimited(includedUnits)) return 0;
  const excess = Math.max(0, units - includedUnits);
  return Math.ceil((excess * overagePricePer1000Cents) / 1000);
}

/** A month: the tier's price and the overage. Test calls never cost. */
export const monthCents = (units: number, terms: CostTerms): number =>
  terms.priceCents + overageCents(units, terms);
