// The JSON schema of rows that are answered as they are read.

import * as z from 'zod';
import type { Column, ColumnType, RowOf, RowSchema } from '../platform/row.ts';

const TYPES: Record<ColumnType, () => z.ZodType> = {
  uuid: z.uuid,
  text: z.string,
  number: z.number,
  boolean: z.boolean,
  time: () => z.iso.datetime(),
  texts: () => z.array(z.string()),
  numbers: () => z.array(z.number()),
  json: z.unknown,
};

function valueSchema({ type, isNullable, values }: Column<unknown>): z.ZodType {
  const schema = values ? z.enum(values) : TYPES[type]();
  return isNullable ? schema.nullable() : schema;
}

// Each member is that of the row, and so the whole is.
export const rowSchema = <Schema extends RowSchema>({ columns }: Schema): z.ZodType<RowOf<Schema>> =>
  z.object(
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, valueSchema(column)])),
  ) as unknown as z.ZodType<RowOf<Schema>>;
