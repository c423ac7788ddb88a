// The queue's consumer. A whole batch in one statement; where Postgres refuses that, it is halved down to the one event
// that is at fault, which is set aside alone, as bytes: every other is billed. While the database is down, or refuses for
// a reason that is no event's, everything waits.
//
// A statement that Postgres cancelled for its time is either: an event that cannot be folded in time, or a slow database.
// Messages come again in smaller pieces first. What then still takes too long is halved, too, and set aside only where it
// is a few events alone, while others are folded in time; otherwise it is the database, and everything waits.
//
// It may die between any two steps, and messages come again: an event counts once by its own id, however often and in
// whatever pieces it is folded, and what is set aside twice is one letter. So nothing here has to remember how far it came.

import { DatabaseRejected, TOO_SLOW } from '../platform/database.ts';
import { type Folding, type FoldRow, foldingOf } from './folding.ts';
import { type OpenedMessage, openMessage } from './open-message.ts';
import type { Folded, UsageStore } from './usage-store.ts';

/** Events in a statement. Fewer where a message comes again: what was too much for the database comes in smaller pieces. */
const MAX_EVENTS = 10_000;
const FEWEST_EVENTS = 500;
/** Statements for one batch, before one more message is begun: an invocation may make a thousand requests. */
const MAX_STATEMENTS = 400;
/** By then a statement is as small as whole messages let it be. */
const SLOW_AFTER_ATTEMPTS = 6;
/** Events of one message that may be too slow by themselves, before it is the database that is. */
const MAX_SLOW = 3;
const ALL_SLOW = 'the database is too slow';
const TOO_MANY = 'too many statements for one batch';
const MAX_DELAY_SECONDS = 300;
/**
 * SQLSTATE classes that are the data's fault: cardinality, data, integrity, limits of the program. All others say
 * something of the database or of us, and no event is set aside for them.
 */
const DATAS_FAULT = /^(21|22|23|54)/;

