// Webhook endpoints as JSON: the same routes for a partner's developers and for operators, who differ in whose endpoints
// they see.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import { hostOf } from '../core/public-address.ts';
import { eventTypes, schemaOf } from '../outbox/event-types.ts';
import type { EndpointOwner, WebhookService } from '../webhooks/webhook-service.ts';
import {
  type ApiEnv,
  errorAnswers,
  idOr404,
  jsonAnswer,
  jsonBody,
  page,
  pageQuery,
  uuidCursor,
} from './api.ts';
import {
  delivery,
  deliveryDetail,
  deliveryFilter,
  endpoint,
  endpointChange,
  endpointWithSecret,
  newEndpoint,
  recovery,
} from './webhook-schemas.ts';

type Services = { webhooks: WebhookService };

const askedAt = (context: Context): string => hostOf(new URL(context.req.url));

/** `ownerOf`: whose endpoints a request is about, and who asks. */
export function addWebhookRoutes<S extends Services>(
  api: OpenAPIHono<ApiEnv<S>>,
  ownerOf: (context: Context<ApiEnv<S>>) => { owner: EndpointOwner; actor: Actor },
): void {
  const tags = ['Webhooks'];
  const params = z.object({ endpointId: z.string() });
  const deliveryParams = z.object({ deliveryId: z.string() });
  const webhooksOf = (context: Context): WebhookService => context.var.services.webhooks;
  const endpointId = (id: string) => idOr404(id, 'endpoint');

  api.openapi(
    createRoute({
      method: 'get',
      path: '/webhooks/event-types',
      tags,
      summary: 'Event types, each with the JSON Schema of its data',
      responses: {
        200: jsonAnswer(
          'Event types',
          z.object({
            data: z.array(z.object({ type: z.string(), schema: z.record(z.string(), z.unknown()) })),
          }),
        ),
        ...errorAnswers(401),
      },
    }),
    (context) =>
      context.json(
        { data: eventTypes.map((type) => ({ type, schema: schemaOf(type) as Record<string, unknown> })) },
        200,
      ),
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/webhooks',
      tags,
      summary: 'Make an endpoint; its secret is in this answer and nowhere else',
      request: { body: jsonBody(newEndpoint) },
      responses: {
        201: jsonAnswer('The endpoint', endpointWithSecret),
        ...errorAnswers(400, 401, 403, 404, 409),
      },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const { app_id: appId, ...wish } = context.req.valid('json');
      const made = await webhooksOf(context).create(
        owner,
        { ...wish, appId, askedAt: askedAt(context) },
        actor,
      );
      return context.json({ ...made.endpoint, secret: made.secret }, 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/webhooks',
      tags,
      summary: 'Endpoints',
      responses: {
        200: jsonAnswer('Endpoints', z.object({ data: z.array(endpoint) })),
        ...errorAnswers(401),
      },
    }),
    async (context) => context.json({ data: await webhooksOf(context).list(ownerOf(context).owner) }, 200),
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/webhooks/{endpointId}',
      tags,
      summary: 'One endpoint',
      request: { params },
      responses: { 200: jsonAnswer('The endpoint', endpoint), ...errorAnswers(401, 404) },
    }),
    async (context) => {
      const id = endpointId(context.req.valid('param').endpointId);
      return context.json(await webhooksOf(context).get(ownerOf(context).owner, id), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'patch',
      path: '/webhooks/{endpointId}',
      tags,
      summary: 'Change, pause or resume an endpoint',
      request: { params, body: jsonBody(endpointChange) },
      responses: { 200: jsonAnswer('The endpoint', endpoint), ...errorAnswers(400, 401, 403, 404) },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      const wish = { ...context.req.valid('json'), askedAt: askedAt(context) };
      return context.json(await webhooksOf(context).change(owner, id, wish, actor), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/webhooks/{endpointId}',
      tags,
      summary: 'Delete an endpoint',
      request: { params },
      responses: {
        200: jsonAnswer('Deleted', z.object({ id: z.string(), message: z.string() })),
        ...errorAnswers(401, 403, 404),
      },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      await webhooksOf(context).remove(owner, id, actor);
      return context.json({ id, message: 'Nothing is sent there any more' }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/{endpointId}/rotate',
      tags,
      summary: 'A new secret; for a day both sign',
      request: { params },
      responses: { 200: jsonAnswer('The endpoint', endpointWithSecret), ...errorAnswers(401, 403, 404) },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      const made = await webhooksOf(context).rotate(owner, id, actor);
      return context.json({ ...made.endpoint, secret: made.secret }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/{endpointId}/test',
      tags,
      summary: 'Send a test event to this endpoint',
      request: { params },
      responses: {
        202: jsonAnswer('On its way', z.object({ delivery_id: z.string() })),
        ...errorAnswers(401, 403, 404, 409, 429),
      },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      return context.json({ delivery_id: await webhooksOf(context).sendTest(owner, id, actor) }, 202);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/{endpointId}/recover',
      tags,
      summary: 'Send again all that did not arrive since a time',
      request: { params, body: jsonBody(recovery) },
      responses: {
        202: jsonAnswer('On their way', z.object({ recovered: z.number() })),
        ...errorAnswers(400, 401, 403, 404, 429),
      },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      const { since } = context.req.valid('json');
      return context.json({ recovered: await webhooksOf(context).recover(owner, id, since, actor) }, 202);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/webhooks/{endpointId}/deliveries',
      tags,
      summary: 'Deliveries, newest first',
      request: { params, query: pageQuery.extend(deliveryFilter) },
      responses: {
        200: jsonAnswer(
          'Deliveries',
          z.object({ data: z.array(delivery), next_cursor: z.string().nullable() }),
        ),
        ...errorAnswers(400, 401, 404),
      },
    }),
    async (context) => {
      const { owner } = ownerOf(context);
      const id = endpointId(context.req.valid('param').endpointId);
      const { limit, cursor, ...filter } = context.req.valid('query');
      const webhooks = webhooksOf(context);
      await webhooks.get(owner, id);
      const rows = await webhooks.deliveries(owner, id, limit + 1, uuidCursor(cursor), filter);
      return context.json(
        page(rows, limit, (row) => row.id),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/deliveries/{deliveryId}',
      tags,
      summary: 'One delivery with its attempts',
      request: { params: deliveryParams },
      responses: { 200: jsonAnswer('The delivery', deliveryDetail), ...errorAnswers(401, 404) },
    }),
    async (context) => {
      const id = idOr404(context.req.valid('param').deliveryId, 'delivery');
      return context.json(await webhooksOf(context).delivery(ownerOf(context).owner, id), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/deliveries/{deliveryId}/replay',
      tags,
      summary: 'Send it again, under the same id',
      request: { params: deliveryParams },
      responses: { 202: jsonAnswer('On its way', deliveryDetail), ...errorAnswers(401, 403, 404, 429) },
    }),
    async (context) => {
      const { owner, actor } = ownerOf(context);
      const id = idOr404(context.req.valid('param').deliveryId, 'delivery');
      return context.json(await webhooksOf(context).replay(owner, id, actor), 202);
    },
  );
}
