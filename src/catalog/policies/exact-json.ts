// JSON that is read, changed and written again keeps its numbers as they were written: ids beyond 2^53, decimals, exponents.
// JavaScript's own would round them. Pure.

interface Context {
  source?: string;
}
type Reviver = (this: unknown, key: string, value: unknown, context: Context) => unknown;
/** ECMAScript's proposal "JSON.parse source text access", which V8 has; TypeScript's library has it not yet. */
const exact = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/** @throws SyntaxError */
export const parseExactly = (text: string): unknown =>
  exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? exact.rawJSON(source)
      : value,
  );

/** A number that is kept as it was written. */
export const isWritten = (value: unknown): boolean => exact.isRawJSON(value);
