// The log line of a call. A line costs more than the request that it is about, so those of calls that went well are
// sampled, and say so (`sample`: each stands for 1/sample of them); errors, refusals and slow calls are always written,
// but of the same refusal of the same key one a second, with how many came before it (`and_before`).

import { dropOldest } from '../core/bounded.ts';

/** Slower than this is worth a line, ms. */
const SLOW_MS = 1000;
const A_SECOND_MS = 1000;
const MAX_FLOODS = 10_000;

export interface Call {
  status: number;
  durationMs: number;
  /** Whose refusals are alike: of the key that was named, or of the address that named none. */
  from: string;
  error: string | undefined;
}

export interface CallLogPorts {
  /** Share of the calls that went well that are written, from 0 to 1. */
  successShare: number;
  now(): number;
  /** From 0 to 1. */
  chance(): number;
  log(line: Record<string, unknown>): void;
}

export function createCallLog({ successShare, now, chance, log }: CallLogPorts) {
  /** Refusals that were written within the last second, and how many were not. */
  const floods = new Map<string, { untilMs: number; unwritten: number }>();

  /** How many were not written before this one; undefined when it is not to be written either. */
  function refusalsBefore({ from, error }: Call): number | undefined {
    const name = `${error} ${from}`;
    const flood = floods.get(name);
    const nowMs = now();
    if (flood && nowMs < flood.untilMs) {
      flood.unwritten++;
      return undefined;
    }
    floods.delete(name);
    floods.set(name, { untilMs: nowMs + A_SECOND_MS, unwritten: 0 });
    dropOldest(floods, MAX_FLOODS);
    return flood?.unwritten ?? 0;
  }

  /** Of what went well. */
  function sampled(line: () => Record<string, unknown>): void {
    if (successShare >= 1) log(line());
    else if (chance() < successShare) log({ ...line(), sample: successShare });
  }

  return {
    sampled,
    /** `line`: made only where it is written. */
    write(call: Call, line: () => Record<string, unknown>): void {
      if (call.status >= 400 && call.status < 500 && call.error !== undefined) {
        const before = refusalsBefore(call);
        if (before !== undefined) log(before > 0 ? { ...line(), and_before: before } : line());
      } else if (call.status >= 400 || call.durationMs >= SLOW_MS) log(line());
      else sampled(line);
    },
  };
}

export type CallLog = ReturnType<typeof createCallLog>;
