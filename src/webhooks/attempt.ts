// One attempt at one delivery: judges the target, signs, posts, and says what came of it. Never throws for what the receiver
// does. Time bound: ATTEMPT_MS. No redirect is followed.

import { type KeyEncryptionKeys, openEnvelope } from '../crypto/envelope.ts';
import type { AttemptResult, DueDelivery } from './delivery-store.ts';
import { retryDelay } from './schedule.ts';
import { signedHeaders } from './signature.ts';
import type { TargetGuard } from './target-guard.ts';

const ATTEMPT_MS = 10_000;
const SLOW_MS = 3000;
const MAX_RESPONSE_BYTES = 1024;
const GONE = 410;

export interface AttemptPorts {
  guard: TargetGuard;
  schedule: readonly number[];
  now(): number;
  /** From 0 to 1. */
  chance(): number;
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < MAX_RESPONSE_BYTES) {
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
  return new TextDecoder().decode(start.slice(0, MAX_RESPONSE_BYTES)).replaceAll('\0', '');
}

export type OpenSecret = (envelope: string, endpointId: string) => Promise<string>;

/** Opens each envelope once: a run sends many deliveries to one endpoint. */
export function openingOnce(keyEncryptionKeys: KeyEncryptionKeys): OpenSecret {
  const opened = new Map<string, Promise<string>>();
  return (envelope, endpointId) => {
    const name = `${endpointId} ${envelope}`;
    const secret = opened.get(name) ?? openEnvelope(keyEncryptionKeys, envelope, endpointId);
    opened.set(name, secret);
    return secret;
  };
}

/** Those that sign now. */
function secretsOf(due: DueDelivery, open: OpenSecret): Promise<string[]> {
  const envelopes = [due.secretEnvelope, ...(due.oldSecretEnvelope ? [due.oldSecretEnvelope] : [])];
  return Promise.all(envelopes.map((envelope) => open(envelope, due.endpointId)));
}

async function post(
  due: DueDelivery,
  ports: AttemptPorts,
  open: OpenSecret,
): Promise<Pick<AttemptResult, 'status' | 'error' | 'response'>> {
  const refused = await ports.guard.check(due.url);
  if (refused) return { status: null, error: refused, response: null };
  const secrets = await secretsOf(due, open).catch(() => undefined);
  if (!secrets) return { status: null, error: 'secret_unreadable', response: null };
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

export async function attempt(
  due: DueDelivery,
  ports: AttemptPorts,
  open: OpenSecret,
): Promise<AttemptResult> {
  const startedMs = ports.now();
  const outcome = await post(due, ports, open);
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
