// What was sent to webhook endpoints: deliveries with their attempts, sent again one by one or since a time.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
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
import type { OwnerOf, WebhookServices } from './webhook-endpoint-routes.ts';
import { delivery, deliveryDetail, deliveryFilter, recovery } from './webhook-schemas.ts';

const tags = ['Webhooks'];
const params = z.object({ endpointId: z.string() });
const deliveryParams = z.object({ deliveryId: z.string() });

const recoverDeliveries = createRoute({
  method: 'post',
  path: '/webhooks/{endpointId}/recover',
  tags,
  summary: 'Resend all that did not arrive since a time',
  request: { params, body: jsonBody(recovery) },
  responses: {
    202: jsonAnswer('On their way', z.object({ recovered: z.number() })),
    ...errorAnswers(400, 401, 403, 404, 429),
  },
});

const listDeliveries = createRoute({
  method: 'get',
  path: '/webhooks/{endpointId}/deliveries',
  tags,
  summary: 'List deliveries, newest first',
  request: { params, query: pageQuery.extend(deliveryFilter) },
  responses: {
    200: jsonAnswer('Deliveries', z.object({ data: z.array(delivery), next_cursor: z.string().nullable() })),
    ...errorAnswers(400, 401, 404),
  },
});

const getDelivery = createRoute({
  method: 'get',
  path: '/deliveries/{deliveryId}',
  tags,
  summary: 'Retrieve a delivery with its attempts',
  request: { params: deliveryParams },
  responses: { 200: jsonAnswer('The delivery', deliveryDetail), ...errorAnswers(401, 404) },
});

const replayDelivery = createRoute({
  method: 'post',
  path: '/deliveries/{deliveryId}/replay',
  tags,
  summary: 'Resend a delivery, under the same id',
  request: { params: deliveryParams },
  responses: { 202: jsonAnswer('On its way', deliveryDetail), ...errorAnswers(401, 403, 404, 429) },
});

export function addDeliveryRoutes<S extends WebhookServices>(
  api: OpenAPIHono<ApiEnv<S>>,
  ownerOf: OwnerOf<S>,
): void {
  api.openapi(recoverDeliveries, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = idOr404(context.req.valid('param').endpointId, 'endpoint');
    const { since } = context.req.valid('json');
    return context.json(
      { recovered: await context.var.services.webhooks.recover(owner, id, since, actor) },
      202,
    );
  });
  api.openapi(listDeliveries, async (context) => {
    const { owner } = ownerOf(context);
    const id = idOr404(context.req.valid('param').endpointId, 'endpoint');
    const { limit, cursor, ...filter } = context.req.valid('query');
    const webhooks = context.var.services.webhooks;
    await webhooks.get(owner, id);
    const rows = await webhooks.deliveries(owner, id, limit + 1, uuidCursor(cursor), filter);
    return context.json(
      page(context, rows, limit, (row) => row.id),
      200,
    );
  });
  api.openapi(getDelivery, async (context) => {
    const id = idOr404(context.req.valid('param').deliveryId, 'delivery');
    return context.json(await context.var.services.webhooks.delivery(ownerOf(context).owner, id), 200);
  });
  api.openapi(replayDelivery, async (context) => {
    const { owner, actor } = ownerOf(context);
    const id = idOr404(context.req.valid('param').deliveryId, 'delivery');
    return context.json(await context.var.services.webhooks.replay(owner, id, actor), 202);
  });
}
