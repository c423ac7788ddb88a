// HMAC-SHA256 signatures of requests, in two forms. The body form is the source document's: over the exact bytes of the
// body, and nothing else. The bound form is over the whole request, at its time, once. Each form has a key of its own, so
// that no body, whoever chose it, is ever the other form's message. Pure: the browser's playground signs with it, too.

import { fromHex, sha256Hex, utf8 } from '../core/encoding.ts';
import type { Nonce } from '../limits/protocol.ts';

export type SignatureForm = 'body' | 'bound';
/** What a key, a partner or a route takes: both forms, or the bound one alone. */
export const SIGNATURE_RULES = ['any', 'bound'] as const;
export type SignatureRule = (typeof SIGNATURE_RULES)[number];

export const MAX_SKEW_MS = 5 * 60_000;
/** As long as a timestamp may count, and a minute for clocks that differ from each other. */
const NONCE_KEPT_MS = 2 * MAX_SKEW_MS + 60_000;
const TIMESTAMP = /^\d{1,12}$/;
const NONCE = /^[\w-]{16,128}$/;
/** Before 2026-11-24 `timestamp.nonce.body` was signed. Whoever kept such a message must not send it as a body. */
const EARLIER_FORM = /^\d{1,12}\./;
/** Always signed, as empty when they are not sent. */
const SIGNED_HEADERS = ['content-type', 'idempotency-key'] as const;
/** Which other headers are signed: names in lower case, sorted, each once, by semicolons. */
export const SIGNATURE_HEADERS = 'x-signature-headers';
const NAMES = /^[a-z0-9-]{1,64}(?:;[a-z0-9-]{1,64}){0,31}$/;
/** Other bytes are read as different texts by different programs. */
const ASCII = /^[\t\x20-\x7e]*$/;

export interface SignedRequest {
  method: string;
  /** As sent: `https://host/path?query`. */
  url: string;
  headers: Headers;
}

/** `signed`: names of all headers that the signature covers. */
export type Claim = { form: 'body' } | { form: 'bound'; nonce: Nonce; signed: readonly string[] };

/** RFC 9421, 2.2.5, origin form: path and query as they were sent, nothing decoded, sorted or left out. */
export function targetOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  return start < 0 ? '/' : url.slice(start);
}

/** The headers that the caller lists as signed; undefined when the list is malformed, or one of them is not sent. */
function listedHeaders(headers: Headers): string[] | undefined {
  const list = headers.get(SIGNATURE_HEADERS);
  if (list === null) return [];
  if (!NAMES.test(list)) return undefined;
  const names = list.split(';');
  const isSorted = names.every((name, i) => (names[i - 1] ?? '') < name);
  const areSent = names.every((name) => ASCII.test(headers.get(name) ?? '\n'));
  return isSorted && areSent ? names : undefined;
}

/** Which form the headers say it is; undefined when version, timestamp, nonce or list of headers is refused. */
export function readClaim(headers: Headers, nowMs: number): Claim | undefined {
  const [version, timestamp, value, list] = [
    'x-signature-version',
    'x-timestamp',
    'x-nonce',
    SIGNATURE_HEADERS,
  ].map((name) => headers.get(name));
  if ([version, timestamp, value, list].every((each) => each === null)) return { form: 'body' };
  if (version !== '2' || !TIMESTAMP.test(timestamp ?? '') || !NONCE.test(value ?? '')) return undefined;
  if (Math.abs(Number(timestamp) * 1000 - nowMs) > MAX_SKEW_MS) return undefined;
  const listed = listedHeaders(headers);
  if (!listed) return undefined;
  const nonce = { value: value ?? '', expiresMs: nowMs + NONCE_KEPT_MS };
  return { form: 'bound', nonce, signed: [...SIGNED_HEADERS, ...listed] };
}

/**
 * The text of the bound form: eight lines, and one, `name:value`, for each header that the caller lists; no newline at the
 * end. None of them can hold a newline, and no name a colon, so two different requests never have one text. Field values
 * are trimmed and joined by `, ` (RFC 9421, 2.1), as Headers gives them.
 */
export async function boundText(
  { method, url, headers }: SignedRequest,
  body: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const value = (name: string) => headers.get(name) ?? '';
  return [
    'v2',
    method,
    targetOf(url),
    value('x-timestamp'),
    value('x-nonce'),
    ...SIGNED_HEADERS.map(value),
    await sha256Hex(body),
    ...(listedHeaders(headers) ?? []).map((name) => `${name}:${value(name)}`),
  ].join('\n');
}

/** What is signed; undefined for what the body form does not cover. */
export async function signedBytes(
  form: SignatureForm,
  request: SignedRequest,
  body: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (form === 'bound') return utf8(await boundText(request, body));
  // The signature of nothing is one constant for a key: whoever sees it once could use it for ever.
  if (body.length === 0) return undefined;
  return EARLIER_FORM.test(new TextDecoder().decode(body.subarray(0, 13))) ? undefined : body;
}

export async function hmacKey(secret: string, form: SignatureForm): Promise<CryptoKey> {
  const bytes = utf8(form === 'bound' ? `v2:${secret}` : secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

/** Compares in constant time. `signature`: 64 hex digits. */
export async function verifySignature(
  key: CryptoKey,
  signature: string,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const expected = fromHex(signature);
  return expected !== undefined && crypto.subtle.verify('HMAC', key, expected, signed);
}
