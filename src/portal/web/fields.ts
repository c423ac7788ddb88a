// What the portal's forms send, read into what the services take. Lists are one entry a line.

import * as z from 'zod';
import { ipRanges, scopeList } from '../../http/fields.ts';

const entriesOf = (typed: string | undefined): string[] => [
  ...new Set((typed ?? '').split(/[\s,]+/).filter((entry) => entry !== '')),
];
export const entriesField = z.string().optional().transform(entriesOf);
export const ipLines = entriesField.pipe(ipRanges);
export const scopeLines = entriesField.pipe(scopeList);

/** A day, kept as its end in UTC; empty is none. */
export const dayField = z
  .union([z.literal(''), z.iso.date()])
  .optional()
  .transform((day) => (day ? `${day}T23:59:59Z` : null))
  .refine((moment) => moment === null || Date.parse(moment) > Date.now(), { params: { code: 'future' } });

/** A form of what a JSON route takes: a field that is left empty is null, and those of `lists` are lists. */
export const formOf = <Schema extends z.ZodObject>(
  schema: Schema,
  lists: readonly (keyof z.input<Schema> & string)[] = [],
) =>
  z
    .record(z.string(), z.string())
    .transform(
      (typed): Record<string, unknown> => ({
        ...Object.fromEntries(
          Object.entries(typed).map(([name, value]) => [name, value.trim() === '' ? null : value]),
        ),
        ...Object.fromEntries(lists.map((name) => [name, entriesOf(typed[name])])),
      }),
    )
    .pipe(schema);
