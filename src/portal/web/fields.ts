// What the portal's forms send, read into what the services take. Lists are one entry a line.

import * as z from 'zod';
import { ipRanges, keyName, origins, scopeList } from '../../http/fields.ts';

const lines = z
  .string()
  .optional()
  .transform((text) => [...new Set((text ?? '').split(/[\s,]+/).filter((entry) => entry !== ''))]);

export const nameField = keyName;
export const ipLines = lines.pipe(ipRanges);
export const originLines = lines.pipe(origins);
export const scopeLines = lines.pipe(scopeList);
/** A day, kept as its end in UTC; empty is none. */
export const dayField = z
  .union([z.literal(''), z.iso.date()])
  .optional()
  .transform((day) => (day ? `${day}T23:59:59Z` : null))
  .refine((moment) => moment === null || Date.parse(moment) > Date.now(), { params: { code: 'future' } });
export const optionalText = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .optional()
    .transform((text) => (text ? text : null));
export const websiteField = z
  .union([z.literal(''), z.url({ protocol: /^https?$/ }).max(500)])
  .optional()
  .transform((text) => (text ? text : null));
