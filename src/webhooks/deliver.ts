// Sends what is due: claims, posts, records, until nothing is due any more. The queue's messages only wake it up, at once
// or when a retry is due; what is due, and when, stands in Postgres. At least once: a delivery whose outcome was lost is
// sent again under the same id.
// A Worker waits for the answers of six requests at once. They are shared out so that nobody's endpoints hold up another's:
// partners take turns, each with a few of the connections at most, and endpoints that were slow have one of their own.

import type { KeyEncryptionKeys } from '../crypto/envelope.ts';
import { type AttemptPorts, attempt, type OpenSecret, openingOnce } from './attempt.ts';
import {
  type AttemptResult,
  type DeliveryStore,
  type DisabledEndpoint,
  type DueDelivery,
  type Held,
  MAX_OF_A_PARTNER,
} from './delivery-store.ts';

const PROMPT_CONNECTIONS = 5;
const SLOW_CONNECTIONS = 1;
/** A connection is another's turn after this long: what is left of its deliveries is given back. */
const TURN_MS = 2000;
const LEAST_OF_A_TURN = 10;
/** Attempts of one run, and looks for more: an invocation may make a thousand requests. */
const MAX_ATTEMPTS = 500;
const MAX_LOOKS = 300;
/** Looks of a run that only waits for what hangs. */
const MAX_LAST_LOOKS = 60;
/** While something hangs, it looks for what is new after this long, or when it is woken in this isolate. */
const IDLE_MS = 500;
const WOKEN_MS = 25;
/** Of a queue's delay. */
const MAX_DELAY_SECONDS = 43_200;

