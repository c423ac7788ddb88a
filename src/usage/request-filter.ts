// By which requests are narrowed, the same in a page's address and in the API. Pure.

import * as z from 'zod';
import { isProblem } from './problem.ts';
import { OUTCOMES } from './scope-reports.ts';

/** As events have them. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'OTHER'] as const;
export const STATUS_CLASSES = ['2xx', '4xx', '5xx'] as const;
const MAX_PATH_CHARS = 256;

export const requestFilter = z
  .object({
    outcome: z
      .enum(OUTCOMES)
      .describe('`imported`: a day’s calls, counted where the account was before, in one row'),
    status: z
      .string()
      .regex(/^[1-5](?:\d\d|xx)$/)
      .describe('One status, or a class: `503`, `5xx`'),
    method: z.enum(METHODS),
    path: z.string().max(MAX_PATH_CHARS).describe('A part of the path as it was sent'),
    error: z
      .string()
      .refine(isProblem, 'no error code')
      .describe('A code of ours, or `upstream_` and the status that the upstream answered'),
    country: z.string().regex(/^[A-Z]{2}$/),
  })
  .partial();
export type RequestFilter = z.infer<typeof requestFilter>;

/** The statuses from and to which `503` or `5xx` goes. */
export function statusRange(status: string | undefined): { from: number | null; to: number | null } {
  if (status === undefined) return { from: null, to: null };
  return { from: Number(status.replaceAll('x', '0')), to: Number(status.replaceAll('x', '9')) };
}
