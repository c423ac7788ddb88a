// What is wrong with a field, in English: what it takes, and in which unit.

/** What a number in a form counts. */
export type Unit =
  | 'perSecond'
  | 'perDay'
  | 'perMonth'
  | 'keys'
  | 'days'
  | 'percent'
  | 'ms'
  | 'count'
  | 'minutes'
  | 'seconds';

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);
const units: Record<Unit, string> = {
  perSecond: 'a whole number of requests per second',
  perDay: 'a whole number of requests per day',
  perMonth: 'a whole number of requests per month',
  keys: 'a whole number of keys',
  days: 'a whole number of days',
  percent: 'a percentage',
  ms: 'a number of milliseconds',
  count: 'a number',
  minutes: 'a number of minutes',
  seconds: 'a number of seconds',
};

export const fieldsEn = {
  required: 'Required',
  other: 'This is not valid',
  choice: 'Choose one of the list',
  fewestChars: (count: number, number: string) =>
    `Enter at least ${number} ${plural(count, 'character', 'characters')}`,
  mostChars: (count: number, number: string) =>
    `Enter at most ${number} ${plural(count, 'character', 'characters')}`,
  nowChars: (number: string) => `, not ${number}`,
  fewestEntries: (count: number, number: string) =>
    count === 1 ? 'Choose at least one' : `Enter at least ${number} entries`,
  mostEntries: (count: number, number: string) =>
    `Enter at most ${number} ${plural(count, 'entry', 'entries')}`,
  fewest: (number: string) => `Enter a number of at least ${number}`,
  most: (number: string) => `Enter a number of at most ${number}`,
  number: (unit: Unit, from: string, to: string) => `Enter ${units[unit]}, from ${from} to ${to}`,
  /** `hasParts`: of a currency with cents. */
  amount: (currency: string, hasParts: boolean) =>
    `Enter an amount in ${currency}, like ${hasParts ? '49 or 49.90' : '4900'}`,
  amountAtMost: (most: string) => `, of at most ${most}`,
  orNoLimit: ', or -1 for no limit',
  email: 'Enter a valid email address',
  url: 'Enter an address that begins with https:// or http://, like https://example.com',
  id: 'Enter an ID, like 0193a5c2-7d41-7000-8000-0123456789ab',
  date: 'Enter a date, like 2027-01-31',
  moment: 'Enter a date and a time, like 2027-01-31T08:30',
  codes: {
    future: 'Choose a date in the future',
    text: 'Enter text without control characters',
    line: 'Enter one line of text, without control characters',
    apiId: 'Use 1 to 40 lower-case letters, digits and hyphens, with no hyphen first',
    planName: 'Use 1 to 49 lower-case letters, digits and hyphens, with no hyphen first',
    sixDigits: 'Enter the six digits of the code, like 123456',
  },
  origin: (typed: string) =>
    `“${typed}” is not an origin: enter the scheme and the host alone, like https://app.example.com, or * for any`,
  range: {
    address: (typed: string) =>
      `“${typed}” is not an IP address: enter one like 203.0.113.7 or 2001:db8::1, or a range like 203.0.113.0/24`,
    mapped: (typed: string, instead: string) =>
      `“${typed}” is an IPv4 address written as IPv6: enter ${instead}`,
    width: (typed: string, most: string) => `“${typed}” must end in a width from /0 to /${most}`,
    host: (typed: string, instead: string) =>
      `“${typed}” does not begin with the first address of its range: enter ${instead}, or leave out the width for that address alone`,
  },
};
