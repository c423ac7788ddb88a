// /dashboard/me: whose key it is.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, jsonAnswer } from '../../http/api.ts';
import { callerOf, dashboard } from './dashboard.ts';

const me = createRoute({
  method: 'get',
  path: '/me',
  tags: ['Dashboard'],
  summary: 'Retrieve the partner of the key',
  responses: {
    200: jsonAnswer(
      'The partner',
      z.object({
        id: z.string(),
        name: z.string(),
        email: z.string(),
        company: z.string().optional(),
        status: z.string(),
        tier: z.string(),
        rate_limit_per_second: z.number(),
        rate_limit_per_day: z.number(),
        rate_limit_per_month: z.number(),
        created_at: z.string(),
        last_active_at: z.string().nullable(),
      }),
    ),
    ...errorAnswers(401, 503),
  },
});

dashboard.openapi(me, async (context) => {
  const partner = await context.var.services.partners.get(callerOf(context).partnerId);
  const { id, name, email, company, status, tier, created_at, last_active_at } = partner;
  const { rate_limit_per_second, rate_limit_per_day, rate_limit_per_month } = partner;
  const limits = { rate_limit_per_second, rate_limit_per_day, rate_limit_per_month };
  const shown = { id, name, email, ...(company && { company }), status, tier };
  return context.json({ ...shown, ...limits, created_at, last_active_at }, 200);
});
