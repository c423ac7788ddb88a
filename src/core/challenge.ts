// What WWW-Authenticate says (RFC 6750, 3; RFC 9449, 7.1; RFC 9728, 5.1). Pure.

import type { Answered, ErrorCode } from './errors.ts';

const REALM = 'realm="passerelle"';
/** With which a DPoP proof may be signed. */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

/** None came, or one of another kind: what lacks is no error (3.1). */
const NO_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['missing_api_key', 'invalid_auth_format']);

/** `scope`: the one that lacks. Without the request's headers, a credential came. */
export function challengeOf(
  code: ErrorCode,
  status: number,
  { headers, resourceMetadata }: Pick<Answered, 'headers' | 'resourceMetadata'>,
  scope: unknown,
): string | undefined {
  const scheme = /^dpop /i.test(headers?.get('authorization') ?? '') ? 'DPoP' : 'Bearer';
  const said = (...more: string[]) => {
    const metadata = resourceMetadata === undefined ? [] : [`resource_metadata="${resourceMetadata}"`];
    const algorithms = scheme === 'DPoP' ? [`algs="${PROOF_ALGORITHMS.join(' ')}"`] : [];
    return `${scheme} ${[REALM, ...more, ...algorithms, ...metadata].join(', ')}`;
  };
  if (status === 403 && typeof scope === 'string')
    return said('error="insufficient_scope"', `scope="${scope}"`);
  if (status !== 401) return undefined;
  const lacks =
    NO_CREDENTIAL.has(code) ||
    // The one code of those who sent nothing and of those who sent what is not valid.
    (code === 'invalid_token' &&
      headers !== undefined &&
      !/^(?:bearer|dpop) /i.test(headers.get('authorization') ?? ''));
  return lacks ? said() : said('error="invalid_token"');
}