export interface QueueMessage {
  body: unknown;
  attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface ConsumerPorts {
  store: Pick<UsageStore, 'fold'>;
  /** Keeps what cannot be folded, whatever it is. The letter's id; the same for the same. */
  keep(letter: unknown, reason: string): Promise<string>;
  /** Called when the fold wrote events for webhooks. */
  told(): Promise<unknown>;
  /** Called with events of calls that the limiter was not asked about. Fails open: a comparison finds what it missed. */
  uncounted(rows: readonly FoldRow[]): Promise<unknown>;
  log(line: Record<string, unknown>): void;
  /** Of batches that went well. */
  logSampled(line: () => Record<string, unknown>): void;
}

interface Delivered extends OpenedMessage {
  delivery: QueueMessage;
}

const isDatasFault = (error: unknown): error is DatabaseRejected =>
  error instanceof DatabaseRejected && DATAS_FAULT.test(error.code);

const isTooSlow = (error: unknown): error is DatabaseRejected =>
  error instanceof DatabaseRejected && error.code === TOO_SLOW;

/** Whether a smaller piece is worth a try at once. */
const isForHalving = (error: unknown, attempts: number): boolean =>
  isDatasFault(error) || (isTooSlow(error) && attempts >= SLOW_AFTER_ATTEMPTS);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits about a quarter of the time that the database has been down, so usage is back soon after it is. */
const backOff = (attempts: number): number => Math.min(MAX_DELAY_SECONDS, Math.round(1.3 ** attempts));

/** Whole messages, as many as a statement takes; opened only when it is their turn. */
function* groupsOf(messages: readonly QueueMessage[]): Generator<Delivered[]> {
  let group: Delivered[] = [];
  let events = 0;
  for (const delivery of messages) {
    const each = { delivery, ...openMessage(delivery.body) };
    const size = each.message.events.length;
    const most = Math.max(FEWEST_EVENTS, MAX_EVENTS / 2 ** Math.min(10, delivery.attempts - 1));
    if (group.length > 0 && events + size > most) {
      yield group;
      group = [];
      events = 0;
    }
    group.push(each);
    events += size;
  }
  if (group.length > 0) yield group;
}

export async function consumeUsage(messages: readonly QueueMessage[], ports: ConsumerPorts): Promise<void> {
  const foldGroup = createConsumer(ports);
  for (const group of groupsOf(messages)) await foldGroup(group);
}

/** What a batch asks of the database, counted. */
function createStatements(ports: ConsumerPorts) {
  let statements = 0;
  /** Events folded in time, by this very batch. */
  let inTime = 0;

  async function fold(folding: Folding): Promise<Folded> {
    statements++;
    const folded = await ports.store.fold(folding);
    inTime += folding.rows.length;
    if (folded.told > 0) await ports.told();
    const uncounted = folding.rows.filter(({ degraded, units }) => degraded && units > 0);
    if (uncounted.length > 0) await ports.uncounted(uncounted);
    return folded;
  }

  async function setAside(letter: unknown, reason: string): Promise<void> {
    statements++;
    const id = await ports.keep(letter, reason);
    const { id: event, partnerId: partner, units } = (letter ?? {}) as Record<string, unknown>;
    ports.log({ message: 'usage set aside', level: 'error', letter: id, reason, event, partner, units });
  }

  return {
    fold,
    setAside,
    isSpent: () => statements >= MAX_STATEMENTS,
    isSlow: () => inTime === 0,
  };
}

const createWaiting = ({ log }: ConsumerPorts) =>
  function wait(group: readonly Delivered[], error: unknown): void {
    for (const { delivery } of group) delivery.retry({ delaySeconds: backOff(delivery.attempts) });
    log({ message: 'usage waits', level: 'error', delivered: group.length, error: String(error) });
  };

function createConsumer(ports: ConsumerPorts) {
  const { fold, setAside, isSpent, isSlow } = createStatements(ports);
  const wait = createWaiting(ports);

  /** Everything but the events that are at fault, which are set aside. Those that took too long: nobody's fault yet. */
  async function foldPieces(rows: readonly FoldRow[], of: Delivered, slow: FoldRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await fold({ rows: [...rows], refusals: [] });
    } catch (error) {
      if (!isForHalving(error, of.delivery.attempts) || slow.length >= MAX_SLOW) throw error;
      const [only, another] = rows;
      if (only && !another) {
        if (isTooSlow(error)) return void slow.push(only);
        return setAside(of.raw.get(only.id), messageOf(error));
      }
      const half = Math.ceil(rows.length / 2);
      await foldPieces(rows.slice(0, half), of, slow);
      await foldPieces(rows.slice(half), of, slow);
    }
  }

  async function foldAlone(each: Delivered): Promise<void> {
    const { message, raw } = each;
    const { rows, refusals } = foldingOf([message]);
    try {
      await fold({ rows: [], refusals });
    } catch (error) {
      if (!isDatasFault(error)) throw error;
      await setAside({ ...message, events: [] }, error.message);
    }
    const slow: FoldRow[] = [];
    await foldPieces(rows, each, slow);
    if (slow.length > 0 && isSlow()) throw new Error(ALL_SLOW);
    for (const { id } of slow) await setAside(raw.get(id), 'it takes too long');
    await finish(each);
  }

  /** Of a message whose good events are folded: what could not be read is set aside, and the message is done. */
  async function finish(each: Delivered): Promise<void> {
    try {
      if (each.bad.length > 0 && isSpent()) throw new Error(TOO_MANY);
      for (const { letter, reason } of each.bad) await setAside(letter, reason);
      each.delivery.ack();
    } catch (error) {
      wait([each], error);
    }
  }

  async function foldGroup(group: readonly Delivered[]): Promise<void> {
    if (isSpent()) return wait(group, TOO_MANY);
    try {
      const folded = await fold(foldingOf(group.map(({ message }) => message)));
      ports.logSampled(() => ({ message: 'usage folded', delivered: group.length, ...folded }));
      for (const each of group) await finish(each);
    } catch (error) {
      const attempts = Math.min(...group.map(({ delivery }) => delivery.attempts));
      if (!isForHalving(error, attempts)) return wait(group, error);
      const [only, another] = group;
      if (only && !another) return foldAlone(only).catch((failure) => wait(group, failure));
      const half = Math.ceil(group.length / 2);
      await foldGroup(group.slice(0, half));
      await foldGroup(group.slice(half));
    }
  }

  return foldGroup;
}
