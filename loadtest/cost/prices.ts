// What Cloudflare charges beyond what the plan includes, US dollars, November 2026; and what counted operations come to.
// Storage and what Neon charges stand apart.
//
//   https://developers.cloudflare.com/workers/platform/pricing/            requests, CPU, log lines
//   https://developers.cloudflare.com/durable-objects/platform/pricing/    object requests (calls and alarms), duration, rows
//   https://developers.cloudflare.com/kv/platform/pricing/                 reads, writes
//   https://developers.cloudflare.com/queues/platform/pricing/             operations: a write, a read and a delete of each begun 64 kB

/** Dollars for a million of each. */
export const PRICES = {
  requests: 0.3,
  cpuMs: 0.02,
  objectRequests: 0.15,
  /** Of wall-clock time in which an object is active, at 128 MB. */
  objectGbSeconds: 12.5,
  rowsWritten: 1,
  rowsRead: 0.001,
  kvReads: 0.5,
  kvWrites: 5,
  queueOperations: 0.4,
  logLines: 0.6,
  /** The line that Workers Logs writes of each call, object call, alarm and batch, unless wrangler.toml turns it off. */
  invocationLines: 0.6,
} as const;

export type Operation = keyof typeof PRICES;
/** How many for one call of the API. */
export type PerCall = Partial<Record<Operation, number>>;

export const OPERATIONS_A_MESSAGE = 3;
/** An object is billed as if it had this much memory. */
export const OBJECT_GB = 0.128;

export interface Bill {
  /** Dollars for a million calls. */
  dollars: number;
  lines: Record<string, { perCall: number; dollars: number }>;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

export function billOf(perCall: PerCall): Bill {
  const lines: Bill['lines'] = {};
  let sum = 0;
  for (const operation of Object.keys(PRICES) as Operation[]) {
    const count = perCall[operation];
    if (count === undefined) continue;
    // A price for a million is dollars for a million calls, times how many each makes.
    const dollars = count * PRICES[operation];
    sum += dollars;
    lines[operation] = { perCall: rounded(count, 5), dollars: rounded(dollars, 4) };
  }
  return { dollars: rounded(sum, 3), lines };
}

/** What a gateway pays that does the plain thing for each call. */
export const PLAIN: PerCall = {
  requests: 1,
  objectRequests: 1,
  rowsWritten: 1,
  kvReads: 1,
  queueOperations: OPERATIONS_A_MESSAGE,
  logLines: 1,
};
