// What the rows of a statement hold: a value, from which their TypeScript type derives. On your machine and in tests every
// statement is compared with it on the real Postgres (src/dev/row-check.ts): names, types, and what can be null.

/** As the driver hands them over: `number` is any of Postgres's, `time` ISO 8601 in UTC. */
export type ColumnType = 'uuid' | 'text' | 'number' | 'boolean' | 'time' | 'texts' | 'numbers' | 'json';

export interface Column<Value> {
  readonly type: ColumnType;
  readonly isNullable: boolean;
  /** All that there may be. */
  readonly values?: readonly string[];
  /** Why it is never null, where the statement alone does not prove it. */
  readonly reason?: string;
  /** Never there: carries the type. */
  readonly value?: Value;
  nullable(): Column<Value | null>;
  notNull(reason: string): Column<Value>;
}

export type Columns = Readonly<Record<string, Column<unknown>>>;

export interface RowSchema<Named extends Columns = Columns> {
  /** Its only one. */
  readonly name: string;
  readonly columns: Named;
}

type ValueOf<Each> = Each extends Column<infer Value> ? Value : never;
export type RowOf<Schema extends RowSchema> = {
  [Name in keyof Schema['columns']]: ValueOf<Schema['columns'][Name]>;
};

function column<Value>(
  type: ColumnType,
  rest: Partial<Pick<Column<Value>, 'isNullable' | 'values' | 'reason'>> = {},
): Column<Value> {
  return {
    type,
    isNullable: false,
    ...rest,
    nullable: () => column<Value | null>(type, { ...rest, isNullable: true }),
    notNull: (reason) => column<Value>(type, { ...rest, reason }),
  };
}

export const uuid = column<string>('uuid');
export const text = column<string>('text');
export const number = column<number>('number');
export const boolean = column<boolean>('boolean');
export const time = column<string>('time');
export const texts = column<string[]>('texts');
export const numbers = column<number[]>('numbers');
/** Text of a closed set. */
export const oneOf = <const Values extends readonly string[]>(values: Values): Column<Values[number]> =>
  column('text', { values });
/** What is in it, Postgres cannot say: whoever writes it is typed. */
export const json = <Value>(): Column<Value> => column('json');

/** @example const KeyName = row('key name', { id: uuid, name: text, expires_at: time.nullable() }); */
export const row = <const Named extends Columns>(name: string, columns: Named): RowSchema<Named> => ({
  name,
  columns,
});
