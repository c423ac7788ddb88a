// The link that confirms an address, and the browser that asked for it. The link alone opens nothing: mail scanners follow
// links, and whoever was mailed need not be whoever signed up.

import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { utf8 } from '../core/encoding.ts';

const LINK_SECONDS = 3600;
/** The link may be sent again to the browser that asked, within this. */
export const ASKED_SECONDS = 86_400;

async function payloadOf(text: string | undefined, key: Uint8Array): Promise<unknown> {
  try {
    return (await jwtVerify(text ?? '', key, { algorithms: ['HS256'] })).payload;
  } catch {
    return undefined;
  }
}

const sign = (claims: object, signUpId: string, seconds: number, key: Uint8Array): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(signUpId)
    .setExpirationTime(`${seconds}s`)
    .sign(key);

const linkKey = (secret: string): Uint8Array => utf8(`address link ${secret}`);
const link = z.object({ sub: z.string() });

/** What a mail's link carries: which sign-up it confirms. */
export const signAddressLink = (secret: string, signUpId: string): Promise<string> =>
  sign({}, signUpId, LINK_SECONDS, linkKey(secret));

/** The sign-up that a link confirms; undefined when it is too old, or not ours. */
export const readAddressLink = async (
  secret: string,
  token: string | undefined,
): Promise<string | undefined> => link.safeParse(await payloadOf(token, linkKey(secret))).data?.sub;

const askedKey = (secret: string): Uint8Array => utf8(`address asked ${secret}`);

/** What a browser that signed up carries: by which sign-up, and where it wanted to go. */
const asked = link.extend({ back: z.string() });
export type Asked = { signUpId: string; back: string };

/** A cookie's value. */
export const signAsked = (secret: string, { signUpId, back }: Asked): Promise<string> =>
  sign({ back }, signUpId, ASKED_SECONDS, askedKey(secret));

export async function readAsked(secret: string, cookie: string | undefined): Promise<Asked | undefined> {
  const { data } = asked.safeParse(await payloadOf(cookie, askedKey(secret)));
  return data && { signUpId: data.sub, back: data.back };
}
