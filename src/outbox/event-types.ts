// The catalogue of events: what each type's `data` holds. Pure. Words about them are in the portal's catalogues.

import * as z from 'zod';

const id = z.string();
const time = z.string().describe('RFC 3339, UTC');
const day = z.string().describe('YYYY-MM-DD, UTC');
const minor = z.int().describe('Minor units of the currency');
const key = { key_id: id, name: z.string(), environment: z.enum(['test', 'live']), app_id: id.nullable() };
const quota = {
  period: z.enum(['daily', 'monthly']),
  period_start: day,
  limit: z.int(),
  used: z.int(),
  threshold_percent: z.int(),
};
const invoice = { id, number: z.string(), currency: z.string(), total_minor: minor };
const document = {
  ...invoice,
  kind: z.enum(['invoice', 'credit_note']),
  period_start: day,
  period_end: day,
  subtotal_minor: minor,
  tax_bps: z.int(),
  tax_minor: minor,
  status: z.enum(['open', 'paid', 'void']),
  issued_at: time,
  due_at: time,
  credits_id: id.nullable(),
  reason: z.string().nullable(),
  lines: z.array(z.looseObject({ kind: z.string(), quantity: z.int().optional(), amount_minor: minor })),
};
const alert = {
  alert_id: id,
  rule: z.string(),
  subject: z.string(),
  label: z.string().nullable(),
  value: z.number(),
  threshold: z.number(),
  fired_at: time,
};

export const EVENT_TYPES = {
  'key.created': z.object(key),
  'key.rotated': z.object({ ...key, grace_days: z.int() }),
  'key.expiring': z.object({ ...key, expires_at: time, days_left: z.int() }),
  'key.revoked': z.object({ ...key, reason: z.string() }),
  'key.quarantined': z.object({ ...key, found_at: z.string().nullable() }),
  'quota.warning': z.object(quota),
  'quota.exceeded': z.object(quota),
  'overage.started': z.object(quota),
  'usage.daily': z.object({ day, calls: z.int(), successful: z.int(), failed: z.int(), units: z.int() }),
  'plan.changed': z.looseObject({ tier: z.string().optional(), currency: z.string().optional() }),
  'invoice.finalised': z.looseObject(document),
  'invoice.paid': z.object(invoice),
  'invoice.voided': z.object(invoice),
  'credit_note.issued': z.looseObject(document),
  'alert.fired': z.object(alert),
  'alert.resolved': z.object({ ...alert, resolved_at: time }),
  'partner.approved': z.object({ partner_id: id }),
  'partner.suspended': z.object({ partner_id: id, reason: z.string().nullable() }),
  'version.sunset_scheduled': z.object({
    api: z.string(),
    version: day,
    newest: day,
    deprecated_at: time.nullable(),
    sunset_at: time,
    last_called: day,
  }),
  'webhook.disabled': z.object({ endpoint_id: id, url: z.string(), failing_since: time.nullable() }),
  'webhook.test': z.object({ message: z.string() }),
} as const satisfies Record<string, z.ZodType>;

export type EventType = keyof typeof EVENT_TYPES;
export type EventData<Type extends EventType> = z.input<(typeof EVENT_TYPES)[Type]>;
export const eventTypes = Object.keys(EVENT_TYPES) as EventType[];

/** JSON Schema of a type's `data`. */
export const schemaOf = (type: EventType): object => z.toJSONSchema(EVENT_TYPES[type]);
