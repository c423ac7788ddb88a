// What WWW-Authenticate says (RFC 6750, 3). Pure.

import type { ErrorCode } from './errors.ts';

const REALM = 'Bearer realm="passerelle"';

/** None came, or one of another kind: what lacks is no error (3.1). */
const NO_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['missing_api_key', 'invalid_auth_format']);

/** `scope`: the one that lacks. `headers`: the request's; without them a credential came. */
export function challengeOf(
  code: ErrorCode,
  status: number,
  headers: Pick<Headers, 'get'> | undefined,
  scope: unknown,
): string | undefined {
  if (status === 403 && typeof scope === 'string')
    return `${REALM}, error="insufficient_scope", scope="${scope}"`;
  if (status !== 401) return undefined;
  const lacks =
    NO_CREDENTIAL.has(code) ||
    // The one code of those who sent nothing and of those who sent what is not valid.
    (code === 'invalid_token' &&
      headers !== undefined &&
      !/^bearer /i.test(headers.get('authorization') ?? ''));
  return lacks ? REALM : `${REALM}, error="invalid_token"`;
}
