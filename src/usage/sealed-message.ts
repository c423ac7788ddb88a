// A usage message as the text that is sent: measured in bytes before it is sealed, halved when a queue takes less than was
// thought, and what somebody needs to bill it by hand when it cannot be sent. Pure.

import { utf8 } from '../core/encoding.ts';
import type { UsageEvent, UsageMessage } from './usage-event.ts';

/** A queue takes 128,000 bytes a message; it charges by 64 kB begun. */
export const MOST_MESSAGE_BYTES = 100_000;
export const MOST_EVENTS_A_MESSAGE = 100;
/** An id, names, brackets. */
const ENVELOPE_BYTES = 120;
/** A partner's id, a code and a number, with what is around them. */
const COUNT_BYTES = 120;

export interface SealedMessage {
  id: string;
  text: string;
  bytes: number;
}

/** Collects for one message. Each event becomes JSON once, and is measured as what it will be. */
export function draftMessage() {
  const events: string[] = [];
  const refusals: UsageMessage['refusals'] = {};
  const unproven: NonNullable<UsageMessage['unproven']> = {};
  let bytes = ENVELOPE_BYTES;
  const isEmpty = () => bytes === ENVELOPE_BYTES;
  return {
    isEmpty,
    isFull: () => events.length >= MOST_EVENTS_A_MESSAGE || bytes + COUNT_BYTES > MOST_MESSAGE_BYTES,
    /** `event`: its JSON. False, and nothing is taken, where it does not fit any more. */
    add(event: string): boolean {
      const eventBytes = utf8(event).length + 1;
      if (!isEmpty() && bytes + eventBytes > MOST_MESSAGE_BYTES) return false;
      events.push(event);
      bytes += eventBytes;
      return true;
    },
    /** `partnerId`: whose live key it was that could not be used, or was not proven. */
    count(code: string, calls: number, partnerId?: string): void {
      let counts = refusals;
      if (partnerId !== undefined) {
        counts = unproven[partnerId] ?? {};
        unproven[partnerId] = counts;
      }
      if (counts[code] === undefined) bytes += COUNT_BYTES;
      counts[code] = (counts[code] ?? 0) + calls;
    },
    seal: (id: string): SealedMessage =>
      sealed(
        id,
        `{"id":"${id}","events":[${events.join(',')}],"refusals":${JSON.stringify(refusals)},"unproven":${JSON.stringify(unproven)}}`,
      ),
  };
}

const sealed = (id: string, text: string): SealedMessage => ({ id, text, bytes: utf8(text).length });
// Only what `seal` made is parsed.
const opened = ({ text }: SealedMessage): UsageMessage => JSON.parse(text);

/** Two messages of half the events; undefined when there are no two. What was counted stays with the first, and its id. */
export function halves(message: SealedMessage, newId: () => string): SealedMessage[] | undefined {
  const { events, ...counts } = opened(message);
  if (events.length < 2) return undefined;
  const middle = Math.ceil(events.length / 2);
  const second = { id: newId(), events: events.slice(middle), refusals: {} };
  return [{ ...counts, events: events.slice(0, middle) }, second].map((half) =>
    sealed(half.id, JSON.stringify(half)),
  );
}

/** Everything that a bill needs of a message: of each billed event its id, partner, environment, moment, day and units. */
export function billOf(message: SealedMessage) {
  const { events } = opened(message);
  const billed = events.filter(({ units }) => units > 0);
  return {
    events: events.length,
    units: billed.reduce((sum, { units }) => sum + units, 0),
    bill: billed.map((event: UsageEvent) => [
      event.id,
      event.partnerId,
      event.environment,
      event.occurredMs,
      event.day,
      event.units,
    ]),
  };
}
