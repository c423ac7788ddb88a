// ETag and If-Match (RFC 9110, 13.1.1): a change that is for what its caller read, and for nothing that came after.

import type { Context } from 'hono';
import * as z from 'zod';
import type { Expected } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';

/** A weak one is like none: it says that two are alike, not the same. */
const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e]*)"/g;
const LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;

export const etag = z
  .string()
  .describe('Its version: the `ETag`, which `If-Match` takes, without the quotes');

/** Of a route that changes something, for its document. */
export const ifMatch = z.object({
  'if-match': z
    .string()
    .max(1000)
    .optional()
    .describe('The `ETag` of what was read: if it is another by now, nothing is changed (412)')
    .meta({ example: '"0cc175b9c0f1b6a831c399e269772661"' }),
});

/** The versions that a request is for. @throws AppError invalid_request */
export function expectedBy(context: Context): Expected {
  const header = context.req.header('if-match');
  if (header === undefined || header.trim() === '*') return undefined;
  if (!LIST.test(header)) throw new AppError('invalid_request', 'If-Match takes an ETag, with its quotes');
  return [...header.matchAll(ENTITY_TAG)].flatMap(([, weak, version = '']) => (weak ? [] : [version]));
}

/** The body, with its ETag as the header, too. */
export function tagged<Body extends { etag: string }>(context: Context, body: Body): Body {
  context.header('ETag', `"${body.etag}"`);
  return body;
}
