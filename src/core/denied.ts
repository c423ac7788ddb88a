// An expected refusal, as a value: which error to answer, and why for the log only.

import type { ErrorCode, ErrorDetail } from './errors.ts';

/** Why, for the log alone: callers are told less. */
export type Reason =
  // The key.
  | 'unknown'
  | 'revoked'
  | 'quarantined'
  | 'app_archived'
  | 'expired'
  | 'partner_not_active'
  | 'secret_expired'
  | 'key_directory_unavailable'
  // Its signature.
  | 'body_form_refused'
  | 'claim_refused'
  | 'header_not_signed'
  | 'signature_mismatch'
  | 'nonce_reused'
  // Its access token.
  | 'token_elsewhere'
  | 'token_not_proven'
  // The limits.
  | 'record_older_than_limiter'
  | 'catalogue_older_than_limiter'
  | 'settled_before_taken'
  | 'limiter_unavailable'
  // What operators ask of a route.
  | 'policy'
  | 'policy_unfit'
  // The upstream.
  | 'circuit_open'
  | 'concurrency'
  | 'answer_not_redactable'
  | 'no_upstream_configured'
  | 'upstream_unreachable'
  | 'upstream_failed'
  | 'thrown';

export interface Denied {
  denied: ErrorCode;
  detail?: ErrorDetail;
  reason?: Reason;
  /** What the reason does not say: a header's name, the text of an error. */
  cause?: string;
}

export const deny = (denied: ErrorCode, detail?: ErrorDetail, reason?: Reason, cause?: string): Denied => ({
  denied,
  detail,
  reason,
  cause,
});

export const isDenied = (value: unknown): value is Denied =>
  typeof value === 'object' && value !== null && 'denied' in value;

/** What is said of a request whose sender broke it off. */
export const ENDED_EARLY = 'The request body ended early';

/** What was to be used once was used before: a signature, or the proof of a token. */
export const replayed = (isSigned: boolean): Denied =>
  isSigned
    ? deny('invalid_signature', undefined, 'nonce_reused')
    : deny(
        'invalid_token',
        { message: 'The DPoP proof was used before: each is for one request' },
        'nonce_reused',
      );
