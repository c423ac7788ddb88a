// Signs requests as the guide says, with Node's own HMAC: nothing of the gateway's code is used.

import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { CallOptions } from './api.ts';

export interface SigningKey {
  id: string;
  secret: string;
}

export const hmac = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('hex');

export interface Signed extends CallOptions {
  method: string;
  headers: Record<string, string>;
}

/** A whole request, signed: `call(target, signed(key, target, …))`. */
export function signed(
  { id, secret }: SigningKey,
  target: string,
  {
    method = 'GET',
    body = '',
    type = body && 'application/json',
    once = '',
    more = {},
    nonce = randomUUID(),
    seconds = Math.floor(Date.now() / 1000),
  }: {
    method?: string;
    body?: string;
    type?: string;
    /** Its idempotency key. */
    once?: string;
    /** Other headers that are signed, by their lower-case names. */
    more?: Record<string, string>;
    nonce?: string;
    seconds?: number;
  } = {},
): Signed {
  const hash = createHash('sha256').update(body).digest('hex');
  const names = Object.keys(more).toSorted();
  const lines = names.map((name) => `${name}:${more[name]}`);
  const text = ['v2', method, target, seconds, nonce, type, once, hash, ...lines].join('\n');
  return {
    method,
    ...(body && { body }),
    headers: {
      'x-api-key': `${id}:${hmac(`v2:${secret}`, text)}`,
      'x-signature-version': '2',
      'x-timestamp': String(seconds),
      'x-nonce': nonce,
      ...(type && { 'content-type': type }),
      ...(once && { 'idempotency-key': once }),
      ...(names.length > 0 && { 'x-signature-headers': names.join(';') }),
      ...more,
    },
  };
}

/** The source document's form. */
export const bodySigned = ({ id, secret }: SigningKey, body: string, method = 'POST'): Signed => ({
  method,
  ...(body && { body }),
  headers: { 'x-api-key': `${id}:${hmac(secret, body)}`, 'content-type': 'application/json' },
});
