// /.well-known/security.txt (RFC 9116): where to report what is not safe. Pure.

import type { Brand } from '../brand/brand.ts';

const A_DAY_MS = 86_400_000;
/** Less than the year that it may be at most (2.5.5), for whoever keeps a copy. */
const VALID_DAYS = 180;

/** undefined: the brand names nobody, and the file needs somebody. The same for a whole day. */
export function securityText(
  { supportEmail, support }: Brand['links'],
  origin: string,
  nowMs: number,
): string | undefined {
  const contacts = [supportEmail && `mailto:${supportEmail}`, support].filter(Boolean);
  if (contacts.length === 0) return undefined;
  const expiresMs = (Math.floor(nowMs / A_DAY_MS) + VALID_DAYS) * A_DAY_MS;
  return [
    ...contacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${new Date(expiresMs).toISOString()}`,
    'Preferred-Languages: en, fr',
    `Canonical: ${origin}/.well-known/security.txt`,
    '',
  ].join('\n');
}
