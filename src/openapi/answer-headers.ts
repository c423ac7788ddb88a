// Headers of answers, as documents name them: each once, and which answers have which. Pure.

import type { Reference } from './types.ts';

export const refer = (kind: string, name: string): Reference => ({ $ref: `#/components/${kind}/${name}` });

const whole = (description: string, minimum = 0) => ({ description, schema: { type: 'integer', minimum } });
const LIMIT_HEADERS = Object.fromEntries([
  ...['Second', 'Day', 'Month'].flatMap((period) => [
    [`X-RateLimit-Limit-${period}`, whole(`Units that one ${period.toLowerCase()} allows; -1: any`, -1)],
    [
      `X-RateLimit-Remaining-${period}`,
      whole(`Units that are left of this ${period.toLowerCase()}; -1: any`, -1),
    ],
    [`X-RateLimit-Reset-${period}`, whole('When it begins again, in Unix seconds')],
  ]),
  [
    'RateLimit-Policy',
    {
      description: 'Each limit with its window (draft-ietf-httpapi-ratelimit-headers-11)',
      schema: { type: 'string' },
    },
  ],
  [
    'RateLimit',
    { description: 'What is left of the limit that is used up most', schema: { type: 'string' } },
  ],
]);
export const HEADERS: Readonly<Record<string, object>> = {
  'X-Request-Id': {
    description: 'Names this request: in the log, and to support',
    schema: { type: 'string' },
  },
  'X-Client-Request-Id': {
    description: "The request's own header of this name, where it had one of 1 to 128 printable characters",
    schema: { type: 'string', maxLength: 128 },
  },
  'Retry-After': whole('Seconds after which another attempt may succeed'),
  'WWW-Authenticate': {
    description:
      'How to authenticate; `error` and `scope` say what is wrong with what was sent (RFC 6750, 3). Of a refusal for a scope, too',
    schema: { type: 'string' },
    example: 'Bearer realm="passerelle", error="invalid_token"',
  },
  Link: {
    description: '`rel="next"`: the page that follows, where there is one (RFC 8288)',
    schema: { type: 'string' },
    example: '</api/dev/apps?cursor=01a2265c-0000-7000-8000-000000000000>; rel="next"',
  },
  'X-Cache-Hit': { description: 'Whether the answer was kept', schema: { enum: ['true', 'false'] } },
  ETag: {
    description: 'Its version, for `If-Match`; `etag` in the body, too',
    schema: { type: 'string' },
    example: '"0cc175b9c0f1b6a831c399e269772661"',
  },
  'Cache-Status': {
    description: 'Whether the answer was kept or, with the reason, fetched (RFC 9211)',
    schema: { type: 'string' },
    example: 'passerelle; hit; ttl=17',
  },
  'Passerelle-Version': {
    description: 'The version of the API that answered',
    schema: { type: 'string', format: 'date' },
    example: '2026-11-01',
  },
  Deprecation: {
    description: 'Since when this version is no longer advised (RFC 9745)',
    schema: { type: 'string' },
    example: '@1796083200',
  },
  Sunset: {
    description: 'When this version ends (RFC 8594)',
    schema: { type: 'string' },
    example: 'Sun, 31 Jan 2027 00:00:00 GMT',
  },
  'Idempotent-Replayed': {
    description: '`true`: the answer that this Idempotency-Key had before',
    schema: { type: 'string' },
  },
  ...LIMIT_HEADERS,
};
export const referTo = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, refer('headers', name)]));
/** On every answer. */
export const ALWAYS = referTo('X-Request-Id', 'X-Client-Request-Id');
/** Of a list whose pages have a cursor. */
export const PAGE = referTo('Link');
/** Of what has a version. */
export const TAGGED = referTo('ETag');
/** Of operations whose answers are kept. */
export const CACHED = referTo('X-Cache-Hit', 'Cache-Status');
/** Of APIs with dated versions. */
export const DATED = referTo('Passerelle-Version', 'Deprecation', 'Sunset');
/** On answers of the offered APIs, where a key is known. */
export const COUNTED = { ...ALWAYS, ...referTo(...Object.keys(LIMIT_HEADERS)) };
