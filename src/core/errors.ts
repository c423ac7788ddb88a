// The one table from error code to HTTP status and default message, and the one place that renders an error. Messages
// never contain the caller's input.

import { challengeOf } from './challenge.ts';
import { utf8 } from './encoding.ts';

export const ERRORS = {
  missing_api_key: [401, 'API key is required. Use Authorization: Bearer YOUR_API_KEY'],
  invalid_auth_format: [401, 'Authorization header must be in format: Bearer YOUR_API_KEY'],
  invalid_api_key_format: [401, 'API key is malformed: it must start with pk_ and have a valid checksum'],
  invalid_api_key: [401, 'The provided API key is invalid or has been revoked'],
  invalid_signature: [401, 'The request signature does not match, or its timestamp or nonce was refused'],
  invalid_token: [401, 'A valid bearer token is required'],
  ip_not_allowed: [403, 'This address is not on the list of the key'],
  origin_not_allowed: [403, 'This origin is not on the list of the partner'],
  insufficient_permissions: [403, 'The API key does not have the required scope'],
  live_access_required: [403, 'Live keys need an approved account. Test keys work now'],
  partner_suspended: [
    403,
    'This account is suspended: it can be read, downloaded and paid, and nothing new is made',
  ],
  forbidden: [403, 'You do not have access to this resource'],
  not_found: [404, 'Nothing is here'],
  method_not_allowed: [405, 'This method is not allowed here'],
  version_sunset: [410, 'This version of the API has ended'],
  conflict: [409, 'The request conflicts with the current state'],
  precondition_failed: [412, 'It was changed meanwhile: read it again before you change it'],
  payload_too_large: [413, 'The request body is too large'],
  idempotency_mismatch: [422, 'This Idempotency-Key was used with another request'],
  invalid_request: [400, 'The request could not be read'],
  validation_error: [400, 'Some fields are missing or not valid'],
  limit_exceeded: [400, 'Your plan allows no more live keys'],
  rate_limit_exceeded: [429, 'Too many requests'],
  too_many_at_once: [429, 'Too many calls wait for an answer at once. Try again when one has come'],
  daily_quota_exceeded: [429, 'Daily quota exceeded'],
  monthly_quota_exceeded: [429, 'Monthly quota exceeded'],
  budget_exceeded: [402, 'The budget of this key, or of one above it, is used up'],
  internal_error: [500, 'Something failed on our side. The request id helps us find it'],
  upstream_error: [502, 'The upstream API could not be reached or gave no valid answer'],
  upstream_timeout: [504, 'The upstream API did not answer in time'],
  limiter_unavailable: [503, 'Limits cannot be checked right now. Try again shortly'],
  service_unavailable: [503, 'The service cannot check this key right now. Try again shortly'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof ERRORS;
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
export type FieldErrors = { field: string; message: string }[];

/** An expected failure of a CRUD service, turned into an answer at the edge of the HTTP layer. */
export class AppError extends Error {
  override name = 'AppError';
  readonly code: ErrorCode;
  readonly fields: Record<string, unknown>;
  constructor(code: ErrorCode, message?: string, fields: Record<string, unknown> = {}) {
    super(message ?? ERRORS[code][1]);
    this.code = code;
    this.fields = fields;
  }
}

/** That one field is not as it must be, by its name. */
export const invalid = (field: string, message: string): AppError =>
  new AppError('validation_error', undefined, { details: [{ field, message }] });

/** Its message is of the pages' messages: in the language of whoever looks. */
export class PageError extends AppError {}

export interface ErrorDetail {
  message?: string;
  fields?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Which request is answered, the origin at which the portal explains it, and the request's headers. */
export interface Answered {
  requestId: string;
  portalOrigin: string;
  headers?: Pick<Headers, 'get'>;
  /** Where it is said who issues tokens for what was asked (RFC 9728). */
  resourceMetadata?: string;
}

/** Path of the metadata of our protected resources (RFC 9728, 3). */
export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

export const PROBLEM = 'application/problem+json';
/** Named by itself, and not as what is never wanted. */
const WANTS_PROBLEM =
  /(?:^|,)\s*application\/problem\+json\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i;
const wantsProblem = ({ headers }: Answered): boolean => WANTS_PROBLEM.test(headers?.get('accept') ?? '');

/** The page of the code, which needs no account. */
export const docUrl = (portalOrigin: string, code: ErrorCode): string =>
  `${portalOrigin}/docs/errors/${code}`;

/**
 * `{error, message, request_id, doc_url, …fields}`; for callers who ask for it, a problem of RFC 9457 with the same members:
 * `{type, title, status, detail, instance, …}`.
 */
export function errorBody(
  code: ErrorCode,
  answered: Answered,
  { message = ERRORS[code][1], fields }: ErrorDetail = {},
): string {
  const { requestId, portalOrigin } = answered;
  const [status, title] = ERRORS[code];
  const doc_url = docUrl(portalOrigin, code);
  const body = { error: code, message, request_id: requestId, doc_url, ...fields };
  if (!wantsProblem(answered)) return JSON.stringify(body);
  const instance = `urn:uuid:${requestId}`;
  return JSON.stringify({ type: doc_url, title, status, detail: message, instance, ...body });
}

/** 401 and a scope that lacks get WWW-Authenticate, 429 and 503 get Retry-After. `text`: its body, for whoever needs it besides. */
export function errorResponse(
  code: ErrorCode,
  answered: Answered,
  detail: ErrorDetail = {},
  text: string = errorBody(code, answered, detail),
): Response {
  const { requestId } = answered;
  const [status] = ERRORS[code];
  const type = wantsProblem(answered) ? PROBLEM : 'application/json';
  const headers: Record<string, string> = {
    'content-type': type,
    'x-request-id': requestId,
    // RFC 9110, 12.5.5: what the body is depends on it.
    vary: 'Accept',
  };
  const challenge = challengeOf(code, status, answered, detail.fields?.required_scope);
  if (challenge !== undefined) headers['www-authenticate'] = challenge;
  if (status === 503) headers['retry-after'] = '1';
  if (status === 429 && detail.fields?.retry_after !== undefined)
    headers['retry-after'] = String(detail.fields.retry_after);
  const body = utf8(text);
  headers['content-length'] = String(body.length);
  return new Response(body, { status, headers: { ...headers, ...detail.headers } });
}
