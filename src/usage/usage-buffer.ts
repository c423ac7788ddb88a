// Packs the events of one isolate into queue messages: one after a second or, while calls go on, every three, or as soon as one
// is full. A message keeps its id when it is sent again, so a send that failed after it succeeded is counted once.
// Fails open: a request is never refused because its event cannot be sent. A message that cannot be sent is tried again
// for some four seconds and then with each that follows, is logged with what is needed to bill it, and counted. Bounded:
// what is over MAX_HELD_BYTES is lost, and the log says what it was.

import { billOf, draftMessage, halves, type SealedMessage } from './sealed-message.ts';
import type { UsageEvent } from './usage-event.ts';

/** After the first event since a pause: whoever tries something sees it at once. */
const FLUSH_AFTER_MS = 1000;
/** While there is always more: a message costs four times the request. */
const FLUSH_EVERY_MS = 3000;
const PAUSES_MS = [50, 200, 800, 3200];
/** An isolate has 128 MB for everything. */
const MAX_HELD_BYTES = 16_000_000;
/** A request lives on for 30 s after its answer; what was being sent by one that died is sent by another. */
const MAX_FLIGHT_MS = 40_000;
/** What a queue says of a message that is larger than it takes. */
const TOO_LARGE = /too large|exceeds/i;

/** Codes beside those of refusals: messages that were not sent at once, events that were lost. */
const NOT_SENT = 'usage_not_sent';
const LOST = 'usage_lost';

type KeepAlive = (work: Promise<unknown>) => void;

export interface UsagePorts {
  /** Sends a message's text. */
  send(text: string): Promise<void>;
  newId(): string;
  now(): number;
  sleep(ms: number): Promise<void>;
  log(line: Record<string, unknown>): void;
}

/** What was wrong at last; undefined when it was sent. */
async function trySending(
  { send, sleep }: Pick<UsagePorts, 'send' | 'sleep'>,
  { text }: SealedMessage,
  pausesMs: readonly number[],
): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      return void (await send(text));
    } catch (error) {
      const pauseMs = pausesMs[tries];
      if (pauseMs === undefined || TOO_LARGE.test(String(error))) return String(error);
      await sleep(pauseMs);
    }
  }
}

/** With all that is needed to bill it by hand. */
const lineOf = (what: string, message: SealedMessage, error: string) => ({
  message: what,
  level: 'error',
  usage_message: message.id,
  bytes: message.bytes,
  error,
  ...billOf(message),
});

/** Sends messages, and keeps those that are not taken. `count`: notes in the next message what was not sent, or lost. */
function createSending(ports: UsagePorts, count: (code: string, calls: number) => void) {
  const { newId, now, log } = ports;
  /** Tried in vain. */
  let kept: SealedMessage[] = [];
  /** All that is sealed and not delivered. */
  const held = new Set<SealedMessage>();
  let heldBytes = 0;
  /** What is being sent, and since when. */
  const flying = new Map<SealedMessage, number>();

  function hold(message: SealedMessage): void {
    held.add(message);
    heldBytes += message.bytes;
  }

  function release(message: SealedMessage): void {
    if (held.delete(message)) heldBytes -= message.bytes;
  }

  async function deliver(message: SealedMessage, pausesMs: readonly number[]): Promise<void> {
    flying.set(message, now());
    const error = await trySending(ports, message, pausesMs);
    flying.delete(message);
    if (error === undefined) return release(message);
    if (!TOO_LARGE.test(error)) return keepOrLose(message, error, pausesMs.length > 0);
    const parts = halves(message, newId);
    if (!parts) return lose(message, error);
    release(message);
    for (const part of parts) hold(part);
    await Promise.all(parts.map((part) => deliver(part, pausesMs)));
  }

  function keepOrLose(message: SealedMessage, error: string, isFirst: boolean): void {
    count(NOT_SENT, 1);
    if (heldBytes > MAX_HELD_BYTES) lose(message, error);
    else {
      kept.push(message);
      // An isolate may end with what it keeps: so that is named when it is first kept back.
      if (isFirst) log(lineOf('usage not sent', message, error));
    }
  }

  function lose(message: SealedMessage, error: string): void {
    release(message);
    count(LOST, billOf(message).events);
    log(lineOf('usage lost', message, error));
  }

  /** What was being sent by a request that has ended since. */
  const overdue = (): SealedMessage[] =>
    [...flying].filter(([, sinceMs]) => now() - sinceMs > MAX_FLIGHT_MS).map(([message]) => message);

  return {
    hold,
    deliver,
    /** What is to be tried again. */
    takeAgain(): SealedMessage[] {
      const again = [...kept, ...overdue()];
      kept = [];
      return again;
    },
  };
}

export function createUsageBuffer(ports: UsagePorts) {
  const { newId, now, sleep } = ports;
  let draft = draftMessage();
  const { hold, deliver, takeAgain } = createSending(ports, (code, calls) => draft.count(code, calls));
  /** Sealed, and not tried. */
  let ready: SealedMessage[] = [];
  /** A flush that is late by another period died with its request: another takes over. */
  let flushDueMs = 0;
  let flushedMs = Number.NEGATIVE_INFINITY;

  function seal(): void {
    if (draft.isEmpty()) return;
    const message = draft.seal(newId());
    draft = draftMessage();
    hold(message);
    ready.push(message);
  }

  async function sendReady(): Promise<void> {
    const sending = ready;
    ready = [];
    await Promise.all(sending.map((message) => deliver(message, PAUSES_MS)));
  }

  async function flush(): Promise<void> {
    seal();
    await Promise.all([sendReady(), ...takeAgain().map((message) => deliver(message, []))]);
  }

  function schedule(keepAlive: KeepAlive): void {
    if (draft.isFull()) seal();
    if (ready.length > 0) keepAlive(sendReady());
    const nowMs = now();
    if (draft.isEmpty() || nowMs <= flushDueMs + FLUSH_AFTER_MS) return;
    const waitMs = nowMs - flushedMs < FLUSH_EVERY_MS ? FLUSH_EVERY_MS : FLUSH_AFTER_MS;
    flushDueMs = nowMs + waitMs;
    keepAlive(
      sleep(waitMs).then(() => {
        flushDueMs = 0;
        flushedMs = now();
        return flush();
      }),
    );
  }

  return {
    add(event: UsageEvent, keepAlive: KeepAlive): void {
      if (!draft.add(event)) {
        seal();
        draft.add(event);
      }
      schedule(keepAlive);
    },
    /** `partnerId`: whose live key it was that could not be used, or was not proven. */
    addRefusal(code: string, keepAlive: KeepAlive, partnerId?: string): void {
      draft.count(code, 1, partnerId);
      schedule(keepAlive);
    },
    flush,
  };
}

export type UsageBuffer = ReturnType<typeof createUsageBuffer>;
