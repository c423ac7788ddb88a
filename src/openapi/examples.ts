// An example of a JSON schema: what its author gave, or else what its fields' names and bounds say. It fits the schema; that it
// does is checked by the linters. What may be null and has no usual value is null. Pure. A schema within itself is left out, and
// one that says more than MAX_VALUES has none.

import type { Schema } from './types.ts';

const MOMENT = '2026-11-02T09:30:00Z';
export const EXAMPLE_ID = '0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60';

/** By the name of a field, where it says more than its type. */
const VALUES: Readonly<Record<string, string | number | boolean>> = {
  action: 'key.created',
  actor: 'developer:0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60',
  agrees: true,
  allowed_ips: '192.0.2.0/24',
  allowed_origins: 'https://app.example.com',
  api_key: 'pk_test_…, shown once',
  billing_address: '1 Main Street',
  billing_email: 'invoices@example.com',
  broken: false,
  calls: 1240,
  company: 'Example Ltd',
  country: 'FR',
  created_by: 'operator:0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60',
  credited_minor: 0,
  currency: 'EUR',
  daily_quota: 1000,
  degraded: false,
  description: 'The mobile app',
  email: 'ada@example.com',
  endpoint: '/v1/things',
  environment: 'test',
  errors: 0,
  events: 'key.created',
  failed: 0,
  field: 'name',
  grace_days: 7,
  hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ip: '192.0.2.10',
  is_active: true,
  key_id: 'pk_test_5f1c',
  key_prefix: 'pk_test_5f1c',
  key_type: 'bearer',
  kind: 'subscription',
  language: 'fr',
  last_used_at: MOMENT,
  latency_ms: 37,
  level: 'key',
  limit: 1000,
  message: 'Done',
  method: 'GET',
  name: 'Example',
  number: '2026-000042',
  overage_action: 'block',
  overage_per_1000: 120,
  owner: EXAMPLE_ID,
  partner: 'Example Ltd',
  price: 2900,
  quantity: 1,
  queue: 'usage',
  range: '192.0.2.0/24',
  rate_limit_per_day: 50_000,
  rate_limit_per_month: 1_500_000,
  rate_limit_per_second: 50,
  reason: 'Asked for by the partner',
  remaining: 200,
  role: 'developer',
  route: '/v1/things',
  rule: 'quota_used',
  scopes: 'read:things',
  secret: 'Shown once',
  signature_rule: 'any',
  state: 'active',
  status: 'active',
  status_code: 200,
  source: 'https://api.example.com',
  subject: EXAMPLE_ID,
  subtotal_minor: 2900,
  tax_bps: 2000,
  tax_minor: 580,
  tls_client_certificate_sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  threshold_percent: 80,
  tier: 'starter',
  time: MOMENT,
  token: 'pk_live_…',
  token_raw: 'pk_live_…',
  token_type: 'passerelle_key',
  total_minor: 3480,
  type: 'key.created',
  unit: 'percent',
  url: 'https://example.com/hooks',
  used: 800,
  user_agent: 'example/2.1',
  warning: 'The secret is shown once. Save it now.',
  website: 'https://example.com',
};

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': MOMENT,
  date: MOMENT.slice(0, 10),
  email: 'ada@example.com',
  uri: 'https://example.com',
  uuid: EXAMPLE_ID,
};

const isMoment = (name: string): boolean => /(?:^|_)(?:at|since|until)$|^timestamp$/.test(name);
const isDay = (name: string): boolean => /^(?:day|date|from|to|period_start|period_end)$/.test(name);

function textOf({ format }: Schema, name: string): string {
  const known = FORMATS[String(format)] ?? VALUES[name];
  if (typeof known === 'string') return known;
  if (isMoment(name)) return MOMENT;
  if (isDay(name)) return MOMENT.slice(0, 10);
  return /(?:^|_)id$/.test(name) ? EXAMPLE_ID : 'text';
}

function numberOf({ minimum, maximum }: Schema, name: string): number {
  const known = VALUES[name];
  const usual = typeof known === 'number' ? known : name.endsWith('_minor') ? 2900 : 1;
  return Math.min(Math.max(usual, Number(minimum ?? usual)), Number(maximum ?? Number.POSITIVE_INFINITY));
}

type Resolve = (reference: string) => Schema;

const MAX_VALUES = 400;
class TooLarge extends Error {}

class Example {
  private readonly resolve: Resolve;
  private readonly opened: string[] = [];
  private values = 0;

  constructor(resolve: Resolve) {
    this.resolve = resolve;
  }

  /** @throws TooLarge */
  of(schema: Schema, name: string): unknown {
    if (++this.values > MAX_VALUES) throw new TooLarge();
    const given = [
      schema.example,
      (schema.examples as unknown[] | undefined)?.[0],
      schema.const,
      schema.default,
    ];
    const found = given.find((value) => value !== undefined);
    if (found !== undefined) return found;
    if (typeof schema.$ref === 'string') return this.referred(schema.$ref, name);
    const choices = (schema.anyOf ?? schema.oneOf ?? []) as Schema[];
    const isNullable = [schema.type].flat().includes('null') || choices.some(({ type }) => type === 'null');
    if (isNullable && !(name in VALUES)) return null;
    if (Array.isArray(schema.enum)) {
      const usual = VALUES[name];
      return schema.enum.includes(usual) ? usual : schema.enum.find((value) => value !== null);
    }
    const chosen = choices.find((each) => each.type !== 'null' && !this.isOpened(each));
    return chosen ? this.of(chosen, name) : this.typical(schema, name);
  }

  private isOpened({ $ref }: Schema): boolean {
    return typeof $ref === 'string' && this.opened.includes($ref);
  }

  private referred($ref: string, name: string): unknown {
    this.opened.push($ref);
    const value = this.of(this.resolve($ref), name);
    this.opened.pop();
    return value;
  }

  private typical(schema: Schema, name: string): unknown {
    switch ([schema.type].flat().find((type) => type !== 'null')) {
      case 'object':
        return Object.fromEntries(
          Object.entries((schema.properties ?? {}) as Record<string, Schema>)
            .filter(([, of]) => !this.isOpened(of))
            .map(([field, of]) => [field, this.of(of, field)]),
        );
      case 'array': {
        const items = (schema.items ?? {}) as Schema;
        return this.isOpened(items) ? [] : [this.of(items, name)];
      }
      case 'integer':
      case 'number':
        return numberOf(schema, name);
      case 'boolean':
        return VALUES[name] ?? true;
      case 'string':
        return textOf(schema, name);
      default:
        return {};
    }
  }
}

/** Undefined where it would be too large. `resolve`: the schema that a `$ref` names. `name`: of the field. */
export function exampleOf(schema: Schema, resolve: Resolve, name = ''): unknown {
  try {
    return new Example(resolve).of(schema, name);
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}
