// Amounts in integers of the minor unit (cents; yen, which have none). Pure. Products go through BigInt: a price in
// minor units times the milliseconds of a month is beyond what a number holds exactly.

import { BRAND } from '../brand/brand.ts';
import { once } from '../core/once.ts';

export type Currency = string;
/** In which plans have prices: the brand's. */
export const CURRENCIES: readonly Currency[] = BRAND.currencies;

/** Digits after the point, from the runtime's own table (ISO 4217): 2 for EUR, 0 for JPY. */
export const digitsOf = once(
  (currency: string): number =>
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2,
);

/** `12.50` of 1250 and EUR, `1250` of 1250 and JPY. */
export function decimalOf(minor: number, currency: string): string {
  return (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));
}

/** a × b ÷ c, rounded down. For non-negative integers. */
export const share = (a: number, b: number, c: number): number => Number((BigInt(a) * BigInt(b)) / BigInt(c));

const BPS = 10_000n;

/** Tax on an amount, to the nearest minor unit, halves away from zero. */
export function taxOf(amountMinor: number, taxBps: number): number {
  const size = BigInt(Math.abs(amountMinor)) * BigInt(taxBps);
  const tax = Number((size * 2n + BPS) / (BPS * 2n));
  return amountMinor < 0 ? -tax : tax;
}

/**
 * Divides `total` in proportion to `weights`, in integers that add up to it: largest remainder, earlier entries first
 * among equals. All zero weights give all to the first.
 */
export function divide(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map((_, i) => (i === 0 ? total : 0));
  const parts = weights.map((weight) => share(total, weight, sum));
  const rests = weights.map((weight, i) => ({
    i,
    rest: BigInt(total) * BigInt(weight) - BigInt(parts[i] ?? 0) * BigInt(sum),
  }));
  rests.sort((a, b) => (b.rest > a.rest ? 1 : b.rest < a.rest ? -1 : a.i - b.i));
  const left = total - parts.reduce((a, b) => a + b, 0);
  for (const { i } of rests.slice(0, left)) parts[i] = (parts[i] ?? 0) + 1;
  return parts;
}

/** Minor units of an amount as people type it: `49`, `49.90`, `49,90`; undefined when it is none, or too fine. */
export function minorOf(text: string, currency: string): number | undefined {
  const match = /^(\d{1,12})(?:[.,](\d{1,3}))?$/.exec(text.replace(/[\s\u00a0\u202f]/g, ''));
  if (!match) return undefined;
  const digits = digitsOf(currency);
  const [, whole = '', part = ''] = match;
  if (part.length > digits) return undefined;
  return Number(whole + part.padEnd(digits, '0'));
}
