// Numbers, times and sizes as people of a language write them. Pure: the moment is handed in.

import { digitsOf } from '../billing/amounts.ts';
import { once } from '../core/once.ts';
import { monthStart } from '../core/time.ts';

export type Language = 'en' | 'fr';
const LOCALES: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };

const STEPS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** The sign of the language's typography, not a hyphen. */
const withMinus = (text: string): string => text.replace('-', '\u2212');
/** French counts the first of a month: 1er novembre. Intl does not. */
const withOrdinal = (text: string, language: Language): string =>
  language === 'fr' ? text.replace(/^1 (?=\p{L})/u, '1er ') : text;

function bytesText(value: number, language: Language, one: Intl.NumberFormat): string {
  const units = language === 'fr' ? ['o', 'ko', 'Mo', 'Go', 'To'] : ['B', 'kB', 'MB', 'GB', 'TB'];
  let step = 0;
  let amount = value;
  while (amount >= 1000 && step < units.length - 1) {
    amount /= 1000;
    step++;
  }
  return `${one.format(amount)} ${units[step]}`;
}

const clockOf = (text: string): string => new Date(text).toISOString().slice(11, 23);

function agoText(seconds: number, relative: Intl.RelativeTimeFormat): string {
  for (const [unit, length] of STEPS)
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return relative.format(Math.round(seconds), 'second');
}

function makeFormatters(locale: string) {
  const numbers = (options: Intl.NumberFormatOptions = {}) => new Intl.NumberFormat(locale, options);
  const dates = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  return {
    number: numbers(),
    compact: numbers({ notation: 'compact', maximumFractionDigits: 1 }),
    percent: numbers({ style: 'percent', maximumFractionDigits: 1 }),
    percentExact: numbers({ style: 'percent', maximumFractionDigits: 3 }),
    one: numbers({ maximumFractionDigits: 1 }),
    day: dates({ day: 'numeric', month: 'short' }),
    date: dates({ dateStyle: 'long' }),
    month: dates({ month: 'long', year: 'numeric' }),
    monthName: dates({ month: 'long' }),
    full: dates({ dateStyle: 'medium', timeStyle: 'medium' }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }),
    regions: new Intl.DisplayNames(locale, { type: 'region' }),
    money: once((currency: string) => numbers({ style: 'currency', currency })),
    change: once((currency: string) => numbers({ style: 'currency', currency, signDisplay: 'exceptZero' })),
  };
}

/** Those of Intl take a page a millisecond and a half to make. */
const formattersOf = once((language: Language) => makeFormatters(LOCALES[language]));

export function createFormat(language: Language, nowMs: number) {
  const intl = formattersOf(language);
  const dateOf = (text: string): string => withOrdinal(intl.date.format(new Date(text)), language);
  return {
    number: (value: number): string => intl.number.format(value),
    /** For axis labels: 12k. */
    compact: (value: number): string => intl.compact.format(value),
    /** Minor units of a currency: €12.50, 12,50 €. */
    money: (minor: number, currency: string): string =>
      withMinus(intl.money(currency).format(minor / 10 ** digitsOf(currency))),
    /** A difference, with its sign: +€12.50 */
    change: (minor: number, currency: string): string =>
      withMinus(intl.change(currency).format(minor / 10 ** digitsOf(currency))),
    percent: (share: number): string => intl.percent.format(share),
    /** Where thousandths matter: 99.95% */
    percentExact: (share: number): string => intl.percentExact.format(share),
    /** 37.2 ms, 1.5 s */
    ms(value: number | null): string {
      if (value === null) return '–';
      return value < 1000 ? `${intl.one.format(value)} ms` : `${intl.one.format(value / 1000)} s`;
    },
    bytes: (value: number): string => bytesText(value, language, intl.one),
    /** `YYYY-MM-DD` or RFC 3339 -> 22 Nov. */
    day: (text: string): string => withOrdinal(intl.day.format(new Date(text)), language),
    /** 22 November 2026 */
    date: dateOf,
    /** November: of the month in which it is, or one before. */
    monthName: (text: string, offset = 0): string =>
      intl.monthName.format(monthStart(Date.parse(text), offset)),
    /** November 2026 */
    month: (text: string): string => intl.month.format(new Date(text)),
    /** 08:12 UTC */
    time: (text: string): string => `${new Date(text).toISOString().slice(11, 16)} UTC`,
    hour: (text: string): string => `${text.slice(11, 13)}:00`,
    /** With the zone: 22 Nov 2026, 08:00:00 UTC. */
    exact: (text: string): string => `${intl.full.format(new Date(text))} UTC`,
    /** To the millisecond, of a day that is named elsewhere: 08:24:55.123 */
    clock: clockOf,
    /** 22 November 2026, 08:24:55.123 UTC */
    moment: (text: string): string => `${dateOf(text)}, ${clockOf(text)} UTC`,
    ago: (text: string): string => agoText((Date.parse(text) - nowMs) / 1000, intl.relative),
    country: (code: string): string => {
      try {
        return intl.regions.of(code) ?? code;
      } catch {
        return code;
      }
    },
  };
}

export type Format = ReturnType<typeof createFormat>;
