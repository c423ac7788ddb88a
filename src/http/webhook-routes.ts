// Webhooks as JSON: the same routes for a partner's developers and for operators, who differ in whose endpoints they see.

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from './api.ts';
import { addDeliveryRoutes } from './webhook-delivery-routes.ts';
import { addEndpointRoutes, type OwnerOf, type WebhookServices } from './webhook-endpoint-routes.ts';

export function addWebhookRoutes<S extends WebhookServices>(
  api: OpenAPIHono<ApiEnv<S>>,
  ownerOf: OwnerOf<S>,
): void {
  addEndpointRoutes(api, ownerOf);
  addDeliveryRoutes(api, ownerOf);
}
