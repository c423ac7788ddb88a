// What the counters ask of the runtime, so that they run in a Durable Object and in the simulation alike.

import type { PartnerLimits } from '../src/limits/limit.ts';
import type { DrawReply, DrawRequest } from '../src/limits/partner-draw.ts';
import type { PartnerGauges } from '../src/limits/partner-ledger.ts';
import type { Report, ReportReply } from '../src/limits/partner-report.ts';

/** Synchronous; what is put is durable before any answer leaves the object, or neither is. */
export interface ObjectStore {
  get<Value>(key: string): Value | undefined;
  put<Value>(key: string, value: Value): void;
  delete(key: string): void;
  /** In the order of their keys. */
  list<Value>(prefix: string): Iterable<[key: string, value: Value]>;
}

export interface CounterPorts {
  now(): number;
  sleep(ms: number): Promise<unknown>;
  /** Lets work go on that no answer waits for. */
  keepAlive(work: Promise<unknown>): void;
  store: ObjectStore;
  /** Calls `wake` at that moment, whatever happens to the object until then; undefined: not any more. Costs a row. */
  wakeAt(atMs: number | undefined): void;
  log(line: Record<string, unknown>): void;
}

/** Between a key's id and how often it was moved, in the name under which it reports. */
export const MOVED = '~';

/** A partner's object, as a key's object sees it. */
export interface PartnerPort {
  draw(request: DrawRequest): Promise<DrawReply>;
  report(report: Report): Promise<ReportReply>;
  peek(version: number, limits: PartnerLimits): Promise<PartnerGauges>;
}

/** A key's object, as a partner's object sees it. */
export interface HolderPort {
  /** Tells the partner's object what was used, and gives back what it holds. `isAlways`: also where it told that already. */
  report(isAlways: boolean): Promise<void>;
}

export interface KeyPorts extends CounterPorts {
  /** From 0 to 1. */
  chance(): number;
  partner(name: string): PartnerPort;
  nonces: { isUsed(value: string): boolean; use(value: string, expiresMs: number): void };
  /** Whether to ask once more after this error. */
  isWorthRetrying(error: unknown): boolean;
}

export interface PartnerPorts extends CounterPorts {
  holder(name: string): HolderPort;
}

/** The store of a Durable Object with SQLite. */
export const objectStore = ({ kv }: DurableObjectStorage): ObjectStore => ({
  get: (key) => kv.get(key),
  put: (key, value) => kv.put(key, value),
  delete: (key) => void kv.delete(key),
  list: (prefix) => kv.list({ prefix }),
});

/** One line of JSON for `wrangler tail`. */
export const logLine = (line: Record<string, unknown>): void => console.log(JSON.stringify(line));

/** The one alarm of a Durable Object. */
export const alarmOf = (ctx: DurableObjectState) => (atMs: number | undefined) =>
  ctx.waitUntil(atMs === undefined ? ctx.storage.deleteAlarm() : ctx.storage.setAlarm(atMs));
