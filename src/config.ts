// Variables and secrets, parsed once; every default lives here. A setting that is missing or wrong fails by name.

import * as z from 'zod';
import { fromBase64 } from './core/encoding.ts';

const namedKeys: z.ZodType<NamedKeys> = z
  .object({ current: z.string().regex(/^[\w-]+$/), keys: z.record(z.string(), z.string()) })
  .refine(({ current, keys }) => current in keys, 'the current key is not among the keys')
  .refine(
    ({ keys }) => Object.values(keys).every((key) => fromBase64(key).length === 32),
    'a key is not 32 bytes',
  );

/** Keys by id, one of which is in use: the form that lets them be rotated. */
interface NamedKeys {
  current: string;
  keys: Record<string, string>;
}
const jsonOfKeys = z.string().transform((text, context) => {
  try {
    return namedKeys.parse(JSON.parse(text));
  } catch {
    // What JSON.parse says of it would quote the secret.
    context.addIssue(
      'must be {"current": id, "keys": {id: base64 of 32 bytes}}, with current among the keys',
    );
    return z.NEVER;
  }
});

/** Days, by commas, each once and in order. */
const days = z
  .string()
  .regex(/^(\d{1,3}(,\d{1,3})*)?$/, 'must be days with commas between, like 3,7,14')
  .transform((text) => [...new Set(text.split(',').filter(Boolean).map(Number))].sort((a, b) => a - b));

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

/** `|` ends the issuer in a subject: src/accounts/subject.ts. */
const issuer = z.url().regex(/^[^|]+$/);

const settings = z.object({
  ENVIRONMENT: z.enum(['development', 'test', 'staging', 'production']).default('production'),
  DATABASE_URL: z.string().min(1),
  NEON_ENDPOINT: z.url().optional(),
  KEY_ENCRYPTION_KEYS: jsonOfKeys,
  /** Seeds of the Ed25519 keys that sign callers' identity for upstreams. */
  IDENTITY_KEYS: jsonOfKeys,
  /** Signs sessions and encrypts second factors. */
  AUTH_SECRET: z.string().min(32),
  /** Rotated: `2:<newest>,1:<older>`. The first signs and encrypts, all of them and AUTH_SECRET decrypt. */
  AUTH_SECRETS: z
    .string()
    .regex(
      /^\d+:[^,:]{32,}(,\d+:[^,:]{32,})*$/,
      'must be version:secret, the newest first, with commas between',
    )
    .transform((text) =>
      text.split(',').map((each) => {
        const [version = '', value = ''] = each.split(':');
        return { version: Number(version), value };
      }),
    )
    .refine((all) => new Set(all.map(({ version }) => version)).size === all.length, 'has a version twice')
    .optional(),
  /** Where the portal is, for links in mails. Only on your machine may it be missing: there it is the request's origin. */
  PORTAL_ORIGIN: z
    .url({ protocol: /^https?$/ })
    .transform((url) => new URL(url).origin)
    .optional(),
  /** Where your machine listens, for links in mails that no request asked for. There only; PORTAL_ORIGIN comes first. */
  LOCAL_ORIGIN: z
    .url({ protocol: /^http$/ })
    .transform((url) => new URL(url).origin)
    .optional(),
  /** Other hosts at which this Worker is reached, by commas: webhooks never go there. */
  OWN_HOSTS: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((host) => host.trim().toLowerCase()))
    .transform((hosts) => hosts.filter((host) => host !== '')),
  /** The brand's name at an address that does not work, when left out. */
  MAIL_FROM: z.string().optional(),
  MAIL_HTTP_URL: z.url().optional(),
  MAIL_HTTP_TOKEN: z.string().optional(),
  /** Where mails that ask for no more of a kind are read, and acted upon. */
  MAIL_UNSUBSCRIBE_ADDRESS: z.email().optional(),
  OIDC_ISSUER: issuer.optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  INVOICE_DUE_DAYS: z.coerce.number().int().min(0).max(365).default(30),
  /** Days after its due date on which an invoice that is not paid is mailed about; none when empty. */
  OVERDUE_REMINDER_DAYS: days.default([3, 7, 14]),
  /** Where operators' alerts are mailed to. */
  ALERT_EMAIL: z.email().optional(),
  /** Seconds between the tries of a webhook. */
  WEBHOOK_RETRY_SECONDS: z
    .string()
    .regex(/^\d+(\.\d+)?(,\d+(\.\d+)?)*$/)
    .transform((text) => text.split(',').map(Number))
    .optional(),
  /** `any`: webhooks may go to http and to this machine. On your machine only; elsewhere it says nothing. */
  WEBHOOK_TARGETS: z.enum(['public', 'any']).default('public'),
  GITHUB_KEYS_URL: z.url().default('https://api.github.com/meta/public_keys/secret_scanning'),
  DNS_RESOLVER_URL: z.url().default('https://cloudflare-dns.com/dns-query'),
  /** Where your machine shows the code of the demo's operator. In development only. */
  DEMO_CODE_PATH: z.string().startsWith('/').optional(),
  /** Ends the names of cookies in development, where every system on 127.0.0.1 shares them, whatever its port. */
  COOKIE_SUFFIX: z.string().regex(/^\w*$/).default(''),
  METRICS_TOKEN: z.string().min(16),
  JWT_ISSUER: issuer.optional(),
  JWT_AUDIENCE: z.string().default('passerelle'),
  JWT_JWKS_URL: z.url().optional(),
  /** Clients of the issuer whose tokens are taken (`client_id`, or `azp`), by commas; all of them when empty. */
  JWT_CLIENTS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((client) => client.trim() || [])),
  JWT_ALGORITHMS: z
    .string()
    .default('ES256,RS256,EdDSA')
    .transform((text) => text.split(',')),
  REQUIRE_MTLS: flag,
  UPSTASH_REDIS_REST_URL: z.url().optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
  ABUSE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(300),
  /** Share of the calls that went well that are written to the log. By default all of them on your machine, and one in a hundred elsewhere. */
  LOG_SUCCESS_SHARE: z.coerce.number().min(0).max(1).optional(),
  USAGE_MONTHS_KEPT: z.coerce.number().int().min(1).default(13),
});

