// Packs the events of one isolate into queue messages: one a second or so, or as soon as one is full. A message keeps
// its id when it is sent again, so a send that failed after it succeeded is folded once.
// Fails open: a request is never refused because its event cannot be sent; unsent messages are kept and logged.

import type { UsageEvent, UsageMessage } from './usage-event.ts';

const FLUSH_AFTER_MS = 1000;
/** Well under the 128 kB of a queue message, at some 500 bytes an event. */
const MOST_EVENTS_A_MESSAGE = 100;
const MOST_UNSENT_MESSAGES = 1000;
const SEND_TRIES = 3;

export interface UsagePorts {
  send(message: UsageMessage): Promise<void>;
  newId(): string;
  now(): number;
  sleep(ms: number): Promise<void>;
  lost(message: UsageMessage, error: unknown): void;
}

export function createUsageBuffer({ send, newId, now, sleep, lost }: UsagePorts) {
  let events: UsageEvent[] = [];
  let refusals: UsageMessage['refusals'] = {};
  let unproven: NonNullable<UsageMessage['unproven']> = {};
  let unsent: UsageMessage[] = [];
  /** A flush that is late by another period died with its request: another takes over. */
  let flushDueMs = 0;

  function seal(): void {
    if (events.length === 0 && Object.keys(refusals).length + Object.keys(unproven).length === 0) return;
    unsent.push({ id: newId(), events, refusals, unproven });
    events = [];
    refusals = {};
    unproven = {};
  }

  async function deliver(message: UsageMessage): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(message);
      } catch (error) {
        if (attempt < SEND_TRIES) await sleep(50 * attempt);
        else if (unsent.length < MOST_UNSENT_MESSAGES) return void unsent.push(message);
        else return lost(message, error);
      }
    }
  }

  async function flush(): Promise<void> {
    seal();
    const sending = unsent;
    unsent = [];
    await Promise.all(sending.map(deliver));
  }

  function schedule(keepAlive: (work: Promise<unknown>) => void): void {
    if (events.length >= MOST_EVENTS_A_MESSAGE) {
      keepAlive(flush());
    } else if (now() > flushDueMs + FLUSH_AFTER_MS) {
      flushDueMs = now() + FLUSH_AFTER_MS;
      keepAlive(
        sleep(FLUSH_AFTER_MS).then(() => {
          flushDueMs = 0;
          return flush();
        }),
      );
    }
  }

  return {
    add(event: UsageEvent, keepAlive: (work: Promise<unknown>) => void): void {
      events.push(event);
      schedule(keepAlive);
    },
    /** `partnerId`: whose live key it was that could not be used, or was not proven. */
    addRefusal(code: string, keepAlive: (work: Promise<unknown>) => void, partnerId?: string): void {
      let counts = refusals;
      if (partnerId !== undefined) {
        counts = unproven[partnerId] ?? {};
        unproven[partnerId] = counts;
      }
      counts[code] = (counts[code] ?? 0) + 1;
      schedule(keepAlive);
    },
    flush,
  };
}

export type UsageBuffer = ReturnType<typeof createUsageBuffer>;
