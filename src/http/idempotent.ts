// `Idempotency-Key` on POST: the same key with the same request is done once, and gives the same answer, for a day.

import type { Context, Next } from 'hono';
import { sha256Hex } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import type { Claimant, IdempotencyStore } from './idempotency-store.ts';

const MAX_KEY_CHARS = 255;

/** `owner`: whose keys these are; another owner's are never found, another actor's of the same owner refused. */
export async function idempotent(
  context: Context,
  next: Next,
  store: IdempotencyStore,
  { owner, actor }: Pick<Claimant, 'owner' | 'actor'>,
): Promise<Response | undefined> {
  const key = context.req.header('idempotency-key');
  if (context.req.method !== 'POST' || key === undefined) {
    await next();
    return undefined;
  }
  if (key.length === 0 || key.length > MAX_KEY_CHARS) {
    throw new AppError('invalid_request', 'Idempotency-Key must have 1 to 255 characters');
  }
  const body = await context.req.text();
  const requestHash = await sha256Hex(`${context.req.method} ${context.req.path}\n${body}`);
  const claimant = { owner, actor, key, requestHash, requestId: context.var.requestId };
  const claim = await store.begin(claimant);
  if (claim.state === 'answered') {
    context.header('Idempotent-Replayed', 'true');
    // The status was sent once before, so it is one that may be sent.
    return context.body(claim.answer.body, claim.answer.status as 200, {
      'content-type': 'application/json',
    });
  }
  if (claim.state === 'done') {
    throw new AppError(
      'conflict',
      'A request with this Idempotency-Key was done before, and its answer is lost. `done` says what it did',
      { done: claim.effect },
    );
  }
  await next();
  if (context.res.status >= 500 || context.error) {
    // When the database does not answer, the key is free after a while by itself.
    await store.release(claimant).catch(() => undefined);
  } else {
    const answer = { status: context.res.status, body: await context.res.clone().text() };
    // It was done: its caller has the answer, though it may not be had again.
    await store.finish(claimant, answer).catch(() => undefined);
  }
  return undefined;
}
