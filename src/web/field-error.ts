// What is wrong with a field, in the words of a page: which unit it is in, and what it takes. All forms say it from here.
// Pure.

import type * as z from 'zod';
import { digitsOf } from '../billing/amounts.ts';
import type { RangeProblem } from '../core/ip-list.ts';
import type { fieldsEn, Unit } from './messages/fields.en.ts';
import type { View } from './view.ts';

type Issue = z.core.$ZodIssue;
type Words = Pick<View, 'm' | 'format'>;

/** What a number of a form may be; -1 besides, where it is for no limit. */
export interface NumberRange {
  unit: Unit;
  from: number;
  to: number;
  mayBeNoLimit?: boolean;
}

/** What a check of ours says of what it refused: `params` of its issue. */
export type FieldProblem =
  | { code: keyof (typeof fieldsEn)['codes'] }
  | { code: 'origin' }
  | { code: 'range'; problem: RangeProblem }
  | { code: 'number'; range: NumberRange };

/** Of what was typed, as much as a sentence holds. */
const MAX_SHOWN_CHARS = 60;
const shown = (input: unknown): string => {
  const text = String(input ?? '');
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
};

function rangeText({ m }: Words, problem: RangeProblem, typed: string): string {
  const words = m.fields.range;
  if (problem.kind === 'address') return words.address(typed);
  if (problem.kind === 'width') return words.width(typed, String(problem.most));
  return words[problem.kind](typed, problem.instead);
}

function numberText({ m, format }: Words, { unit, from, to, mayBeNoLimit }: NumberRange): string {
  const text = m.fields.number(unit, format.number(from), format.number(to));
  return mayBeNoLimit ? text + m.fields.orNoLimit : text;
}

/** Of what is no amount of this currency, or more than the most. */
export function amountText({ m, format }: Words, currency: string, mostMinor?: number): string {
  const text = m.fields.amount(currency, digitsOf(currency) > 0);
  return mostMinor === undefined ? text : text + m.fields.amountAtMost(format.money(mostMinor, currency));
}

function problemText(words: Words, problem: FieldProblem, input: unknown): string {
  const { fields } = words.m;
  if (problem.code === 'number') return numberText(words, problem.range);
  if (problem.code === 'range') return rangeText(words, problem.problem, shown(input));
  if (problem.code === 'origin') return fields.origin(shown(input));
  return fields.codes[problem.code] ?? fields.other;
}

type Size = Extract<Issue, { code: 'too_small' | 'too_big' }>;

function sizeText({ m: { fields }, format }: Words, issue: Size): string {
  const isSmall = issue.code === 'too_small';
  const bound = Number(isSmall ? issue.minimum : issue.maximum);
  const number = format.number(bound);
  if (issue.origin === 'array')
    return isSmall ? fields.fewestEntries(bound, number) : fields.mostEntries(bound, number);
  if (issue.origin !== 'string') return isSmall ? fields.fewest(number) : fields.most(number);
  if (isSmall && bound === 1) return fields.required;
  const typed = typeof issue.input === 'string' ? fields.nowChars(format.number(issue.input.length)) : '';
  return (isSmall ? fields.fewestChars(bound, number) : fields.mostChars(bound, number)) + typed;
}

function formatText({ m: { fields } }: Words, format: string): string {
  if (format === 'email' || format === 'url' || format === 'date') return fields[format];
  if (format === 'uuid') return fields.id;
  return format === 'datetime' ? fields.moment : fields.other;
}

/** `issue`: with its input, where the page may say it. */
export function fieldErrorText(words: Words, issue: Issue): string {
  const { fields } = words.m;
  switch (issue.code) {
    case 'too_small':
    case 'too_big':
      return sizeText(words, issue);
    case 'invalid_format':
      return formatText(words, issue.format);
    case 'invalid_union': {
      // Empty, or what the last of its forms is.
      const last = issue.errors.at(-1)?.[0];
      return last ? fieldErrorText(words, last) : fields.other;
    }
    case 'custom':
      return issue.params ? problemText(words, issue.params as FieldProblem, issue.input) : fields.other;
    case 'invalid_value':
      return issue.input ? fields.choice : fields.required;
    case 'invalid_type':
      return issue.input ? fields.other : fields.required;
    default:
      return fields.other;
  }
}
