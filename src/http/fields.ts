// Fields that several requests share, and what each accepts. Every text that comes from outside is one of these: well
// formed, without control characters, bounded, so that it can be stored, mailed, logged and shown as it is.

import * as z from 'zod';
import { type RangeProblem, rangeProblem } from '../core/ip-list.ts';
import { ANY_ORIGIN } from '../core/origins.ts';
import { SIGNATURE_RULES } from '../keys/signature.ts';

/** C0 and C1, DEL, and the separators that end a line. Halves of pairs are not well formed, and are refused before. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t]|[\u2028\u2029]/u;
const MALFORMED = 'must be text without control characters';

/** Whether anything at all can keep it: Postgres takes no NUL, and UTF-8 no half of a pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** No request of ours is a tenth as deep; what walks a value goes as deep as it is. */
const MAX_DEPTH = 64;

/** Whether all texts in a JSON value are storable, names included, and it is no deeper than anything needs. */
export const isStorableJson = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  return Object.entries(value).every(([name, each]) => isStorable(name) && isStorableJson(each, depth + 1));
};

/** One line. */
export const text = (most: number, fewest = 0) =>
  z
    .string()
    .trim()
    .min(fewest)
    .max(most)
    .refine((value) => value.isWellFormed() && !CONTROL.test(value), {
      error: MALFORMED,
      params: { code: 'line' },
    });
/** Several lines, ended by LF; forms send CRLF. */
export const lines = (most: number) =>
  z
    .string()
    .overwrite((value) => value.replaceAll('\r\n', '\n').replaceAll('\r', '\n').trim())
    .max(most)
    .refine((value) => value.isWellFormed() && !CONTROL_BUT_LINES.test(value), {
      error: MALFORMED,
      params: { code: 'text' },
    });

export const email = z.email().max(255);
export const keyName = text(255, 1);
export const scopeList = z
  .array(text(100, 1))
  .min(1)
  .max(50)
  .transform((scopes) => [...new Set(scopes)]);
/** RFC 3339 with a zone; handed on in UTC: zones that some reader takes for none are nobody's concern. */
export const rfcMoment = z.iso
  .datetime({ offset: true, error: 'must be RFC 3339 with a zone, like 2027-01-31T00:00:00Z' })
  .refine((moment) => !Number.isNaN(Date.parse(moment)), 'must be a moment that there is')
  .transform((moment) => new Date(moment).toISOString());
/** In the future. */
export const rfcTime = rfcMoment.refine((moment) => Date.parse(moment) > Date.now(), 'must be in the future');

function sayRange(problem: RangeProblem): string {
  if (problem.kind === 'address') return 'must be an address or a CIDR range, like 192.0.2.7 or 192.0.2.0/24';
  if (problem.kind === 'width') return `must end in a width from /0 to /${problem.most}`;
  return problem.kind === 'mapped'
    ? `must be written as IPv4: ${problem.instead}`
    : `must begin with the first address of its range: ${problem.instead}`;
}
export const ipRange = z
  .string()
  .trim()
  .superRefine((value, context) => {
    const problem = rangeProblem(value);
    if (problem)
      context.addIssue({
        code: 'custom',
        message: sayRange(problem),
        params: { code: 'range', problem },
        input: value,
      });
  })
  .max(50);
export const ipRanges = z.array(ipRange).max(100);
/** Of a page: never `javascript:`. */
export const webAddress = z.url({ protocol: /^https?$/ }).max(500);

function isOrigin(value: string): boolean {
  if (value === ANY_ORIGIN) return true;
  if (!URL.canParse(value)) return false;
  const { origin, protocol } = new URL(value);
  return origin === value && (protocol === 'https:' || protocol === 'http:');
}
export const origins = z
  .array(
    text(255).refine(isOrigin, {
      error: 'must be an origin, like https://app.example.com, or * for any',
      params: { code: 'origin' },
    }),
  )
  .max(100);
/** -1 is unlimited, 0 is nothing at all. */
export const limitValue = z.int().min(-1).max(2_000_000_000);
/** What happens beyond a quota. */
export const overageAction = z.enum(['block', 'warn', 'charge']);
/** Day of the version of dated APIs that something is pinned to; null: as what it belongs to. */
export const apiVersionDay = z.iso.date().refine((day) => day >= '1970-01-01', 'must be a day since 1970');
export const apiVersion = apiVersionDay.nullish();
export const signatureRule = z.enum(SIGNATURE_RULES);
export const reason = text(500, 1);
