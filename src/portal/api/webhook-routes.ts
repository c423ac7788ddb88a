// /api/dev/webhooks and /api/dev/deliveries

import { addWebhookRoutes } from '../../http/webhook-routes.ts';
import { developerApi, developerOf } from './developer.ts';

addWebhookRoutes(developerApi, (context) => {
  const { partner, actor } = developerOf(context);
  return { owner: partner.id, actor };
});
