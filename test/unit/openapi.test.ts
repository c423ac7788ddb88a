// What is derived of every operation, so that a new route is described without a line.

import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { translated } from '../../src/catalog/document-words.ts';
import { errorAnswers, jsonAnswer, jsonBody } from '../../src/http/api.ts';
import { createDocument, describeRoutes } from '../../src/openapi/document.ts';
import { exampleOf } from '../../src/openapi/examples.ts';
import { operationIdOf } from '../../src/openapi/operation-id.ts';
import type { Answer, Paths } from '../../src/openapi/types.ts';
import { operatorDocument } from '../../src/operator/openapi.ts';
import { developerDocument, partnerDocument } from '../../src/portal/api/openapi.ts';
import { endpointInFrench } from '../../src/web/messages/endpoints.fr.ts';

describe('an operation is called', () => {
  const paths = {
    '/apps': { get: {}, post: {} },
    '/apps/{appId}/keys': { get: {} },
    '/members/invitations': { post: {} },
    '/members/invitations/{id}': { delete: {} },
  };
  it.for([
    ['get', '/apps', 'listApps'],
    ['post', '/apps', 'createApp'],
    ['get', '/apps/{appId}', 'getApp'],
    ['patch', '/apps/{appId}', 'updateApp'],
    ['delete', '/apps/{appId}', 'deleteApp'],
    ['get', '/apps/{appId}/keys', 'listAppKeys'],
    ['post', '/apps/{appId}/keys', 'createAppKey'],
    ['post', '/keys/{keyId}/rotate', 'rotateKey'],
    ['post', '/deliveries/{id}/replay', 'replayDelivery'],
    ['post', '/members/invitations', 'createMemberInvitation'],
    ['put', '/alert-rules/{rule}', 'setAlertRule'],
    ['delete', '/partners/{id}/limits', 'deletePartnerLimits'],
    ['get', '/usage', 'getUsage'],
    ['get', '/status', 'getStatus'],
  ])('%s %s: %s', ([method = '', path = '', id]) => expect(operationIdOf(method, path, paths)).toBe(id));
});

describe('a route that says only what is its own', () => {
  const api = new OpenAPIHono();
  const answer = z.object({ id: z.uuid(), revoked_at: z.string().nullable() });
  const things = z.object({ name: z.string().max(20) });
  api.openAPIRegistry.registerPath(
    createRoute({
      method: 'post',
      path: '/things/{id}/paint',
      tags: ['Things'],
      summary: 'Paint a thing; it dries by itself',
      request: { params: z.object({ id: z.string() }), body: jsonBody(things) },
      responses: { 200: jsonAnswer('The thing', answer), ...errorAnswers(409) },
    }),
  );
  const info = { openapi: '3.1.0', info: { title: '', version: '' } };
  const described = describeRoutes(api.getOpenAPI31Document(info).paths as Paths, {
    prefix: '/api',
    security: [{ token: [] }],
    audience: () => 'For painters.',
  });
  const document = createDocument({
    title: 'Things',
    description: 'Things.',
    product: 'Things',
    tags: { Things: 'What is painted' },
    schemes: { token: { type: 'http', scheme: 'bearer' } },
    paths: described,
  });
  const operation = document.paths['/api/things/{id}/paint']?.post;

  it('has an id, a summary, a description, and says who may', () => {
    expect(operation).toMatchObject({
      operationId: 'paintThing',
      summary: 'Paint a thing',
      description: 'It dries by itself. For painters.',
      security: [{ token: [] }],
    });
    expect(document.tags).toEqual([{ name: 'Things', description: 'What is painted' }]);
  });

  it('can be repeated, and shows all that may refuse it, each told once', () => {
    expect(operation?.parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
    const { 200: good, ...refusals } = operation?.responses ?? {};
    expect(Object.keys(refusals)).toEqual([
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '422',
      '429',
      '500',
      '503',
    ]);
    for (const refusal of Object.values(refusals)) expect(refusal).toHaveProperty('$ref');
    expect(Object.keys(document.components.responses ?? {})).toHaveLength(10);
    const { TooManyRequests } = document.components.responses as Record<string, Answer>;
    expect(TooManyRequests?.headers).toHaveProperty('Retry-After');
    expect(good).toMatchObject({ headers: { 'X-Request-Id': {} } });
  });

  it('has examples that fit', () => {
    const body = operation?.requestBody?.content['application/json']?.example;
    expect(things.safeParse(body).success).toBe(true);
    const good = operation?.responses?.[200] as Answer | undefined;
    const shown = good?.content?.['application/json']?.example;
    expect(answer.safeParse(shown).data).toMatchObject({ revoked_at: null });
  });
});

it('an example is what the author gave, else what names and bounds say', () => {
  const resolve = () => ({ type: 'string', const: 'referred' });
  const example = (schema: object, name?: string) => exampleOf(schema as never, resolve, name);
  expect(example({ type: 'string', examples: ['given'] })).toBe('given');
  expect(example({ $ref: '#/components/schemas/Any' })).toBe('referred');
  expect(example({ type: 'integer', minimum: 5 }, 'tries')).toBe(5);
  expect(example({ type: 'integer', maximum: 10 }, 'limit')).toBe(10);
  expect(example({ type: ['string', 'null'] }, 'revoked_reason')).toBeNull();
  expect(example({ type: 'string' }, 'created_at')).toMatch(/Z$/);
  expect(example({ type: 'array', items: { type: 'string' } }, 'scopes')).toEqual(['read:things']);
  expect(example({ anyOf: [{ type: 'null' }, { type: 'boolean' }] }, 'is_active')).toBe(true);
});

const catalog = loadCatalog(DOCUMENTS);
const documents = [
  partnerDocument(catalog, 'Passerelle'),
  developerDocument('Passerelle'),
  operatorDocument('Passerelle', false),
];

it('every group of endpoints says what it is about', () => {
  const silent = documents.flatMap(({ tags }) => tags.filter(({ description }) => description === ''));
  expect(silent).toEqual([]);
});

it('what the list of endpoints says, it says in French too', () => {
  const [partner, developer] = documents;
  const shown = [partner, developer].flatMap((document) => [
    ...Object.values(document?.paths ?? {}).flatMap((item) =>
      Object.values(item).map(({ summary = '' }) => summary),
    ),
    ...(document?.tags ?? [])
      .filter(({ name }) => name !== 'Events')
      .flatMap(({ name, description }) => [name, description]),
  ]);
  const names = ['PassBI transit API', 'Molam payment API', 'Webhooks'];
  const inFrench = (text: string) => endpointInFrench(translated(catalog, text, 'fr'));
  const english = shown.filter((text) => inFrench(text) === text && !names.includes(text));
  expect(english).toEqual([]);
});
