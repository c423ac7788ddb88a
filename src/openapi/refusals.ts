// What may refuse any operation: one answer for each status, with the error's schema, its headers and an example. Pure.

import { type ErrorCode, errorBody, PROBLEM } from '../core/errors.ts';
import { ALWAYS, COUNTED, DATED, refer, referTo } from './answer-headers.ts';
import { EXAMPLE_ID } from './examples.ts';
import type { Answer, Operation, Reference, Schema } from './types.ts';

export const ERROR_SCHEMA: Schema = {
  type: 'object',
  required: ['error', 'message', 'request_id', 'doc_url'],
  properties: {
    error: { type: 'string', description: 'The code' },
    message: { type: 'string', description: 'The code in words. They may change' },
    request_id: { type: 'string', description: 'The `X-Request-Id` of this answer' },
    doc_url: { type: 'string', format: 'uri', description: 'The page that explains the code' },
    details: {
      type: 'array',
      description: 'Which fields are not valid, and why',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
    required_scope: { type: 'string', description: 'The scope that the key or token lacks' },
    limit_type: {
      type: 'string',
      description: 'Which limit refused: per_second, burst, per_day, per_month; address, caller, …',
    },
    budget_of: {
      type: 'string',
      enum: ['key', 'parent'],
      description: 'Whose budget is used up: its own, or that of a key that it was made with',
    },
    limit: { type: 'integer', description: 'How much it allows' },
    used: { type: 'integer', description: 'How much of it is used' },
    retry_after: { type: 'integer', description: 'Seconds, as in `Retry-After`' },
    reset_at: { type: 'string', format: 'date-time', description: 'When the quota begins again' },
    version: { type: 'string', description: 'The version of the API that was asked for' },
    versions: { type: 'array', items: { type: 'string' }, description: 'Those that may be' },
    brownout: { type: 'boolean', description: 'It is off for a while, before it ends' },
    changed_by: { type: 'string', description: 'Who changed it last' },
    changed_at: { type: 'string', format: 'date-time', description: 'When they did' },
  },
  additionalProperties: true,
};

interface Refusal {
  name: string;
  code: ErrorCode;
  description: string;
  fields?: Record<string, unknown>;
  headers?: Record<string, object>;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  400: {
    name: 'BadRequest',
    code: 'validation_error',
    description: 'The request cannot be read, or some fields are missing or not valid: `details` says which',
    fields: { details: [{ field: 'name', message: 'Required' }] },
  },
  401: {
    name: 'Unauthenticated',
    code: 'invalid_token',
    description: 'No valid credential',
    headers: referTo('WWW-Authenticate'),
  },
  403: {
    name: 'Forbidden',
    code: 'forbidden',
    description: 'Whoever asks may not do this: a role, a scope, an address, or a suspended account',
    headers: referTo('WWW-Authenticate'),
  },
  404: { name: 'NotFound', code: 'not_found', description: 'No such thing, or it belongs to another' },
  409: {
    name: 'Conflict',
    code: 'conflict',
    description: 'It cannot be done as things stand, or a request with this Idempotency-Key is under way',
  },
  412: {
    name: 'ChangedMeanwhile',
    code: 'precondition_failed',
    description: 'It is another than the `ETag` in `If-Match`: nothing was changed',
    fields: { changed_by: 'ana@example.com', changed_at: '2026-11-30T09:30:00.000Z' },
  },
  413: { name: 'TooLarge', code: 'payload_too_large', description: 'The body is too large' },
  422: {
    name: 'OtherRequest',
    code: 'idempotency_mismatch',
    description: 'The Idempotency-Key was used with another request',
  },
  429: {
    name: 'TooManyRequests',
    code: 'rate_limit_exceeded',
    description: 'Too many requests: try again after `Retry-After`',
    fields: { limit_type: 'caller', retry_after: 1 },
    headers: referTo('Retry-After'),
  },
  500: { name: 'Failed', code: 'internal_error', description: 'Something failed on our side' },
  502: { name: 'UpstreamFailed', code: 'upstream_error', description: 'The API gave no valid answer' },
  503: {
    name: 'Unavailable',
    code: 'service_unavailable',
    description: 'It cannot be answered right now: try again after `Retry-After`',
    headers: referTo('Retry-After'),
  },
  504: { name: 'UpstreamTimeout', code: 'upstream_timeout', description: 'The API did not answer in time' },
};

/** Those that the gateway answers with codes and headers of its own. */
const OFFERED: Readonly<Record<string, Refusal>> = {
  401: {
    name: 'NoValidKey',
    code: 'invalid_api_key',
    description: 'No key, or one that is wrong, revoked or expired; or a signature that does not match',
    headers: referTo('WWW-Authenticate'),
  },
  403: {
    name: 'NotAllowed',
    code: 'insufficient_permissions',
    description: 'The key lacks the scope, or its address, origin or account is refused',
    headers: referTo('WWW-Authenticate'),
  },
  410: {
    name: 'VersionEnded',
    code: 'version_sunset',
    description: 'This version of the API has ended, or is off for a while before it does',
    fields: { version: '2026-01-15', versions: ['2026-06-01', '2026-11-01'], brownout: false },
    headers: DATED,
  },
  413: {
    name: 'BodyTooLarge',
    code: 'payload_too_large',
    description: 'The body is larger than this API takes',
  },
  429: {
    name: 'LimitExceeded',
    code: 'daily_quota_exceeded',
    description: 'A rate or a quota is used up. Nothing was counted',
    fields: {
      limit_type: 'per_day',
      limit: 1000,
      used: 1000,
      retry_after: 3600,
      reset_at: '2026-11-03T00:00:00Z',
    },
    headers: { ...referTo('Retry-After'), ...COUNTED },
  },
};

const EXAMPLE = { requestId: EXAMPLE_ID, portalOrigin: 'https://api.example.com' };

/** What callers get who accept it (RFC 9457). */
export const PROBLEM_SCHEMA: Schema = {
  allOf: [
    refer('schemas', 'Error'),
    {
      type: 'object',
      required: ['type', 'title', 'status', 'detail', 'instance'],
      properties: {
        type: { type: 'string', format: 'uri', description: 'The page that explains the code' },
        title: { type: 'string', description: 'The code in words' },
        status: { type: 'integer', description: 'The status of this answer' },
        detail: { type: 'string', description: 'What `message` says' },
        instance: { type: 'string', format: 'uri', description: 'The `X-Request-Id`, as a URN' },
      },
    },
  ],
};

const answerOf = ({ code, description, fields, headers }: Refusal): Answer => ({
  description,
  headers: { ...ALWAYS, ...headers },
  content: {
    'application/json': {
      schema: { ...refer('schemas', 'Error') },
      example: JSON.parse(errorBody(code, EXAMPLE, { fields })),
    },
    [PROBLEM]: {
      schema: { ...refer('schemas', 'Problem') },
      example: JSON.parse(
        errorBody(code, { ...EXAMPLE, headers: new Headers({ accept: PROBLEM }) }, { fields }),
      ),
    },
  },
});

/** Component answers by name. */
export const REFUSAL_ANSWERS: Readonly<Record<string, Answer>> = Object.fromEntries(
  [...Object.values(REFUSALS), ...Object.values(OFFERED)].map((refusal) => [refusal.name, answerOf(refusal)]),
);

const referAll = (statuses: Iterable<number>, own: Readonly<Record<string, Refusal>> = {}) =>
  Object.fromEntries(
    [...new Set(statuses)].flatMap((status) => {
      const refusal = own[status] ?? REFUSALS[status];
      return refusal ? [[String(status), refer('responses', refusal.name)]] : [];
    }),
  );

/** What a route says of a refusal that is like any other of its status. */
export const USUAL = 'Error';
export const isUsualRefusal = (answer: Answer | Reference): boolean =>
  'description' in answer && answer.description === USUAL;

/** Of an operation of ours: those that it declares, and those that come before it. */
export function refusalsOf(
  method: string,
  path: string,
  { requestBody, security = [], responses = {} }: Operation,
) {
  const declared = Object.keys(responses).map(Number);
  return referAll([
    ...[400, 403, 429, 500, 503],
    ...(security.length > 0 ? [401] : []),
    ...(path.includes('{') ? [404] : []),
    ...(requestBody ? [413] : []),
    ...(method === 'post' ? [409, 413, 422] : []),
    ...declared.filter((status) => status >= 400),
  ]);
}

/** Of an operation of the offered APIs: what the gateway answers itself. */
export const gatewayRefusals = ({ requestBody }: Operation, isDated: boolean) =>
  referAll(
    [401, 403, 429, 500, 502, 503, 504, ...(requestBody ? [413] : []), ...(isDated ? [410] : [])],
    OFFERED,
  );
