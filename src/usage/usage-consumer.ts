// The queue's consumer: a whole batch in one statement. Messages that cannot be read, or that Postgres refuses, are
// tried alone and then laid aside; the rest of the batch is unharmed. While the database is down everything waits.

import * as z from 'zod';
import { DatabaseRejected } from '../platform/database.ts';
import { foldingOf } from './folding.ts';
import type { UsageMessage } from './usage-event.ts';
import { usageEvent } from './usage-schema.ts';
import type { UsageStore } from './usage-store.ts';

/** A message that fails by itself goes to the dead letters after this many deliveries. */
const MOST_DELIVERIES = 3;
const MOST_DELAY_SECONDS = 300;

const usageMessage: z.ZodType<UsageMessage> = z.object({
  id: z.uuid(),
  events: z.array(usageEvent),
  refusals: z.record(z.string(), z.int()),
  unproven: z.record(z.uuid(), z.record(z.string(), z.int())).optional(),
});

export interface QueueMessage {
  body: unknown;
  attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface ConsumerPorts {
  store: Pick<UsageStore, 'fold'>;
  /** Sends a body to the dead letters. */
  layAside(body: unknown): Promise<void>;
  /** Called when the fold wrote events for webhooks. */
  told(): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

/** Waits about a quarter of the time that the database has been down, so usage is back soon after it is. */
const backOff = (attempts: number): number => Math.min(MOST_DELAY_SECONDS, Math.round(1.3 ** attempts));

export async function consumeUsage(messages: readonly QueueMessage[], ports: ConsumerPorts): Promise<void> {
  const readable: { message: QueueMessage; body: UsageMessage }[] = [];
  for (const message of messages) {
    const parsed = usageMessage.safeParse(message.body);
    if (parsed.success) readable.push({ message, body: parsed.data });
    else await poison(message, ports, 'not a usage message');
  }
  if (readable.length > 0) await foldAll(readable, ports);
}

async function foldAll(
  readable: { message: QueueMessage; body: UsageMessage }[],
  ports: ConsumerPorts,
): Promise<void> {
  try {
    const folded = await ports.store.fold(foldingOf(readable.map(({ body }) => body)));
    for (const { message } of readable) message.ack();
    if (folded.told > 0) await ports.told();
    ports.log({ message: 'usage folded', delivered: readable.length, ...folded });
  } catch (error) {
    const isRejected = error instanceof DatabaseRejected;
    // Serialization failures and deadlocks are nobody's fault: class 40.
    if (!isRejected || error.code.startsWith('40')) {
      for (const { message } of readable) message.retry({ delaySeconds: backOff(message.attempts) });
      ports.log({ message: 'usage waits', delivered: readable.length, error: String(error) });
    } else if (readable.length === 1 && readable[0]) {
      await poison(readable[0].message, ports, error.message);
    } else {
      for (const each of readable) await foldAll([each], ports);
    }
  }
}

async function poison(message: QueueMessage, ports: ConsumerPorts, reason: string): Promise<void> {
  ports.log({ message: 'usage message refused', reason, attempts: message.attempts });
  if (message.attempts < MOST_DELIVERIES) return message.retry({ delaySeconds: 1 });
  await ports.layAside(message.body);
  message.ack();
}
