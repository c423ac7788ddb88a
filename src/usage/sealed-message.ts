// A usage message as the text that is sent: measured in bytes before it is sealed, halved when a queue takes less than was
// thought, and what somebody needs to bill it by hand when it cannot be sent. Pure.

import { utf8 } from '../core/encoding.ts';
import { type PackedEvents, packing, unpack } from './packed-events.ts';
import type { UsageEvent, UsageMessage } from './usage-event.ts';

/** A queue takes 128,000 bytes a message, and charges by 64,000 begun. */
export const MAX_MESSAGE_BYTES = 64_000;
export const MAX_EVENTS_A_MESSAGE = 500;
/** An id, names, brackets. */
const ENVELOPE_BYTES = 120;
/** A partner's id, a code and a number, with what is around them. */
const COUNT_BYTES = 120;
const ASCII = /^[\0-\x7f]*$/;

export interface SealedMessage {
  id: string;
  text: string;
  bytes: number;
}

const bytesOf = (text: string): number => (ASCII.test(text) ? text.length : utf8(text).length);

type Counts = Pick<UsageMessage, 'refusals' | 'unproven'>;

/** Collects for one message. Each event becomes text once, and is measured as what it will be. */
export function draftMessage() {
  const events = packing();
  const refusals: UsageMessage['refusals'] = {};
  const unproven: NonNullable<UsageMessage['unproven']> = {};
  let bytes = ENVELOPE_BYTES;
  const isEmpty = () => bytes === ENVELOPE_BYTES;
  return {
    isEmpty,
    isFull: () => events.count() >= MAX_EVENTS_A_MESSAGE || bytes + COUNT_BYTES > MAX_MESSAGE_BYTES,
    /** False, and nothing is taken, where it does not fit any more. */
    add(event: UsageEvent): boolean {
      const prepared = events.prepare(event);
      let eventBytes = bytesOf(prepared.row) + 1;
      for (const { text } of prepared.fresh) eventBytes += bytesOf(text) + 1;
      if (!isEmpty() && bytes + eventBytes > MAX_MESSAGE_BYTES) return false;
      events.take(prepared);
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
    seal: (id: string): SealedMessage => sealed(id, events.text(), { refusals, unproven }),
  };
}

function sealed(id: string, events: string, counts: Counts): SealedMessage {
  const text = `{"id":"${id}",${events},${JSON.stringify(counts).slice(1)}`;
  return { id, text, bytes: bytesOf(text) };
}

// Only what `seal` made is parsed.
const opened = ({ text }: SealedMessage): PackedEvents & Counts => JSON.parse(text);
const eventsOf = (message: SealedMessage): UsageEvent[] => unpack(opened(message)) as UsageEvent[];

/** Two messages of half the events; undefined when there are no two. What was counted stays with the first, and its id. */
export function halves(message: SealedMessage, newId: () => string): SealedMessage[] | undefined {
  const events = eventsOf(message);
  if (events.length < 2) return undefined;
  const middle = Math.ceil(events.length / 2);
  const { refusals, unproven } = opened(message);
  const half = (id: string, part: readonly UsageEvent[], counts: Counts): SealedMessage => {
    const packed = packing();
    for (const event of part) packed.take(packed.prepare(event));
    return sealed(id, packed.text(), counts);
  };
  return [
    half(message.id, events.slice(0, middle), { refusals, unproven }),
    half(newId(), events.slice(middle), { refusals: {} }),
  ];
}

/** Everything that a bill needs of a message: of each billed event its id, partner, environment, moment, day and units. */
export function billOf(message: SealedMessage) {
  const events = eventsOf(message);
  const billed = events.filter(({ units }) => units > 0);
  return {
    events: events.length,
    units: billed.reduce((sum, { units }) => sum + units, 0),
    bill: billed.map((event) => [
      event.id,
      event.partnerId,
      event.environment,
      event.occurredMs,
      event.day,
      event.units,
    ]),
  };
}
