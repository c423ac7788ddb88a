// The keys that GitHub publishes for the signatures of its reports, kept for an hour. Time bound: KEYS_TIMEOUT_MS. Fails closed.

import { AppError } from '../core/errors.ts';

const KEYS_TIMEOUT_MS = 5000;
const KEYS_KEPT_MS = 3_600_000;
/** Whatever reports name, GitHub is asked once in this time. */
const KEYS_ASKED_MS = 60_000;

const unavailable = () =>
  new AppError('service_unavailable', 'The keys that sign reports cannot be had right now');

/** `keysUrl`: where GitHub publishes them. */
export function createGithubKeys({ keysUrl, now }: { keysUrl: string; now(): number }) {
  let known: { keys: Map<string, string>; untilMs: number } | undefined;
  let askedMs = Number.NEGATIVE_INFINITY;

  /** Undefined when GitHub publishes none of this name. Who comes while it is being asked does not wait for that. */
  async function keyOf(identifier: string): Promise<string | undefined> {
    const fresh = known && known.untilMs > now() ? known.keys : undefined;
    if (fresh?.has(identifier)) return fresh.get(identifier);
    if (now() - askedMs < KEYS_ASKED_MS) {
      if (fresh) return undefined;
      throw unavailable();
    }
    askedMs = now();
    const response = await fetch(keysUrl, {
      headers: { accept: 'application/json', 'user-agent': 'Passerelle' },
      signal: AbortSignal.timeout(KEYS_TIMEOUT_MS),
    }).catch(() => undefined);
    if (!response?.ok) throw unavailable();
    const { public_keys: published } = (await response.json()) as {
      public_keys: { key_identifier: string; key: string }[];
    };
    const keys = new Map(published.map(({ key_identifier: name, key }) => [name, key]));
    known = { keys, untilMs: now() + KEYS_KEPT_MS };
    return keys.get(identifier);
  }

  return keyOf;
}
