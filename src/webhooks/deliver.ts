// Sends what is due: claims, posts, records, until nothing is due any more. The queue's messages only wake it up, at once
// or when a retry is due; what is due, and when, stands in Postgres. At least once: a delivery whose outcome was lost is
// sent again under the same id. Time bound of an attempt: ATTEMPT_MS. No redirect is followed.

import type { KeyEncryptionKeys } from '../keys/envelope.ts';
import { openEnvelope } from '../keys/envelope.ts';
import type { AttemptResult, DeliveryStore, DisabledEndpoint, DueDelivery } from './delivery-store.ts';
import { retryDelay } from './schedule.ts';
import { signedHeaders } from './signature.ts';
import type { TargetGuard } from './target-guard.ts';

const ATTEMPT_MS = 10_000;
const SLOW_MS = 3000;
const MOST_RESPONSE_BYTES = 1024;
/** A Worker waits for the answers of six requests at once: two lanes of three, so that one that hangs leaves the other. */
const LANES = 2;
const MOST_AT_ONCE = 3;
/** Attempts of one run, about: an invocation may make a thousand requests. What is left is waited for by another message. */
const MOST_ATTEMPTS = 500;
/** Looks of a lane that finds nothing: longer than anything may hang. */
const MOST_LOOKS = 100;
/** A lane with nothing to do looks again after this long, while another still waits for an answer. */
const IDLE_MS = 500;
/** Of a queue's delay. */
const MOST_DELAY_SECONDS = 43_200;
const GONE = 410;

export interface DeliverPorts {
  store: DeliveryStore;
  guard: TargetGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  schedule: readonly number[];
  now(): number;
  /** From 0 to 1. */
  chance(): number;
  sleep(ms: number): Promise<void>;
  /** Wakes another run, after a while. */
  wake(delaySeconds: number): Promise<void>;
  /** Tells the owner that nothing is sent there any more. */
  tellDisabled(endpoint: DisabledEndpoint): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < MOST_RESPONSE_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  await reader.cancel().catch(() => undefined);
  const start = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    start.set(chunk, at);
    at += chunk.length;
  }
  // Postgres takes no zero bytes in text.
  return new TextDecoder().decode(start.slice(0, MOST_RESPONSE_BYTES)).replaceAll('\0', '');
}

/** Secrets of an endpoint that sign now, opened once a claim. */
type Secrets = Map<string, Promise<string[]>>;

function secretsOf(
  due: DueDelivery,
  opened: Secrets,
  { keyEncryptionKeys }: DeliverPorts,
): Promise<string[]> {
  const known = opened.get(due.endpointId);
  if (known) return known;
  const envelopes = [due.secretEnvelope, ...(due.oldSecretEnvelope ? [due.oldSecretEnvelope] : [])];
  const secrets = Promise.all(
    envelopes.map((envelope) => openEnvelope(keyEncryptionKeys, envelope, due.endpointId)),
  );
  opened.set(due.endpointId, secrets);
  return secrets;
}

async function post(
  due: DueDelivery,
  opened: Secrets,
  ports: DeliverPorts,
): Promise<Pick<AttemptResult, 'status' | 'error' | 'response'>> {
  const refused = await ports.guard.check(due.url);
  if (refused) return { status: null, error: refused, response: null };
  const secrets = await secretsOf(due, opened, ports);
  const body = JSON.stringify({ type: due.type, timestamp: due.occurredAt, data: due.data });
  const signed = await signedHeaders(secrets, due.eventId, Math.floor(ports.now() / 1000), body);
  try {
    const response = await fetch(due.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'Passerelle-Webhooks/1', ...signed },
      body,
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    return { status: response.status, error: null, response: await readStart(response) };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return { status: null, error: isLate ? 'timeout' : 'unreachable', response: null };
  }
}