export interface DeliverPorts extends AttemptPorts {
  store: DeliveryStore;
  keyEncryptionKeys: KeyEncryptionKeys;
  sleep(ms: number): Promise<void>;
  /** Wakes another run, after a while. */
  wake(delaySeconds: number): Promise<void>;
  /** How often this isolate woke a run. */
  wakes(): number;
  /** Tells an owner that nothing is sent there any more. */
  tellDisabled(endpoint: DisabledEndpoint): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

/** A connection's turn: deliveries to one endpoint, one after the other. */
interface Turn {
  deliveries: readonly DueDelivery[];
  held: Held;
  startedMs: number;
  end: Promise<void>;
  /** At its end: what was tried, and what was not. */
  ended?: { results: AttemptResult[]; left: readonly DueDelivery[] };
}

/** What a run knows of itself. */
interface Run {
  turns: Set<Turn>;
  sum: Delivered;
  open: OpenSecret;
  /** Partners whose endpoints hung: once it is ending, it does not begin with them again. */
  hung: Set<string>;
  isEnding: boolean;
}

async function send(turn: Turn, run: Run, ports: DeliverPorts): Promise<void> {
  const results: AttemptResult[] = [];
  for (const due of turn.deliveries) {
    const result = await attempt(due, ports, run.open);
    results.push(result);
    if (result.is_slow) run.hung.add(turn.held.owner);
    // When an endpoint hangs, the rest of its deliveries are left for later.
    if (result.is_slow || run.isEnding || ports.now() - turn.startedMs >= TURN_MS) break;
  }
  turn.ended = { results, left: turn.deliveries.slice(results.length) };
}

/** Connections that an endpoint's deliveries are shared out to: those that are spare, where it is known to be prompt. */
function shareOf(deliveries: readonly DueDelivery[], { owner, lane }: Held, spare: number, run: Run): number {
  if (lane !== 'prompt') return 1;
  const used = [...run.turns].filter(({ held }) => held.owner === owner && held.lane !== 'slow').length;
  const most = Math.min(1 + spare, MAX_OF_A_PARTNER - used, Math.floor(deliveries.length / LEAST_OF_A_TURN));
  return Math.max(1, most);
}

/** Begins the turns: one for each endpoint, more where connections are spare. */
function begin(claimed: readonly DueDelivery[], freePrompt: number, run: Run, ports: DeliverPorts): void {
  // What was never tried waits for no repetition.
  const sorted = claimed.toSorted((a, b) => Math.min(a.tries, 1) - Math.min(b.tries, 1));
  const endpoints = [...Map.groupBy(sorted, ({ endpointId }) => endpointId).values()];
  let spare = freePrompt - endpoints.filter(([first]) => first?.lane !== 'slow').length;
  for (const deliveries of endpoints) {
    const [first] = deliveries;
    if (!first) continue;
    const held = { owner: first.owner, lane: first.lane };
    const share = shareOf(deliveries, held, spare, run);
    spare -= share - 1;
    for (let nth = 0; nth < share; nth++)
      start(
        held,
        deliveries.filter((_, i) => i % share === nth),
        run,
        ports,
      );
  }
}

function start(held: Held, deliveries: readonly DueDelivery[], run: Run, ports: DeliverPorts): void {
  const turn: Turn = { deliveries, held, startedMs: ports.now(), end: Promise.resolve() };
  turn.end = send(turn, run, ports).catch((error) => {
    turn.ended = { results: [], left: deliveries };
    ports.log({ message: 'webhooks not sent', level: 'error', error: String(error) });
  });
  run.turns.add(turn);
}

/** One message for each step of the schedule: what failed together is tried again together, a little apart by jitter. */
function wakeTimes(results: readonly AttemptResult[], tries: ReadonlyMap<string, number>): number[] {
  const latest = new Map<number, number>();
  for (const { id, delay_seconds: delay } of results) {
    if (delay === null) continue;
    const step = tries.get(id) ?? 0;
    latest.set(step, Math.max(latest.get(step) ?? 0, Math.ceil(delay)));
  }
  return [...latest.values()].map((seconds) => Math.min(seconds, MAX_DELAY_SECONDS));
}

export interface Delivered {
  delivered: number;
  failed: number;
}

/** Writes down what ended, in one statement for all. */
async function settle(run: Run, ports: DeliverPorts): Promise<void> {
  const ended = [...run.turns].flatMap((turn) => (turn.ended ? [{ turn, ...turn.ended }] : []));
  if (ended.length === 0) return;
  const results = ended.flatMap((each) => each.results);
  const left = ended.flatMap((each) => each.left);
  // What is not recorded is sent again: worth a second try.
  const disabled = await ports.store.record(results).catch(() => ports.store.record(results));
  for (const { turn } of ended) run.turns.delete(turn);
  if (left.length > 0) await ports.store.release(left.map(({ id }) => id));
  const tries = new Map(ended.flatMap(({ turn }) => turn.deliveries.map((due) => [due.id, due.tries])));
  for (const seconds of wakeTimes(results, tries)) await ports.wake(seconds);
  for (const endpoint of disabled) await ports.tellDisabled(endpoint);
  const delivered = results.filter(({ is_delivered: isDelivered }) => isDelivered).length;
  run.sum.delivered += delivered;
  run.sum.failed += results.length - delivered;
}

/** Claims for the connections that are free. Whether there was anything. */
async function claim(run: Run, ports: DeliverPorts): Promise<boolean> {
  const held = [...run.turns].map((turn) => turn.held);
  const slow = held.filter(({ lane }) => lane === 'slow').length;
  const free = { prompt: PROMPT_CONNECTIONS - (held.length - slow), slow: SLOW_CONNECTIONS - slow };
  if (free.prompt + free.slow <= 0) return false;
  const claimed = await ports.store.claim(free, held, run.isEnding ? [...run.hung] : []);
  begin(claimed, free.prompt, run, ports);
  return claimed.length > 0;
}

/** Until a turn ends, somebody wakes the sender, or it is time to look again. `wakes`: before it looked. */
async function pause({ turns }: Run, wakes: number, ports: DeliverPorts): Promise<void> {
  let isWaiting = true;
  const watch = async () => {
    for (let waitedMs = 0; waitedMs < IDLE_MS && isWaiting && ports.wakes() === wakes; waitedMs += WOKEN_MS)
      await ports.sleep(WOKEN_MS);
  };
  await Promise.race([watch(), ...[...turns].map(({ end }) => end)]);
  isWaiting = false;
}

/** Until nothing is due, or it has done its share. */
async function loop(run: Run, ports: DeliverPorts): Promise<void> {
  const { turns, sum } = run;
  for (let looks = 0; ; looks++) {
    await settle(run, ports);
    run.isEnding ||= sum.delivered + sum.failed >= MAX_ATTEMPTS || looks >= MAX_LOOKS;
    // A run that only waits for what hangs goes on with the others.
    const hangs = [...turns].some(({ startedMs }) => ports.now() - startedMs >= TURN_MS);
    const mayClaim = !run.isEnding || (hangs && looks < MAX_LOOKS + MAX_LAST_LOOKS);
    const wakes = ports.wakes();
    const found = mayClaim && (await claim(run, ports));
    if (!found && turns.size === 0) return;
    if (!found) await pause(run, wakes, ports);
  }
}

export async function deliverDue(ports: DeliverPorts): Promise<Delivered> {
  const run: Run = {
    turns: new Set(),
    sum: { delivered: 0, failed: 0 },
    open: openingOnce(ports.keyEncryptionKeys),
    hung: new Set(),
    isEnding: false,
  };
  try {
    await loop(run, ports);
  } catch (error) {
    // What was sent is written down if that can be, so that it is not sent again.
    run.isEnding = true;
    await Promise.all([...run.turns].map(({ end }) => end));
    await settle(run, ports).catch(() => undefined);
    throw error;
  }
  if (run.isEnding) await ports.wake(0);
  if (run.sum.delivered + run.sum.failed > 0) ports.log({ message: 'webhooks sent', ...run.sum });
  return run.sum;
}
