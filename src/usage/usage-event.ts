// What one isolate sends at once: usage events, and counts of callers who proved nothing.

import type { UsageEvent } from './event-columns.ts';

export type { UsageEvent } from './event-columns.ts';

export interface UsageMessage {
  id: string;
  events: UsageEvent[];
  /** Callers who proved nothing, by error code: with no key that is known. */
  refusals: Record<string, number>;
  /** And with a live key that is known, but may not be used or was not proven: by partner, by error code. */
  unproven?: Record<string, Record<string, number>>;
}
