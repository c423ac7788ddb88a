// One event per answered request of a known key. Refused ones too.

export interface UsageEvent {
  /** The request id. */
  id: string;
  /** ms since the epoch: for admitted calls, the moment at which the limiter counted them. */
  occurredMs: number;
  /** `YYYY-MM-DD`, UTC: the limiter's day for admitted calls, so that what limits is what is billed. */
  day: string;
  partnerId: string;
  keyId: string;
  appId: string | null;
  environment: string;
  route: string;
  method: string;
  /** The path as sent, cut. */
  endpoint: string;
  status: number;
  error: string | null;
  latencyMs: number;
  upstreamMs: number | null;
  bytesIn: number;
  bytesOut: number;
  /** Units counted and billed: 0 for refused calls and for failed upstream calls. */
  units: number;
  cacheHit: boolean;
  degraded: boolean;
  country: string | null;
  ip: string | null;
  userAgent: string | null;
  /** ms by stage: auth, limit, cache, upstream. */
  timings?: Record<string, number>;
  /** What was left of each limit after the call; -1 is unlimited. */
  remaining?: { second: number; day: number; month: number };
  /** SHA-256 of the rotated secret that was used, so that people see when it is no longer needed. */
  retiredHash?: string;
}

/** What one isolate sends at once. */
export interface UsageMessage {
  id: string;
  events: UsageEvent[];
  /** Callers who proved nothing, by error code: with no key that is known. */
  refusals: Record<string, number>;
  /** And with a live key that is known, but may not be used or was not proven: by partner, by error code. */
  unproven?: Record<string, Record<string, number>>;
}
