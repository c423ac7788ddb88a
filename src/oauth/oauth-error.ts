// Errors of the OAuth endpoints, as RFC 6749, 5.2 has them: `error`, `error_description`, never cached.

import { AppError } from '../core/errors.ts';
import { LimiterUnavailable } from '../core/object-errors.ts';
import { toAppError } from '../http/errors.ts';
import { DatabaseUnavailable } from '../platform/database.ts';

/** Status by code. RFC 6749, 5.2; 8707, 2; 9449, 5; 7009, 2.2.1; the last two where nothing is the client's fault. */
const STATUSES = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const;
export type OAuthErrorCode = keyof typeof STATUSES;

export class OAuthError extends Error {
  override name = 'OAuthError';
  readonly code: OAuthErrorCode;
  /** Seconds after which it may be tried again: too much was asked. */
  readonly retryAfter: number | undefined;
  constructor(code: OAuthErrorCode, description: string, retryAfter?: number) {
    super(description);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof AppError && error.code === 'payload_too_large')
    return new OAuthError('invalid_request', 'The request body is too large');
  if (error instanceof DatabaseUnavailable || error instanceof LimiterUnavailable)
    return new OAuthError('temporarily_unavailable', 'This cannot be checked right now. Try again shortly');
  // What Postgres had no time for, is for another time.
  if (toAppError(error).code === 'service_unavailable')
    return new OAuthError('temporarily_unavailable', 'The database took too long. Try again shortly');
  return new OAuthError('server_error', 'Something failed on our side. The request id helps us find it');
}

/** `isBasic`: the client tried the Authorization header, and is told which scheme it was to be. */
export function oauthErrorResponse(error: unknown, requestId: string, isBasic: boolean): Response {
  const { code, message, retryAfter } = toOAuthError(error);
  const headers = new Headers({ 'cache-control': 'no-store', pragma: 'no-cache', 'x-request-id': requestId });
  if (code === 'invalid_client' && isBasic)
    headers.set('www-authenticate', 'Basic realm="passerelle", charset="UTF-8"');
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter));
  else if (code === 'temporarily_unavailable') headers.set('retry-after', '1');
  const status = retryAfter === undefined ? STATUSES[code] : 429;
  return Response.json({ error: code, error_description: message }, { status, headers });
}
