// The link that confirms an address, and the browser that asked for it. The link alone opens nothing: mail scanners follow
// links, and whoever was mailed need not be whoever signed up.

import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { utf8 } from '../core/encoding.ts';

/** The link may be sent again to the browser that asked, within this. */
export const ASKED_SECONDS = 86_400;

const pending = z.object({ email: z.email(), userId: z.string().min(1) });
export type PendingAddress = z.infer<typeof pending>;

async function payloadOf(text: string | undefined, key: Uint8Array): Promise<unknown> {
  try {
    return (await jwtVerify(text ?? '', key, { algorithms: ['HS256'] })).payload;
  } catch {
    return undefined;
  }
}

/** What a link is for; undefined when it is too old, or not ours. better-auth signs it with the secret itself. */
export const readAddressLink = async (secret: string, token: string): Promise<PendingAddress | undefined> =>
  pending.safeParse(await payloadOf(token, utf8(secret))).data;

const askedKey = (secret: string): Uint8Array => utf8(`address asked ${secret}`);

/** What a browser that signed up carries: for which account, and where it wanted to go. */
const asked = z.object({ sub: z.string(), back: z.string() });
export type Asked = { accountId: string; back: string };

/** A cookie's value. */
export const signAsked = (secret: string, { accountId, back }: Asked): Promise<string> =>
  new SignJWT({ back })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(accountId)
    .setExpirationTime(`${ASKED_SECONDS}s`)
    .sign(askedKey(secret));

export async function readAsked(secret: string, cookie: string | undefined): Promise<Asked | undefined> {
  const { data } = asked.safeParse(await payloadOf(cookie, askedKey(secret)));
  return data && { accountId: data.sub, back: data.back };
}
