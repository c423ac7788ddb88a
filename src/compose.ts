// Env -> what answers calls of the offered API, and what every door asks; the only reader of the whole Env beside services.ts,
// which adds what our own surfaces need. Built once for each isolate.

import type { KeyLimiter } from '../durable-objects/key-limiter.ts';
import type { PartnerLimiter } from '../durable-objects/partner-limiter.ts';
import type { PaymentSandbox } from '../durable-objects/payment-sandbox.ts';
import { type BlockedRange, createAddressBlocks } from './blocks/address-blocks.ts';
import { createEdgeList } from './blocks/edge-list.ts';
import { createOriginService } from './blocks/origin-service.ts';
import { DOCUMENTS } from './brand/brand.ts';
import { parseDocument } from './catalog/catalog.ts';
import { createCatalogCache } from './catalog/catalog-cache.ts';
import { createCatalogStore } from './catalog/catalog-store.ts';
import { createLiveCatalog } from './catalog/live-catalog.ts';
import { type Config, isLocal as isLocalConfig, readConfig } from './config.ts';
import { createDeadlines, type Deadlines } from './core/deadlines.ts';
import { newId } from './core/ids.ts';
import { once } from './core/once.ts';
import { openEnvelope } from './crypto/envelope.ts';
import { createAtOnce } from './gateway/at-once.ts';
import { createBreakers } from './gateway/breakers.ts';
import { createCallLog } from './gateway/call-log.ts';
import { EdgeCounter } from './gateway/edge-counter.ts';
import type { Gateway } from './gateway/pipeline.ts';
import { createUpstreams } from './gateway/upstreams.ts';
import { portalOriginOf } from './http/portal-origin.ts';
import { createAccessTokens } from './keys/access-token.ts';
import { createAdmission } from './keys/admission.ts';
import { createAuthenticator } from './keys/authenticator.ts';
import { createIdentityTokens } from './keys/identity-token.ts';
import { createKeyDirectory } from './keys/key-directory.ts';
import { createKeyStore } from './keys/key-store.ts';
import { createRecordCache } from './keys/record-cache.ts';
import { createSigningKeys } from './keys/signing-keys.ts';
import { createTokenCheck } from './keys/token-check.ts';
import { createLimiterClient } from './limiter/limiter-client.ts';
import { createAbuseGuard } from './platform/abuse-guard.ts';
import { type Database, openDatabase } from './platform/database.ts';
import { createDoorRates } from './platform/door-rates.ts';
import { askSandbox, isSimulation } from './sandbox/sandbox.ts';
import { createUsageBuffer } from './usage/usage-buffer.ts';

export interface Env {
  KEY_RECORDS: KVNamespace;
  KEY_LIMITER: DurableObjectNamespace<KeyLimiter>;
  PARTNER_LIMITER: DurableObjectNamespace<PartnerLimiter>;
  PAYMENT_SANDBOX: DurableObjectNamespace<PaymentSandbox>;
  USAGE_QUEUE: Queue<unknown>;
  WEBHOOK_QUEUE: Queue<unknown>;
  CHANGE_QUEUE: Queue<unknown>;
  ABUSE_GUARD?: RateLimit;
  SIGN_IN_GUARD?: RateLimit;
  MAIL?: SendEmail;
  ASSETS: Fetcher;
  [variable: string]: unknown;
}

const now = (): number => Date.now();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const chance = (): number => Math.random();
/** One line of JSON for `wrangler tail --format json`. */
const log = (line: Record<string, unknown>): void => console.log(JSON.stringify(line));

function redisOf(config: Config) {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = config;
  return url && token ? { url, token } : undefined;
}

