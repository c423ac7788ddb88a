// Forms that make something once, however often they are sent: the form carries an id, which is its idempotency key.

import { sha256Hex } from '../core/encoding.ts';
import type { IdempotencyStore } from './idempotency-store.ts';

interface OnceOf {
  /** Whose forms these are. */
  owner: string;
  /** As its audit rows name whoever sends it. */
  actor: string;
  /** The form's id. */
  form: string;
  /** What it asks for: the same id with something else is refused. */
  about: string;
  requestId: string;
}

/**
 * What `make` makes, and under which id it is found later; or the id of what an earlier sending made.
 * @throws AppError conflict while an earlier sending is under way
 */
export async function once<Made>(
  store: IdempotencyStore,
  { owner, actor, form, about, requestId }: OnceOf,
  make: () => Promise<{ id: string; made: Made }>,
): Promise<{ made: Made } | { before: string | undefined }> {
  const claimant = {
    owner: `form:${owner}`,
    actor,
    key: form,
    requestHash: await sha256Hex(about),
    requestId,
  };
  const claim = await store.begin(claimant);
  if (claim.state === 'answered') return { before: claim.answer.body };
  if (claim.state === 'done') {
    const { key_id: id } = claim.effect?.target ?? {};
    return { before: typeof id === 'string' ? id : undefined };
  }
  try {
    const { id, made } = await make();
    await store.finish(claimant, { status: 201, body: id });
    return { made };
  } catch (error) {
    await store.release(claimant);
    throw error;
  }
}
