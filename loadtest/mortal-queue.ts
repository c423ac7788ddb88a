// A queue like Cloudflare's, at least once: batches of a hundred, several consumers at a time, messages that come twice,
// and consumers that are killed at each step in turn. What was not acknowledged comes again.

import { type ConsumerPorts, consumeUsage, type QueueMessage } from '../src/usage/usage-consumer.ts';
import type { UsageStore } from '../src/usage/usage-store.ts';

const BATCH_MESSAGES = 100;
/** wrangler.toml has 4; more than cores would only wait. */
const CONSUMERS = 3;
/** Every so manyth message is there twice. */
const TWICE_EVERY = 20;
/** Every so manyth batch is killed, at the next of the steps. */
const KILLED_EVERY = 8;
const STEPS = [
  'before the fold',
  'after the fold',
  'before an acknowledgement',
  'amid the acknowledgements',
] as const;
type Step = (typeof STEPS)[number];

class Killed extends Error {}

interface Waiting {
  body: string;
  attempts: number;
}

/** Places for doubles: some at once, some much later. */
function withDoubles(messages: readonly string[]): { queue: Waiting[]; duplicated: number } {
  const queue: Waiting[] = [];
  const late: Waiting[] = [];
  messages.forEach((body, n) => {
    queue.push({ body, attempts: 0 });
    if (n % TWICE_EVERY === 0) (n % (2 * TWICE_EVERY) === 0 ? queue : late).push({ body, attempts: 0 });
  });
  return { queue: [...queue, ...late], duplicated: queue.length + late.length - messages.length };
}

export async function drain(messages: readonly string[], store: Pick<UsageStore, 'fold'>) {
  const { queue, duplicated } = withDoubles(messages);
  const killed: Partial<Record<Step, number>> = {};
  let statements = 0;
  let batches = 0;
  let kills = 0;

  async function consumeBatch(batch: Waiting[]): Promise<void> {
    const step = ++batches % KILLED_EVERY === 0 ? STEPS[kills++ % STEPS.length] : undefined;
    if (step) killed[step] = (killed[step] ?? 0) + 1;
    let isAlive = true;
    const die = (at: Step) => {
      if (step === at) isAlive = false;
      if (!isAlive) throw new Killed(at);
    };
    const acknowledged = new Set<Waiting>();
    const deliveries = batch.map(
      (message): QueueMessage => ({
        body: message.body,
        attempts: ++message.attempts,
        ack() {
          die('before an acknowledgement');
          if (acknowledged.size >= batch.length / 2) die('amid the acknowledgements');
          acknowledged.add(message);
        },
        retry: () => undefined,
      }),
    );
    const ports: ConsumerPorts = {
      store: {
        async fold(folding) {
          die('before the fold');
          statements++;
          const folded = await store.fold(folding);
          die('after the fold');
          return folded;
        },
      },
      keep: async (letter, reason) => {
        throw new Error(`nothing here is bad: ${reason} ${JSON.stringify(letter)}`);
      },
      told: async () => undefined,
      uncounted: async () => undefined,
      log: ({ message, error }) => {
        if (error !== undefined && isAlive) console.error(message, error);
      },
      logSampled: () => undefined,
    };
    await consumeUsage(deliveries, ports).catch((error) => {
      if (!(error instanceof Killed)) throw error;
    });
    queue.push(...batch.filter((message) => !acknowledged.has(message)));
  }

  const consumer = async () => {
    while (queue.length > 0) await consumeBatch(queue.splice(0, BATCH_MESSAGES));
  };
  await Promise.all(Array.from({ length: CONSUMERS }, consumer));
  // What the last ones did not acknowledge.
  await consumer();
  return { duplicated, killed, statements };
}
