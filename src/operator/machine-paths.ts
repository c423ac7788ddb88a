// What the document says of the routes for machines, which are not made from schemas.

import type { Answer, Operation, Paths } from '../openapi/types.ts';

const machine = (summary: string, description: string, operation: Omit<Operation, 'tags'>): Operation => ({
  tags: ['Machines'],
  summary,
  description,
  ...operation,
});
const json = (description: string, properties: object) => ({
  description,
  content: {
    'application/json': { schema: { type: 'object', required: Object.keys(properties), properties } },
  },
});
const health = {
  status: { type: 'string', enum: ['healthy', 'unhealthy'] },
  environment: { type: 'string', examples: ['production'] },
  checks: {
    type: 'object',
    required: ['database'],
    properties: {
      database: {
        type: 'object',
        required: ['status', 'latency_ms'],
        properties: { status: { type: 'string', enum: ['up', 'down'] }, latency_ms: { type: 'number' } },
      },
    },
  },
};
const REPORT = {
  type: 'array',
  maxItems: 500,
  items: {
    type: 'object',
    required: ['token', 'type'],
    properties: {
      token: { type: 'string', maxLength: 1000 },
      type: { type: 'string', maxLength: 200, examples: ['passerelle_key'] },
      url: {
        type: 'string',
        maxLength: 2000,
        examples: ['https://github.com/example/example/blob/main/.env'],
      },
      source: { type: 'string', maxLength: 100, examples: ['content'] },
    },
  },
};
const JWK = {
  type: 'object',
  required: ['kty', 'crv', 'x', 'kid', 'use', 'alg'],
  properties: {
    kty: { const: 'OKP' },
    crv: { const: 'Ed25519' },
    x: { type: 'string', examples: ['i8GZ4OvTnHnV6zaQynrLB_lJewDmyD_CSn8vjFADo-o'] },
    kid: { type: 'string', examples: ['2026-11'] },
    use: { const: 'sig' },
    alg: { const: 'EdDSA' },
  },
};
const VERDICTS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['token_raw', 'token_type', 'label'],
    properties: {
      token_raw: { type: 'string' },
      token_type: { type: 'string' },
      label: { type: 'string', enum: ['true_positive', 'false_positive'] },
    },
  },
};

const ready = (summary: string): Operation =>
  machine(summary, 'Asks the database at most every few seconds.', {
    security: [],
    responses: { 200: json('Healthy', health), 503: json('Not healthy', health) },
  });
const live = (summary: string): Operation =>
  machine(summary, 'Asks nothing, and is open to everybody, also to blocked addresses.', {
    security: [],
    responses: { 200: json('Alive', { status: { const: 'alive' } }) },
  });
const plainText = (description: string, example: string): Answer => ({
  description,
  content: { 'text/plain': { schema: { type: 'string' }, example } },
});

export const MACHINE_PATHS: Paths = {
  '/health': { get: ready('Health, with checks') },
  '/readyz': { get: ready('Health, with checks, at the path that Kubernetes asks') },
  '/healthz': { get: live('Whether the Worker answers') },
  '/livez': { get: live('Whether the Worker answers, at the path that Kubernetes asks') },
  '/metrics': {
    get: machine('Prometheus metrics', 'By METRICS_TOKEN.', {
      operationId: 'getMetrics',
      security: [{ metrics: [] }],
      responses: {
        200: plainText('Text format 0.0.4', '# TYPE passerelle_calls counter'),
      },
    }),
  },
  '/.well-known/security.txt': {
    get: machine(
      'Where to report what is not safe',
      'RFC 9116. Not there where the brand names no support.',
      {
        operationId: 'getSecurityContact',
        security: [],
        responses: {
          200: plainText(
            'Contact and Expires, which is within half a year',
            'Contact: mailto:security@example.com\nExpires: 2027-05-29T00:00:00.000Z\n',
          ),
          404: { $ref: '#/components/responses/NotFound' },
        },
      },
    ),
  },
  '/.well-known/jwks.json': {
    get: machine(
      "Public keys of the callers' identity",
      'X-Passerelle-Identity and access tokens are verified by them.',
      {
        operationId: 'getIdentityKeys',
        security: [],
        responses: {
          200: json('JSON Web Key Set', {
            keys: { type: 'array', items: JWK },
          }),
        },
      },
    ),
  },
  '/leaks/github': {
    post: machine(
      'Report keys found in public',
      "In the form of GitHub's secret scanning partner programme. A key of ours is quarantined at once.",
      {
        operationId: 'reportLeaks',
        security: [{ github: [] }],
        parameters: [
          {
            name: 'Github-Public-Key-Identifier',
            in: 'header',
            required: true,
            description: "Which of GitHub's keys signed the body",
            schema: { type: 'string' },
            example: 'f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d',
          },
        ],
        requestBody: { required: true, content: { 'application/json': { schema: REPORT } } },
        responses: {
          200: { description: 'A verdict on each', content: { 'application/json': { schema: VERDICTS } } },
        },
      },
    ),
  },
};
