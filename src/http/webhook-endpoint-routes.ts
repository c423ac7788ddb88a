// Webhook endpoints: create, change, test, delete, and rotate their secrets.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { hostOf } from '../core/public-address.ts';
import { eventTypes, schemaOf } from '../outbox/event-types.ts';
import type { EndpointOwner, WebhookService } from '../webhooks/webhook-service.ts';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer, jsonBody } from './api.ts';
import { expectedBy, ifMatch, tagged } from './versions.ts';
import { endpoint, endpointChange, endpointWithSecret, newEndpoint } from './webhook-schemas.ts';

export type WebhookServices = { webhooks: WebhookService };
/** Whose endpoints a request is about, and who asks. */
export type OwnerOf<S extends WebhookServices> = (context: Context<ApiEnv<S>>) => {
  owner: EndpointOwner;
  actor: Actor;
};

const tags = ['Webhooks'];
const params = z.object({ endpointId: z.string() });

const listEventTypes = createRoute({
  method: 'get',
  path: '/webhooks/event-types',
  tags,
  summary: 'List event types, each with the JSON Schema of its data',
  responses: {
    200: jsonAnswer(
      'Event types',
      z.object({
        data: z.array(z.object({ type: z.string(), schema: z.record(z.string(), z.unknown()) })),
      }),
    ),
    ...errorAnswers(401),
  },
});

const createEndpoint = createRoute({
  method: 'post',
  path: '/webhooks',
  tags,
  summary: 'Create an endpoint; its secret is in this answer and nowhere else',
  request: { body: jsonBody(newEndpoint) },
  responses: {
    201: jsonAnswer('The endpoint', endpointWithSecret),
    ...errorAnswers(400, 401, 403, 404, 409),
  },
});

const listEndpoints = createRoute({
  method: 'get',
  path: '/webhooks',
  tags,
  summary: 'List endpoints',
  responses: {
    200: jsonAnswer('List endpoints', z.object({ data: z.array(endpoint) })),
    ...errorAnswers(401),
  },
});

const getEndpoint = createRoute({
  method: 'get',
  path: '/webhooks/{endpointId}',
  tags,
  summary: 'Retrieve an endpoint',
  request: { params },
  responses: { 200: jsonAnswer('The endpoint', endpoint), ...errorAnswers(401, 404) },
});

const changeEndpoint = createRoute({
  method: 'patch',
  path: '/webhooks/{endpointId}',
  tags,
  summary: 'Update, pause or resume an endpoint',
  request: { params, headers: ifMatch, body: jsonBody(endpointChange) },
  responses: { 200: jsonAnswer('The endpoint', endpoint), ...errorAnswers(400, 401, 403, 404, 412) },
});

const deleteEndpoint = createRoute({
  method: 'delete',
  path: '/webhooks/{endpointId}',
  tags,
  summary: 'Delete an endpoint',
  request: { params },
  responses: {
    200: jsonAnswer('Deleted', z.object({ id: z.string(), message: z.string() })),
    ...errorAnswers(401, 403, 404),
  },
});

const rotateSecret = createRoute({
  method: 'post',
  path: '/webhooks/{endpointId}/rotate',
  tags,
  summary: 'Rotate the secret of an endpoint; for a day both sign',
  request: { params },
  responses: { 200: jsonAnswer('The endpoint', endpointWithSecret), ...errorAnswers(401, 403, 404) },
});

const sendTest = createRoute({
  method: 'post',
  path: '/webhooks/{endpointId}/test',
  tags,
  summary: 'Send a test event',
  request: { params },
  responses: {
    202: jsonAnswer('On its way', z.object({ delivery_id: z.string() })),
    ...errorAnswers(401, 403, 404, 409, 429),
  },
});

const askedAt = (context: Context): string => hostOf(new URL(context.req.url));
const endpointId = (id: string): string => idOr404(id, 'endpoint');

export function addEndpointRoutes<S extends WebhookServices>(
  api: OpenAPIHono<ApiEnv<S>>,
  ownerOf: OwnerOf<S>,
): void {
  api.openapi(listEventTypes, (context) =>
    context.json(
      { data: eventTypes.map((type) => ({ type, schema: schemaOf(type) as Record<string, unknown> })) },
      200,
    ),
  );
  api.openapi(createEndpoint, async (context) => {
    const { owner, actor } = ownerOf(context);
    const { app_id: appId, ...input } = context.req.valid('json');
    const { endpoint: created, secret } = await context.var.services.webhooks.create(
      owner,
      { ...input, appId, askedAt: askedAt(context) },
      actor,
    );
    return context.json(tagged(context, { ...created, secret }), 201);
  });
  api.openapi(listEndpoints, async (context) =>
    context.json({ data: await context.var.services.webhooks.list(ownerOf(context).owner) }, 200),
  );
  api.openapi(getEndpoint, async (context) => {
    const id = endpointId(context.req.valid('param').endpointId);
    const found = await context.var.services.webhooks.get(ownerOf(context).owner, id);
    return context.json(tagged(context, found), 200);
  });
  api.openapi(changeEndpoint, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = endpointId(context.req.valid('param').endpointId);
    const input = { ...context.req.valid('json'), askedAt: askedAt(context) };
    const { webhooks } = context.var.services;
    const changed = await webhooks.change(owner, id, input, actor, expectedBy(context));
    return context.json(tagged(context, changed), 200);
  });
  api.openapi(deleteEndpoint, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = endpointId(context.req.valid('param').endpointId);
    await context.var.services.webhooks.remove(owner, id, actor);
    return context.json({ id, message: 'Nothing is sent there any more' }, 200);
  });
  api.openapi(rotateSecret, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = endpointId(context.req.valid('param').endpointId);
    const { endpoint: rotated, secret } = await context.var.services.webhooks.rotate(owner, id, actor);
    return context.json(tagged(context, { ...rotated, secret }), 200);
  });
  api.openapi(sendTest, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = endpointId(context.req.valid('param').endpointId);
    return context.json({ delivery_id: await context.var.services.webhooks.sendTest(owner, id, actor) }, 202);
  });
}