export type Config = z.infer<typeof settings> & { LOG_SUCCESS_SHARE: number };

/** Settings are missing or wrong. The message has their names and what they must be, never what they are. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

const sayWrong = ({ path: [name], message }: z.core.$ZodIssue, env: Record<string, unknown>): string =>
  (env[String(name)] ?? '') === '' ? `${String(name)} is not set` : `${String(name)} is wrong (${message})`;

/** Of the calls that went well, where they are many and lines have a price. */
const SAMPLED_SHARE = 0.01;

const LOCAL: ReadonlySet<unknown> = new Set(['development', 'test']);
/** Your machine: mails are shown, cookies need no TLS, webhooks may go anywhere. Serves no host but loopback. */
export const isLocal = ({ ENVIRONMENT }: Pick<Config, 'ENVIRONMENT'>): boolean => LOCAL.has(ENVIRONMENT);

/** @throws ConfigurationError */
export function readConfig(env: Record<string, unknown>): Config {
  const { success, data, error } = settings.safeParse(env);
  const wrong = error?.issues.map((issue) => sayWrong(issue, env)) ?? [];
  // The host of a request is anybody's word, and would stand in everybody's mails.
  if (!LOCAL.has(env.ENVIRONMENT) && !env.PORTAL_ORIGIN) wrong.push('PORTAL_ORIGIN is not set');
  if (!success || wrong.length > 0) throw new ConfigurationError(wrong.join('; '));
  const { ENVIRONMENT, COOKIE_SUFFIX: suffix, DEMO_CODE_PATH } = data;
  const isHere = ENVIRONMENT === 'development';
  return {
    ...data,
    COOKIE_SUFFIX: isHere && suffix !== '' ? `-${suffix}` : '',
    DEMO_CODE_PATH: isHere ? DEMO_CODE_PATH : undefined,
    LOCAL_ORIGIN: LOCAL.has(ENVIRONMENT) ? data.LOCAL_ORIGIN : undefined,
    LOG_SUCCESS_SHARE: data.LOG_SUCCESS_SHARE ?? (LOCAL.has(ENVIRONMENT) ? 1 : SAMPLED_SHARE),
  };
}
