// The secret of the test key that a sign-up makes, on its way to the overview: sealed, in a cookie of this browser, until the
// overview shows it, and for ten minutes at most. Lost with the cookie: the key is rolled, as any whose secret is lost.

import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { openEnvelope, sealEnvelope } from '../../crypto/envelope.ts';
import { proofCookie } from '../../web/web.ts';
import type { PortalContext } from './portal-web.tsx';

const COOKIE_SECONDS = 600;
const SEPARATOR = ' ';

const cookieOf = (context: PortalContext) =>
  proofCookie(context.var.services.config, 'first-key', COOKIE_SECONDS);
/** Nobody else's cookie opens: it is sealed for the account. */
const contextOf = (accountId: string): string => `first-key:${accountId}`;

export interface FirstKey {
  keyId: string;
  secret: string;
}

export async function carryFirstKey(
  context: PortalContext,
  accountId: string,
  { keyId, secret }: FirstKey,
): Promise<void> {
  const { KEY_ENCRYPTION_KEYS } = context.var.services.config;
  const { name, options } = cookieOf(context);
  const plain = `${keyId}${SEPARATOR}${secret}`;
  setCookie(context, name, await sealEnvelope(KEY_ENCRYPTION_KEYS, plain, contextOf(accountId)), options);
}

/** What this browser carries, once: the cookie ends. */
export async function takeFirstKey(context: PortalContext, accountId: string): Promise<FirstKey | undefined> {
  const { name, options } = cookieOf(context);
  const sealed = getCookie(context, name);
  if (sealed === undefined) return undefined;
  deleteCookie(context, name, options);
  const { KEY_ENCRYPTION_KEYS } = context.var.services.config;
  const plain = await openEnvelope(KEY_ENCRYPTION_KEYS, sealed, contextOf(accountId)).catch(() => undefined);
  const [keyId, secret] = plain?.split(SEPARATOR) ?? [];
  return keyId && secret ? { keyId, secret } : undefined;
}
