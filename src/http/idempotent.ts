// `Idempotency-Key` on POST: the same key with the same request gives the same answer, for a day.

import type { Context, Next } from 'hono';
import { sha256Hex } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import type { IdempotencyStore } from '../platform/idempotency-store.ts';

const MOST_KEY_CHARS = 255;

/** `owner`: whose keys these are; another owner's are never found. */
export async function idempotent(
  context: Context,
  next: Next,
  store: IdempotencyStore,
  owner: string,
): Promise<Response | undefined> {
  const key = context.req.header('idempotency-key');
  if (context.req.method !== 'POST' || key === undefined) {
    await next();
    return undefined;
  }
  if (key.length === 0 || key.length > MOST_KEY_CHARS) {
    throw new AppError('invalid_request', 'Idempotency-Key must have 1 to 255 characters');
  }
  const body = await context.req.text();
  const hash = await sha256Hex(`${context.req.method} ${context.req.path}\n${body}`);
  const known = await store.begin(owner, key, hash);
  if (known) {
    context.header('Idempotent-Replayed', 'true');
    // The status was sent once before, so it is one that may be sent.
    return context.body(known.body, known.status as 200, { 'content-type': 'application/json' });
  }
  await next();
  if (context.res.status >= 500 || context.error) {
    await store.release(owner, key);
  } else {
    await store.finish(owner, key, { status: context.res.status, body: await context.res.clone().text() });
  }
  return undefined;
}
