// What the operators' routes of partners take and answer.

import * as z from 'zod';
import { errorAnswers, idOr404, jsonAnswer } from '../http/api.ts';
import { etag } from '../http/versions.ts';

export const partner = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  company: z.string().nullable(),
  status: z.string(),
  tier: z.string(),
  rate_limit_per_second: z.number(),
  rate_limit_per_day: z.number(),
  rate_limit_per_month: z.number(),
  custom_limits: z.boolean(),
  overage_action: z.string(),
  signature_rule: z.string(),
  allowed_origins: z.array(z.string()),
  api_version: z.string().nullable(),
  created_at: z.string(),
  last_active_at: z.string().nullable(),
  suspended_at: z.string().nullable(),
  suspended_reason: z.string().nullable(),
  etag,
});

export const params = z.object({ id: z.string() });
export const partnerAnswers = {
  200: jsonAnswer('The partner', partner),
  ...errorAnswers(400, 401, 403, 404, 503),
};

export const idOf = (id: string): string => idOr404(id, 'partner');
