// What the routes of alerts take and answer, for developers and for operators.

import * as z from 'zod';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';

export const alert = z.object({
  id: z.string(),
  owner: z.string().describe('Id of the partner, or `operator`'),
  partner: z.string().nullable().describe('Its name'),
  overage_action: z.enum(OVERAGE_ACTIONS).nullable().describe('What the partner does beyond its quotas, now'),
  rule: z.string(),
  subject: z.string(),
  label: z.string().nullable(),
  fired_at: z.string(),
  resolved_at: z.string().nullable(),
  value: z.number(),
  peak: z.number(),
  threshold: z.number(),
});
export const alertRule = z.object({
  rule: z.string(),
  unit: z.string(),
  window_minutes: z.number(),
  enabled: z.boolean(),
  threshold: z.number(),
  is_adjustable: z.boolean(),
});
export const alertSetting = z.object({
  enabled: z.boolean(),
  threshold: z.number().min(0).max(1_000_000_000).nullish().describe("null: the rule's own"),
});
