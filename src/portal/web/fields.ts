// What the portal's forms send, read into what the services take. Lists are one entry a line.

import * as z from 'zod';
import {
  ipRanges,
  keyName,
  lines as linesOf,
  origins,
  scopeList,
  text,
  webAddress,
} from '../../http/fields.ts';

export const linesField = z
  .string()
  .optional()
  .transform((text) => [...new Set((text ?? '').split(/[\s,]+/).filter((entry) => entry !== ''))]);

export const nameField = keyName;
export const ipLines = linesField.pipe(ipRanges);
export const originLines = linesField.pipe(origins);
export const scopeLines = linesField.pipe(scopeList);
/** A day, kept as its end in UTC; empty is none. */
export const dayField = z
  .union([z.literal(''), z.iso.date()])
  .optional()
  .transform((day) => (day ? `${day}T23:59:59Z` : null))
  .refine((moment) => moment === null || Date.parse(moment) > Date.now(), { params: { code: 'future' } });
export const optionalText = (most: number) =>
  linesOf(most)
    .optional()
    .transform((value) => value || null);
export const optionalLine = (most: number) =>
  text(most)
    .optional()
    .transform((value) => value || null);
export const websiteField = z
  .union([z.literal(''), webAddress])
  .optional()
  .transform((value) => value || null);
