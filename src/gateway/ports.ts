// What the gateway asks of the rest of the system. `compose` hands it in.

import type { Deadlines } from '../core/deadlines.ts';
import type { Soon } from '../core/soon.ts';
import type { Identifier } from '../keys/authenticator.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Denial } from '../limits/limit.ts';
import type { LimitGauges } from '../limits/protocol.ts';
import type { Bucket } from '../limits/token-bucket.ts';
import type { DoorRates } from '../platform/door-rates.ts';
import type { UsageBuffer } from '../usage/usage-buffer.ts';
import type { AtOnce } from './at-once.ts';
import type { Breakers } from './breakers.ts';
import type { CallLog } from './call-log.ts';
import type { EdgeCounter } from './edge-counter.ts';
import type { Upstreams } from './upstreams.ts';

/** A refusal of the limiter, for the calls that would be refused again. */
export interface Refusal {
  untilMs: number;
  cost: number;
  version: number;
  denial: Denial;
  deniedMs: number;
  gauges: LimitGauges;
}

export interface SandboxCall {
  method: string;
  /** What the caller says to whoever answers. */
  headers: Headers;
  path: string;
  query: string;
  body: BodyInit | null;
  /** The request's own, and its id. */
  url: string;
  requestId: string;
  sandbox: string;
  /** Of the operation, as its document shows it. */
  example: { status: number; body: unknown };
  /** State is kept for each app, or for the partner where a key belongs to none. */
  account: string;
}

export interface GatewayPorts {
  now(): number;
  newId(): string;
  /** Of a request's URL: the origin at which errors are explained. */
  portalOrigin(url: string): string;
  identify: Identifier;
  /** Whether some partner lists the origin. No statement, whatever it is. */
  isOriginListed(origin: string, keepAlive: (work: Promise<unknown>) => void): Promise<boolean>;
  rates: Pick<DoorRates, 'wait' | 'waitAt'>;
  limits: EdgeCounter;
  peek: LimiterClient['peek'];
  cache: {
    match(url: string): Promise<Response | undefined>;
    put(url: string, response: Response): Promise<void>;
  };
  upstreams: Upstreams;
  breakers: Breakers;
  atOnce: AtOnce;
  deadlines: Deadlines;
  fetchUpstream(url: string, init: RequestInit): Promise<Response>;
  /** Whether live keys go to the sandbox where no upstream is set: on your machine only. */
  sandboxForLive: boolean;
  sandbox(call: SandboxCall): Promise<Response>;
  /** Whether the sandbox is asked for an answer to order, and knows it. */
  isSimulation(headers: Headers): boolean;
  /** A token that proves the caller's identity to an upstream, named by its API's id, and to no other. */
  identityToken(caller: KeyRecord, audience: string): Soon<string>;
  usage: UsageBuffer;
  /** What this isolate remembers between requests. Each map is bounded by the stage that owns it. */
  memory: {
    refusals: Map<string, Refusal>;
    allowances: Map<string, Bucket>;
  };
  callLog: CallLog;
  log(line: Record<string, unknown>): void;
  /** From 0 to 1. */
  chance(): number;
}
