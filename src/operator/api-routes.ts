// /api/admin/apis: what is offered. A document is looked at, published and retired; upstreams are where its calls go.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { adoptDocument } from '../catalog/adopt/adopt.ts';
import { documentOf } from '../catalog/catalog.ts';
import { checked } from '../catalog/publish-service.ts';
import { AppError } from '../core/errors.ts';
import { type ApiEnv, errorAnswers, jsonAnswer, jsonBody } from '../http/api.ts';
import { reason, text } from '../http/fields.ts';
import { versionList, versionsSaid } from '../http/version-schemas.ts';
import { etag, expectedBy, ifMatch, tagged } from '../http/versions.ts';
import type { Services } from './services.ts';

const tags = ['Operators: APIs'];
const params = z.object({ id: text(40, 1) });
const document = z
  .union([z.string().min(1), z.looseObject({})])
  .describe('OpenAPI 2.0, 3.0, 3.1 or 3.2: as an object, or as text in JSON or YAML');
const upstream = z.object({
  url: text(500, 1).describe('Origin, and the path that precedes each route of the document'),
  weight: z
    .int()
    .min(0)
    .max(1000)
    .default(1)
    .describe('Share of the calls, of the sum of all; 0: only where the others fail'),
  credential: text(2000, 1)
    .nullish()
    .describe('A header that each request carries, as `Name: value`. Left out: as it was. Never shown again'),
});
const upstreams = z.array(upstream).max(20);

const api = z.object({
  id: z.string(),
  title: z.string(),
  source: z.enum(['published', 'bundled']),
  state: z.enum(['live', 'retired']),
  version: z.number().describe('Number of what is in force; 0 where it came with the Worker'),
  prefix: z.string(),
  routes: z.number(),
  upstreams: z.array(z.object({ url: z.string(), weight: z.number(), has_credential: z.boolean() })),
  upstream_variables: z.array(z.string()),
  published_at: z.string().nullable(),
  published_by: z.string().nullable(),
  etag,
});
const problem = z.object({ pointer: z.string(), message: z.string() });
const changes = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.object({ route: z.string(), fields: z.array(z.string()) })),
});
const published = z.object({
  version: z.number(),
  in_force: z
    .boolean()
    .describe('Whether every partner’s limiter has heard of it: from then on no edge calls by an older one'),
});

const listApis = createRoute({
  method: 'get',
  path: '/apis',
  operationId: 'listApis',
  tags,
  summary: 'List all APIs',
  responses: { 200: jsonAnswer('APIs', z.object({ data: z.array(api) })), ...errorAnswers(401, 403) },
});
const getApi = createRoute({
  method: 'get',
  path: '/apis/{id}',
  operationId: 'getApi',
  tags,
  summary: 'Retrieve an API',
  request: { params },
  responses: { 200: jsonAnswer('The API', api), ...errorAnswers(401, 403, 404) },
});
const getDocument = createRoute({
  method: 'get',
  path: '/apis/{id}/document',
  operationId: 'getApiDocument',
  tags,
  summary: 'Retrieve the document of an API; it can be published again as it is',
  request: { params },
  responses: { 200: jsonAnswer('The document', z.looseObject({})), ...errorAnswers(401, 403, 404) },
});
const checkDocument = createRoute({
  method: 'post',
  path: '/apis/check',
  operationId: 'checkApiDocument',
  tags,
  summary: 'Check a document; shows what it would offer, and changes nothing',
  request: { body: jsonBody(z.object({ document, id: text(40, 1).optional() })) },
  responses: {
    200: jsonAnswer(
      'What it would offer',
      z.object({
        id: z.string(),
        title: z.string(),
        prefix: z.string(),
        routes: z.array(
          z.object({ method: z.string(), path: z.string(), scope: z.string().nullable(), cost: z.number() }),
        ),
        scopes: z.array(z.string()),
        notes: z.array(problem).describe('What was left out, or is not heeded'),
        changes,
      }),
    ),
    ...errorAnswers(400, 401, 403),
  },
});
const publishApi = createRoute({
  method: 'put',
  path: '/apis/{id}',
  operationId: 'publishApi',
  tags,
  summary: 'Publish a document; in force at every edge within a second of the answer',
  request: {
    params,
    headers: ifMatch,
    body: jsonBody(z.object({ document, upstreams: upstreams.optional(), reason: reason.optional() })),
  },
  responses: {
    200: jsonAnswer('Published', published.extend({ notes: z.array(problem), changes })),
    ...errorAnswers(400, 401, 403, 409, 412),
  },
});
const setUpstreams = createRoute({
  method: 'put',
  path: '/apis/{id}/upstreams',
  operationId: 'setApiUpstreams',
  tags,
  summary: 'Set the upstreams of an API; with none, those that its variables name',
  request: { params, headers: ifMatch, body: jsonBody(z.object({ upstreams, reason: reason.optional() })) },
  responses: { 200: jsonAnswer('Set', published), ...errorAnswers(400, 401, 403, 404, 409, 412) },
});
const retireApi = createRoute({
  method: 'delete',
  path: '/apis/{id}',
  operationId: 'retireApi',
  tags,
  summary: 'Retire an API; its calls are 404 from then on',
  request: { params, headers: ifMatch, body: jsonBody(z.object({ reason })) },
  responses: { 200: jsonAnswer('Retired', published), ...errorAnswers(400, 401, 403, 404, 409, 412) },
});