async function attempt(due: DueDelivery, opened: Secrets, ports: DeliverPorts): Promise<AttemptResult> {
  const startedMs = ports.now();
  const outcome = await post(due, opened, ports);
  const latencyMs = ports.now() - startedMs;
  const isDelivered = outcome.status !== null && outcome.status >= 200 && outcome.status < 300;
  const isGone = outcome.status === GONE;
  return {
    id: due.id,
    started_at: new Date(startedMs).toISOString(),
    ...outcome,
    latency_ms: latencyMs,
    is_delivered: isDelivered,
    is_slow: latencyMs >= SLOW_MS,
    is_gone: isGone,
    delay_seconds: isDelivered ? null : (retryDelay(due.tries + 1, ports.chance(), ports.schedule) ?? null),
  };
}

/** Attempts all that was claimed; when an endpoint hangs, the rest of its deliveries are left for later. */
async function attemptAll(claimed: readonly DueDelivery[], ports: DeliverPorts) {
  const results: AttemptResult[] = [];
  const left: DueDelivery[] = [];
  const hanging = new Set<string>();
  const opened: Secrets = new Map();
  const queue = claimed.values();
  const worker = async () => {
    for (const due of queue) {
      if (hanging.has(due.endpointId)) {
        left.push(due);
        continue;
      }
      const result = await attempt(due, opened, ports);
      if (result.is_slow) hanging.add(due.endpointId);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, worker));
  return { results, left };
}

/** One message for each step of the schedule: what failed together is tried again together, a little apart by jitter. */
function wakeTimes(results: readonly AttemptResult[], tries: ReadonlyMap<string, number>): number[] {
  const latest = new Map<number, number>();
  for (const { id, delay_seconds: delay } of results) {
    if (delay === null) continue;
    const step = tries.get(id) ?? 0;
    latest.set(step, Math.max(latest.get(step) ?? 0, Math.ceil(delay)));
  }
  return [...latest.values()].map((seconds) => Math.min(seconds, MOST_DELAY_SECONDS));
}

export interface Delivered {
  delivered: number;
  failed: number;
}

async function sendClaimed(claimed: readonly DueDelivery[], ports: DeliverPorts): Promise<Delivered> {
  const { results, left } = await attemptAll(claimed, ports);
  if (left.length > 0) await ports.store.release(left.map(({ id }) => id));
  // What is not recorded is sent again: worth a second try.
  const disabled = await ports.store.record(results).catch(() => ports.store.record(results));
  const tries = new Map(claimed.map((due) => [due.id, due.tries]));
  for (const seconds of wakeTimes(results, tries)) await ports.wake(seconds);
  for (const endpoint of disabled) await ports.tellDisabled(endpoint);
  const delivered = results.filter(({ is_delivered: isDelivered }) => isDelivered).length;
  return { delivered, failed: results.length - delivered };
}

export async function deliverDue(ports: DeliverPorts): Promise<Delivered> {
  const sum: Delivered = { delivered: 0, failed: 0 };
  let busy = 0;
  let isOver = false;
  const work = async (): Promise<boolean> => {
    busy++;
    try {
      const claimed = await ports.store.claim();
      if (claimed.length === 0) return false;
      const { delivered, failed } = await sendClaimed(claimed, ports);
      sum.delivered += delivered;
      sum.failed += failed;
      return true;
    } finally {
      busy--;
    }
  };
  const lane = async () => {
    for (let looks = 0; looks < MOST_LOOKS && !isOver; ) {
      const found = await work();
      const isEnough = sum.delivered + sum.failed >= MOST_ATTEMPTS;
      if (found && isEnough && !isOver) await ports.wake(0);
      // Lanes end together: none is to find new work alone, and hang with it.
      isOver ||= isEnough || (!found && busy === 0);
      if (found || isOver) continue;
      looks++;
      await ports.sleep(IDLE_MS);
    }
  };
  // A lane that fails does not take the other's results with it.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  if (sum.delivered + sum.failed > 0) ports.log({ message: 'webhooks sent', ...sum });
  return sum;
}