/** Of variables, which are few; asked with each call. */
const isWebAddress = once(
  (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
);

/** Origin of the first of these variables that is set. */
function upstreamOriginIn(env: Env, variables: readonly string[]): string | undefined {
  for (const name of variables) {
    const value = env[name];
    if (typeof value === 'string' && isWebAddress(value)) return value.replace(/\/+$/, '');
  }
  return undefined;
}

/** Who calls: keys, their records, and how often an address may name one that cannot be used. */
function composeKeys(env: Env, config: Config, database: Database, deadlines: Deadlines) {
  const limiter = createLimiterClient(env.KEY_LIMITER, env.PARTNER_LIMITER, deadlines);
  const keyStore = createKeyStore(database, now);
  const directory = createKeyDirectory(keyStore, createRecordCache(env.KEY_RECORDS), now);
  const guard = createAbuseGuard({
    redis: redisOf(config),
    binding: env.ABUSE_GUARD,
    failuresPerMinute: config.ABUSE_LIMIT_PER_MINUTE,
    now,
    log,
  });
  const keyEncryptionKeys = config.KEY_ENCRYPTION_KEYS;
  const signingKeys = createSigningKeys(config.IDENTITY_KEYS);
  const accessTokens = createAccessTokens(signingKeys, now, newId);
  const issuerOf = (url: string) => portalOriginOf(config, url);
  const checkToken = createTokenCheck({ now, issuerOf, ownHosts: config.OWN_HOSTS });
  return {
    limiter,
    keyStore,
    directory,
    guard,
    signingKeys,
    accessTokens,
    identityTokens: createIdentityTokens(signingKeys, now, newId),
    ...createAdmission(
      createAuthenticator({ directory, guard, keyEncryptionKeys, accessTokens, checkToken, now }),
      limiter.useNonce,
      issuerOf,
    ),
  };
}

/** What is offered, and where it is. */
const composeCatalog = (env: Env, config: Config, database: Database) => ({
  catalogs: createLiveCatalog({
    bundled: DOCUMENTS.map((each, i) => parseDocument(each, String(i))),
    store: createCatalogStore(database),
    cache: createCatalogCache(env.KEY_RECORDS),
    now,
    log,
  }),
  upstreams: createUpstreams({
    originIn: (variables) => upstreamOriginIn(env, variables),
    open: (envelope, url) => openEnvelope(config.KEY_ENCRYPTION_KEYS, envelope, url),
    now,
    chance,
  }),
});

const composeUsage = (env: Env) =>
  createUsageBuffer({
    // As text, which is what was measured.
    send: async (text) => void (await env.USAGE_QUEUE.send(text, { contentType: 'text' })),
    newId,
    now,
    sleep,
    log,
  });

function build(env: Env) {
  const config = readConfig(env);
  const isLocal = isLocalConfig(config);
  const database = openDatabase(config.DATABASE_URL, config.NEON_ENDPOINT);
  const deadlines = createDeadlines({ now, sleep });
  const { identify, ...keys } = composeKeys(env, config, database, deadlines);
  const { limiter, identityTokens } = keys;
  const usage = composeUsage(env);
  const payments = (account: string, request: Parameters<PaymentSandbox['call']>[0]) =>
    env.PAYMENT_SANDBOX.get(env.PAYMENT_SANDBOX.idFromName(account)).call(request);
  const { catalogs, upstreams } = composeCatalog(env, config, database);
  const edgeList = <Item>(name: string) => createEdgeList<Item>(env.KEY_RECORDS, name, now, log);
  const addressBlocks = createAddressBlocks(edgeList<BlockedRange>('address-blocks'), now);
  const origins = createOriginService(database, edgeList<string>('listed-origins'), log);
  const rates = createDoorRates(now);
  const portalOrigin = (url: string) => portalOriginOf(config, url);

  const gateway: Gateway = {
    now,
    newId,
    portalOrigin,
    catalogs,
    get catalog() {
      return catalogs.current;
    },
    identify,
    isOriginListed: origins.isListed,
    rates,
    limits: new EdgeCounter({ now, sleep, newId, take: limiter.take, settle: limiter.settle, log }),
    peek: limiter.peek,
    cache: {
      match: (url) => caches.default.match(url),
      put: (url, response) => caches.default.put(url, response),
    },
    upstreams,
    breakers: createBreakers(now),
    atOnce: createAtOnce(),
    deadlines,
    fetchUpstream: (url, init) => fetch(url, init),
    sandboxForLive: isLocal,
    sandbox: (call) => askSandbox(call, { now, sleep, payments, portalOrigin }),
    isSimulation,
    identityToken: identityTokens.tokenFor,
    usage,
    memory: { refusals: new Map(), allowances: new Map() },
    callLog: createCallLog({ successShare: config.LOG_SUCCESS_SHARE, now, chance, log }),
    log,
    chance,
  };
  return {
    config,
    isLocal,
    now,
    newId,
    sleep,
    log,
    database,
    catalogs,
    ...keys,
    identify,
    upstreams,
    addressBlocks,
    /** Whom an operator blocked. */
    isBlocked: addressBlocks.isBlocked,
    origins,
    rates,
    gateway,
  };
}

export type Core = ReturnType<typeof build>;

const built = new WeakMap<Env, Core>();

/** @throws ConfigurationError */
export function composeGateway(env: Env): Core {
  const known = built.get(env);
  if (known) return known;
  const core = build(env);
  built.set(env, core);
  return core;
}