const listVersions = createRoute({
  method: 'get',
  path: '/apis/{id}/versions',
  operationId: 'listApiVersions',
  tags,
  summary: 'List the dated versions of an API, and who calls each',
  request: { params },
  responses: { 200: jsonAnswer('Versions', versionList), ...errorAnswers(401, 403, 404) },
});

const textOf = (given: z.infer<typeof document>): string =>
  typeof given === 'string' ? given : JSON.stringify(given);

const said = ({ version, isInForce }: { version: number; isInForce: boolean }) => ({
  version,
  in_force: isInForce,
});

export function addApiRoutes(
  routes: OpenAPIHono<ApiEnv<Services>>,
  actorOf: (context: Context) => Actor,
): void {
  routes.openapi(listApis, async (context) =>
    context.json({ data: await context.var.services.publishing.list() }, 200),
  );
  routes.openapi(getApi, async (context) => {
    const { id } = context.req.valid('param');
    const found = (await context.var.services.publishing.list()).find((each) => each.id === id);
    if (!found) throw new AppError('not_found', 'No such API');
    return context.json(tagged(context, found), 200);
  });
  routes.openapi(getDocument, (context) => {
    const { id } = context.req.valid('param');
    const found = documentOf(context.var.services.gateway.catalog, id);
    if (!found) throw new AppError('not_found', 'No such API');
    return context.json(found, 200);
  });
  routes.openapi(listVersions, async (context) => {
    const { id } = context.req.valid('param');
    const { gateway, versions } = context.var.services;
    if (!gateway.catalog.apis.some((each) => each.id === id)) throw new AppError('not_found', 'No such API');
    return context.json(versionsSaid(await versions.ofApi(id)), 200);
  });
  routes.openapi(checkDocument, async (context) => {
    const { document: given, id } = context.req.valid('json');
    const adopted = await context.var.services.publishing.check(textOf(given), id);
    const { info, 'x-passerelle': own } = adopted.document;
    return context.json(
      {
        id: own.id,
        title: info.title,
        prefix: own.prefix,
        routes: adopted.routes.map(({ method, path, scope, cost }) => ({ method, path, scope, cost })),
        scopes: [...new Set(adopted.routes.flatMap(({ scope }) => scope ?? []))].sort(),
        notes: [...adopted.notes],
        changes: adopted.changes,
      },
      200,
    );
  });
  routes.openapi(publishApi, async (context) => {
    const { id } = context.req.valid('param');
    const { document: given, upstreams: wanted, reason: why = null } = context.req.valid('json');
    const { document: adopted, notes } = checked(() => adoptDocument(textOf(given), { id }));
    const done = await context.var.services.publishing.publish(adopted, wanted, actorOf(context), {
      reason: why,
      expected: expectedBy(context),
    });
    return context.json({ ...said(done), notes: [...notes], changes: done.changes }, 200);
  });
  routes.openapi(setUpstreams, async (context) => {
    const { id } = context.req.valid('param');
    const { upstreams: wanted, reason: why = null } = context.req.valid('json');
    const change = { reason: why, expected: expectedBy(context) };
    const done = await context.var.services.publishing.setUpstreams(id, wanted, actorOf(context), change);
    return context.json(said(done), 200);
  });
  routes.openapi(retireApi, async (context) => {
    const { id } = context.req.valid('param');
    const { reason: why } = context.req.valid('json');
    const change = { reason: why, expected: expectedBy(context) };
    return context.json(
      said(await context.var.services.publishing.retire(id, actorOf(context), change)),
      200,
    );
  });
}
