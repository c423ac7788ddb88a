// What must hold, whoever calls. A failed assertion ends the request, not the process.

export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`);
}

/** Makes the compiler prove that a switch over a union is complete. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
