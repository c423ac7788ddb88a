// Fields that several requests share, and what each accepts.

import * as z from 'zod';
import { isRange } from '../keys/ip-list.ts';

export const keyName = z.string().trim().min(1).max(255);
export const scopeList = z
  .array(z.string().min(1).max(100))
  .min(1)
  .max(50)
  .transform((scopes) => [...new Set(scopes)]);
/** RFC 3339 with a zone, in the future. */
export const rfcTime = z.iso
  .datetime({ offset: true, error: 'must be RFC 3339 with a zone, like 2027-01-31T00:00:00Z' })
  .refine((text) => Date.parse(text) > Date.now(), 'must be in the future');
export const ipRanges = z.array(z.string().refine(isRange, 'must be an address or a CIDR range')).max(100);
export const origins = z
  .array(
    z
      .string()
      .max(255)
      .refine((text) => {
        try {
          return new URL(text).origin === text && text.startsWith('http');
        } catch {
          return false;
        }
      }, 'must be an origin, like https://app.example.com'),
  )
  .max(100);
/** -1 is unlimited, 0 is nothing at all. */
export const limitValue = z.int().min(-1).max(2_000_000_000);
export const reason = z.string().trim().min(1).max(500);
