// Credentials as text: making, checking and showing them. Pure, but for randomness handed in and SHA-256.

import { sha256Hex } from '../core/encoding.ts';

export const ENVIRONMENTS = ['test', 'live'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 characters of 62: 190 bits. */
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
/** Longer than any credential; what is longer is not looked at. */
export const MAX_CREDENTIAL_CHARS = 256;

/** Source of random bytes: `crypto.getRandomValues` in production. */
export type RandomBytes = (length: number) => Uint8Array;

function randomText(length: number, random: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    // 248 = 4 * 62: larger bytes would favour the first letters.
    for (const byte of random(length)) if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
  }
  return text;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309) in 6 letters of base 62. Tells a typing error from an unknown key without a look-up. */
export function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++)
    crc = (CRC_TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0) ^ (crc >>> 8);
  let value = (crc ^ 0xffffffff) >>> 0;
  let letters = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++, value = Math.floor(value / 62))
    letters = ALPHABET[value % 62] + letters;
  return letters;
}

export function newBearerKey(environment: Environment, random: RandomBytes): string {
  const body = `pk_${environment}_${randomText(RANDOM_LENGTH, random)}`;
  return `${body}_${checksum(body)}`;
}

export const newSigningId = (environment: Environment, random: RandomBytes): string =>
  `ak_${environment}_${randomText(24, random)}`;
export const newSigningSecret = (environment: Environment, random: RandomBytes): string =>
  `sk_${environment}_${randomText(40, random)}`;

export const newClientId = (environment: Environment, random: RandomBytes): string =>
  `oc_${environment}_${randomText(24, random)}`;
/** Of what a member allowed a program. */
export const newGrantId = (environment: Environment, random: RandomBytes): string =>
  `og_${environment}_${randomText(24, random)}`;

/** A code, or a refresh token: for one use. */
export function newOneUseSecret(kind: 'ok' | 'or', random: RandomBytes): string {
  const body = `${kind}_${randomText(40, random)}`;
  return `${body}_${checksum(body)}`;
}

export function newClientSecret(environment: Environment, random: RandomBytes): string {
  const body = `os_${environment}_${randomText(40, random)}`;
  return `${body}_${checksum(body)}`;
}

const CLIENT_ID = /^oc_(?:test|live)_[0-9A-Za-z]{24}$/;
export const isClientId = (text: string): boolean => CLIENT_ID.test(text);

/** What may be shown of a secret: its kind, environment and 8 characters. */
export const displayPrefix = (secret: string): string => `${secret.slice(0, 16)}...`;

/** What stands in programs: of a bearer key the beginning of its secret, of any other its id. */
export const shownPrefix = (key: {
  kind: 'bearer' | 'signing' | 'oauth' | 'grant';
  keyId: string;
  keyPrefix: string;
}): string => (key.kind === 'bearer' ? key.keyPrefix : displayPrefix(key.keyId));

const BEARER = /^pk_(?:test|live)_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/;
const ORIGINAL = /^pk_(?:test|live)_([0-9a-f]{64})_([0-9a-f]{4})$/;
/** As the original's portal made them: nothing in them can be checked. */
const ORIGINAL_OF_PORTAL = /^pk_live_[0-9a-f]{48}$/;

/** Whether the text is a bearer key whose checksum, if it has one, holds: ours, or of the deployed original (64 hex + SHA-256). */
export async function isWellFormedBearer(key: string): Promise<boolean> {
  if (BEARER.test(key)) return checksum(key.slice(0, -CHECKSUM_LENGTH - 1)) === key.slice(-CHECKSUM_LENGTH);
  if (ORIGINAL_OF_PORTAL.test(key)) return true;
  const original = ORIGINAL.exec(key);
  return original !== null && (await sha256Hex(original[1] ?? '')).startsWith(original[2] ?? '-');
}

const SIGNED = /^(ak_(?:test|live)_[0-9A-Za-z]{1,64}):([0-9a-fA-F]{64})$/;

/** Splits `X-API-Key: <id>:<hex HMAC-SHA256>`. */
export function parseSigned(header: string): { id: string; signature: string } | undefined {
  const match = header.length <= MAX_CREDENTIAL_CHARS ? SIGNED.exec(header) : null;
  return match?.[1] && match[2] ? { id: match[1], signature: match[2] } : undefined;
}
