// The link of an optional mail that stops its kind. It says whose mails and which, opens nothing else, and does not end: a mail
// may be read years later.

import * as z from 'zod';
import { equalInConstantTime, fromBase64, toBase64Url, utf8 } from '../core/encoding.ts';
import { hmacSha256 } from '../crypto/hmac.ts';
import { MAIL_KINDS, type OptionalMail } from './kinds.ts';

export interface StopLink extends OptionalMail {
  /** The member whose mails it stops. */
  subject: string;
}

const claims = z.tuple([z.uuid(), z.string(), z.enum(MAIL_KINDS)]);

const signatureOf = async (body: string, secret: string): Promise<string> =>
  toBase64Url(await hmacSha256(utf8(`mail stop link ${secret}`), body));

function claimsOf(body: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64(body.replaceAll('-', '+').replaceAll('_', '/'))));
  } catch {
    return undefined;
  }
}

/** `secrets`: any of which may have signed one, the newest first. */
export const createStopLinks = (secrets: readonly string[]) => ({
  async path({ partnerId, subject, kind }: StopLink): Promise<string> {
    const body = toBase64Url(utf8(JSON.stringify([partnerId, subject, kind])));
    return `/mails/${body}.${await signatureOf(body, secrets[0] ?? '')}`;
  },
  /** undefined, where it is not ours as it stands. */
  async read(token: string): Promise<StopLink | undefined> {
    const [body = '', signature = '', ...rest] = token.split('.');
    const signatures = await Promise.all(secrets.map((secret) => signatureOf(body, secret)));
    if (rest.length > 0 || !signatures.some((each) => equalInConstantTime(each, signature))) return undefined;
    const { data } = claims.safeParse(claimsOf(body));
    return data && { partnerId: data[0], subject: data[1], kind: data[2] };
  },
});

export type StopLinks = ReturnType<typeof createStopLinks>;
