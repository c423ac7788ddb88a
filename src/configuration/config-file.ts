// `passerelle.yaml`: what an instance is to be, as far as it is named. Its JSON schema is docs/passerelle.schema.json. Nothing
// secret has a place in it. Pure.

import * as z from 'zod';
import { rulesOf } from '../alerts/rules.ts';
import { POLICIES, POLICY_NAMES } from '../catalog/policies/kinds.ts';
import { alertSetting } from '../http/alert-schemas.ts';
import { email, limitValue, overageAction, text } from '../http/fields.ts';
import { newPlan, prices } from '../http/plan-schemas.ts';
import { newEndpoint } from '../http/webhook-schemas.ts';

const fields = newPlan.shape;

const upstream = z.strictObject(
  {
    url: text(500, 1).describe('Origin, and the path that precedes each route of the document'),
    weight: z
      .int()
      .min(0)
      .max(1000)
      .default(1)
      .describe('Share of the calls, of the sum of all; 0: only where the others fail'),
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys' && keys.includes('credential')
        ? 'must hold no credential: set it in the console, where it stays when a file is applied'
        : undefined,
  },
);

const api = z
  .strictObject({
    document: z
      .union([z.string().min(1), z.looseObject({})])
      .optional()
      .describe(
        'OpenAPI: a file, relative to this one, an address, or the document itself. By the API: the document, or its text',
      ),
    upstreams: z.array(upstream).max(20).optional().describe('With none, those that its variables name'),
  })
  .nullable()
  .describe('null: it is retired');

const plan = z
  .strictObject({
    self_serve: fields.self_serve.unwrap().describe('Partners may choose it'),
    prices: prices.describe('By currency, in minor units'),
    overage_actions: fields.overage_actions.unwrap(),
    rate_limit_per_second: fields.rate_limit_per_second.describe('-1 is unlimited'),
    rate_limit_per_day: fields.rate_limit_per_day,
    rate_limit_per_month: fields.rate_limit_per_month,
    max_keys: fields.max_keys.unwrap(),
    features: fields.features.unwrap(),
    names: fields.names.unwrap(),
  })
  .partial()
  .describe('What is left out stays as it is; a plan that is new needs its prices and its limits');

const rule = z.strictObject({
  enabled: z.boolean().optional(),
  threshold: alertSetting.shape.threshold,
});

const webhook = z
  .strictObject({
    description: newEndpoint.shape.description,
    events: newEndpoint.shape.events,
    environment: z
      .enum(['test', 'live', 'both'])
      .optional()
      .describe('Whose events it receives; both, until one is chosen'),
    state: z.enum(['active', 'paused']).optional(),
  })
  .nullable()
  .describe('null: it is deleted');

const partner = z.strictObject({
  name: text(255, 1).optional(),
  company: text(255).nullish(),
  plan: text(50, 1).optional().describe('In force at once'),
  limits: z
    .strictObject({
      rate_limit_per_second: limitValue,
      rate_limit_per_day: limitValue,
      rate_limit_per_month: limitValue,
    })
    .nullish()
    .describe("Its own, which beat the plan's; null: the plan's"),
  overage_action: overageAction.optional(),
});

const position = z.int().min(0).max(1000).optional().describe('The lower, the earlier, of the same place');
const policy = z
  .strictObject({ settings: z.record(z.string(), z.unknown()).optional(), position })
  .nullable()
  .describe('null: it is removed');
const policies = <Policy extends z.ZodType>(ofAPlace: Policy) =>
  z
    .record(z.string(), z.record(z.string(), ofAPlace))
    .optional()
    .describe(
      'For every partner: by the id of their API, their route (`GET /shop/shelves`), and what they are; `*` is all',
    );

/** Each kind of thing is one member. */
export const configFile = z.strictObject({
  apis: z.record(z.string(), api).optional().describe('By their ids'),
  policies: policies(z.partialRecord(z.enum(POLICY_NAMES), policy)),
  plans: z.record(z.string(), plan).optional().describe('By their names'),
  alert_rules: z
    .partialRecord(z.enum(rulesOf('operator')), rule)
    .optional()
    .describe("The operators' rules of alerts"),
  webhooks: z
    .record(newEndpoint.shape.url, webhook)
    .optional()
    .describe("The operators' endpoints, by their addresses"),
  partners: z
    .record(email.toLowerCase(), partner)
    .optional()
    .describe('By their addresses; who is new needs a name and a plan, and is invited'),
});
export type ConfigFile = z.infer<typeof configFile>;

/** What stands on disk says which schema it has, besides. */
export const configSchema = (): object => {
  const named = Object.entries(POLICIES).map(([name, { settings }]) => [
    name,
    z.strictObject({ settings: settings.optional(), position }).nullable().optional(),
  ]);
  // Each with its own settings: what reads the file leaves them to whoever knows the policy.
  const file = configFile.extend({ policies: policies(z.strictObject(Object.fromEntries(named))) });
  const { properties, ...rest } = z.toJSONSchema(file, { io: 'input', unrepresentable: 'any' });
  return {
    ...rest,
    title: 'passerelle.yaml',
    properties: { $schema: { type: 'string' }, ...properties },
  };
};
