// Schemas of changes that policies and dated versions make of requests and answers.

import * as z from 'zod';

/** RFC 6901; `*` is every member or item. */
export const pointer = z
  .string()
  .max(500)
  .regex(/^(?:\/(?:[^~/]|~[01])*)+$/);
export const jsonChange = z.discriminatedUnion('op', [
  z.object({ op: z.literal('set'), pointer, value: z.json() }),
  z.object({ op: z.literal('remove'), pointer }),
  z.object({ op: z.literal('rename'), pointer, to: z.string().min(1).max(100) }),
]);
export const queryName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^&=#?\s]+$/);
