// Numbers as people type them into a form: with spaces between the thousands, and a comma or a point before decimals.

import * as z from 'zod';
import type { FieldProblem, NumberRange } from './field-error.ts';

const MAX_CHARS = 40;
const WHOLE = /^-?\d+$/;
const DECIMAL = /^-?\d+(?:[.,]\d+)?$/;
/** Of things that do not come in parts. */
const WHOLE_UNITS: readonly NumberRange['unit'][] = ['perSecond', 'perDay', 'perMonth', 'keys', 'days'];

/** undefined where it is no number of that range. */
function numberOf(typed: string, { unit, from, to, mayBeNoLimit }: NumberRange): number | undefined {
  const digits = typed.replace(/\s/g, '').replace('\u2212', '-');
  if (digits.length > MAX_CHARS || !(WHOLE_UNITS.includes(unit) ? WHOLE : DECIMAL).test(digits))
    return undefined;
  const value = Number(digits.replace(',', '.'));
  return (value >= from && value <= to) || (mayBeNoLimit && value === -1) ? value : undefined;
}

const checked =
  (range: NumberRange) =>
  (typed: string, context: z.RefinementCtx): number => {
    const value = numberOf(typed, range);
    if (value !== undefined) return value;
    const params: FieldProblem = { code: 'number', range };
    context.addIssue({ code: 'custom', params, input: typed });
    return z.NEVER;
  };

export const numberField = (range: NumberRange) => z.string().trim().min(1).transform(checked(range));

/** Empty is null. */
export const numberOrNone = (range: NumberRange) =>
  z
    .string()
    .trim()
    .default('')
    .transform((typed, context) => (typed === '' ? null : checked(range)(typed, context)));

const LIMIT = { from: 0, to: 2_000_000_000, mayBeNoLimit: true };
/** -1 is unlimited, 0 is nothing at all. */
export const limitField = (unit: 'perSecond' | 'perDay' | 'perMonth' | 'keys') =>
  numberField({ unit, ...LIMIT });
