// Env -> the narrow dependencies of each part; the only reader of the whole Env. Built once for each isolate.

import type { KeyLimiter } from '../durable-objects/key-limiter.ts';
import type { PartnerLimiter } from '../durable-objects/partner-limiter.ts';
import type { PaymentSandbox } from '../durable-objects/payment-sandbox.ts';
import { createAccountService } from './accounts/account-service.ts';
import { createExternalIdentity } from './accounts/external-identity.ts';
import { createOperatorStore } from './accounts/operator-store.ts';
import { createSignInGuard } from './accounts/sign-in-guard.ts';
import { createAlertService } from './alerts/alert-service.ts';
import { createAlertStore } from './alerts/alert-store.ts';
import { createAuditStore } from './audit/audit-store.ts';
import { createChainStore } from './audit/chain-store.ts';
import { createHeadStore } from './audit/head-store.ts';
import { createBillingStore } from './billing/billing-store.ts';
import { createExportStore } from './billing/export-store.ts';
import { createInvoiceService } from './billing/invoice-service.ts';
import { createPeriodStore } from './billing/period-store.ts';
import { createPlanService } from './billing/plan-service.ts';
import { type BlockedRange, createAddressBlocks } from './blocks/address-blocks.ts';
import { createBlockService } from './blocks/block-service.ts';
import { createEdgeList } from './blocks/edge-list.ts';
import { createOriginService } from './blocks/origin-service.ts';
import { type Catalog, loadCatalog } from './catalog/catalog.ts';
import { DOCUMENTS } from './catalog/documents.ts';
import { type Config, isLocal as isLocalConfig, readConfig } from './config.ts';
import { newId } from './core/ids.ts';
import { hostOf } from './core/public-address.ts';
import { createCallLog } from './gateway/call-log.ts';
import { EdgeCounter } from './gateway/edge-counter.ts';
import type { Gateway } from './gateway/pipeline.ts';
import { createAdmission } from './keys/admission.ts';
import { createAnnouncementService } from './keys/announcement-service.ts';
import { createAuthenticator } from './keys/authenticator.ts';
import { createEnvelopeStore } from './keys/envelope-store.ts';
import { createKeyDirectory } from './keys/key-directory.ts';
import { createKeyService } from './keys/key-service.ts';
import { createKeyStore } from './keys/key-store.ts';
import { createLeakService } from './leaks/leak-service.ts';
import { createMailBudget } from './mail/mail-budget.ts';
import { createMailer } from './mail/mailer.ts';
import { createNotices } from './mail/notices.ts';
import { createOutboxStore } from './mail/outbox-store.ts';
import { createMetricsStore } from './metrics/metrics-store.ts';
import { createAppService } from './partners/app-service.ts';
import { createMemberService } from './partners/member-service.ts';
import { createPartnerService } from './partners/partner-service.ts';
import { createAbuseGuard } from './platform/abuse-guard.ts';
import { createAllowances } from './platform/allowances.ts';
import { openDatabase } from './platform/database.ts';
import { createDoorRates } from './platform/door-rates.ts';
import { createIdempotencyStore } from './platform/idempotency-store.ts';
import { createIdentityTokens } from './platform/identity-token.ts';
import { createLimiterClient } from './platform/limiter-client.ts';
import { createRecordCache } from './platform/record-cache.ts';
import { createTokenVerifier } from './platform/token-verifier.ts';
import { askSandbox } from './sandbox/sandbox.ts';
import { createDeadLetterStore } from './usage/dead-letter-store.ts';
import { createUsageBuffer } from './usage/usage-buffer.ts';
import { createUsageReports } from './usage/usage-reports.ts';
import { createUsageStore } from './usage/usage-store.ts';
import { createAssetServer } from './web/assets.ts';
import { messagesOf } from './web/messages/messages.ts';
import { type DeliverPorts, deliverDue } from './webhooks/deliver.ts';
import { createDeliveryStore } from './webhooks/delivery-store.ts';
import { RETRY_SECONDS } from './webhooks/schedule.ts';
import { createResolver, createTargetGuard, openGuard } from './webhooks/target-guard.ts';
import { createWaker } from './webhooks/waker.ts';
import { createWebhookService } from './webhooks/webhook-service.ts';

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
/** One line of JSON for `wrangler tail --format json`. */
const log = (line: Record<string, unknown>): void => console.log(JSON.stringify(line));

function redisOf(config: Config) {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = config;
  return url && token ? { url, token } : undefined;
}

function build(env: Env) {
  const config = readConfig(env);
  const isLocal = isLocalConfig(config);
  const database = openDatabase(config.DATABASE_URL, config.NEON_ENDPOINT);
  const catalog: Catalog = loadCatalog(DOCUMENTS);
  const limiter = createLimiterClient(env.KEY_LIMITER, env.PARTNER_LIMITER);
  const keyStore = createKeyStore(database, now);
  const directory = createKeyDirectory(keyStore, createRecordCache(env.KEY_RECORDS), now);
  const guard = createAbuseGuard({
    redis: redisOf(config),
    binding: env.ABUSE_GUARD,
    failuresPerMinute: config.ABUSE_LIMIT_PER_MINUTE,
    now,
    log,
  });
  const usage = createUsageBuffer({
    // As text, which is what was measured.
    send: async (text) => void (await env.USAGE_QUEUE.send(text, { contentType: 'text' })),
    newId,
    now,
    sleep,
    log,
  });
  const keyEncryptionKeys = config.KEY_ENCRYPTION_KEYS;
  const { identify, authenticate } = createAdmission(
    createAuthenticator({ directory, guard, keyEncryptionKeys, now }),
    limiter.useNonce,
  );
  const identityTokens = createIdentityTokens(config.IDENTITY_KEYS, now, newId);
  const payments = (account: string, request: Parameters<PaymentSandbox['call']>[0]) =>
    env.PAYMENT_SANDBOX.get(env.PAYMENT_SANDBOX.idFromName(account)).call(request);

  const upstreamOrigin = (variables: readonly string[]): string | undefined => {
    for (const name of variables) {
      const value = env[name];
      if (typeof value === 'string' && value !== '') return value.replace(/\/+$/, '');
    }
    return undefined;
  };
  const upstreams = catalog.documents.map((api) => upstreamOrigin(api['x-passerelle'].upstream));
  const ownHosts = [config.PORTAL_ORIGIN, ...upstreams]
    .flatMap((origin) => (origin && URL.canParse(origin) ? hostOf(new URL(origin)) : []))
    .concat(config.OWN_HOSTS);

  const edgeList = <Item>(name: string) => createEdgeList<Item>(env.KEY_RECORDS, name, now, log);
  const addressBlocks = createAddressBlocks(edgeList<BlockedRange>('address-blocks'), now);
  const origins = createOriginService(database, edgeList<string>('listed-origins'), log);
  const rates = createDoorRates(now);
  const allowances = createAllowances(database);
  const mayMail = createMailBudget(allowances);

  const gateway: Gateway = {
    now,
    newId,
    catalog,
    identify,
    isOriginListed: origins.isListed,
    rates,
    limits: new EdgeCounter({ now, sleep, newId, take: limiter.take, settle: limiter.settle, log }),
    peek: limiter.peek,
    cache: {
      match: (url) => caches.default.match(url),
      put: (url, response) => caches.default.put(url, response),
    },
    upstreamOrigin,
    fetchUpstream: (url, init) => fetch(url, init),
    sandboxForLive: isLocal,
    sandbox: (call) => askSandbox(call, { now, sleep, payments }),
    identityToken: identityTokens.tokenFor,
    usage,
    memory: { refusals: new Map(), allowances: new Map() },
    callLog: createCallLog({ successShare: config.LOG_SUCCESS_SHARE, now, chance: () => Math.random(), log }),
  };

  const audit = createAuditStore(database);
  const changes = { directory, limiter, origins, log };
  const outbox = createOutboxStore(database);
  const { MAIL_HTTP_URL: url, MAIL_HTTP_TOKEN: token } = config;
  const mailer = createMailer({
    from: config.MAIL_FROM,
    binding: env.MAIL,
    http: url && token ? { url, token } : undefined,
    outbox: isLocal ? outbox : undefined,
    log,
  });
  const notify = createNotices({ mailer, product: config.PRODUCT_NAME, origin: config.PORTAL_ORIGIN });
  const keys = createKeyService({ ...changes, database, keyStore, keyEncryptionKeys, catalog });
  const partners = createPartnerService({ ...changes, database });
  const billingStore = createBillingStore(database);
  const invoices = createInvoiceService({
    database,
    store: billingStore,
    now,
    newId,
    closing: {
      seller: {
        name: config.SELLER_NAME ?? config.PRODUCT_NAME,
        address: config.SELLER_ADDRESS,
        tax_id: config.SELLER_TAX_ID,
      },
      dueDays: config.INVOICE_DUE_DAYS,
      tell: (recipient, numbers) =>
        notify(recipient, 'invoice', { name: numbers.join(', '), path: '/portal/billing' }),
      log,
    },
  });
  const targetGuard =
    isLocal && config.WEBHOOK_TARGETS === 'any'
      ? openGuard
      : createTargetGuard(createResolver(config.DNS_RESOLVER_URL), now, ownHosts);
  const deliveryStore = createDeliveryStore(database);
  const wake = async (delaySeconds: number) =>
    void (await env.WEBHOOK_QUEUE.send({}, { contentType: 'json', delaySeconds }));
  const announceLater = async (delaySeconds: number) =>
    void (await env.CHANGE_QUEUE.send({}, { contentType: 'json', delaySeconds }));
  const waker = createWaker({ send: wake, sendAhead: announceLater, now, log });
  const sender: DeliverPorts = {
    store: deliveryStore,
    wakes: waker.wakes,
    guard: targetGuard,
    keyEncryptionKeys,
    schedule: config.WEBHOOK_RETRY_SECONDS ?? RETRY_SECONDS,
    now,
    chance: () => Math.random(),
    sleep,
    wake,
    tellDisabled: async ({ id, url: target, email, language }) =>
      email &&
      notify({ email, language }, 'webhookDisabled', { name: target, path: `/portal/webhooks/${id}` }),
    log,
  };
  const alerts = createAlertService({
    database,
    store: createAlertStore(database),
    notify,
    nameOf: (rule, language) => messagesOf(language === 'fr' ? 'fr' : 'en').alerts.names[rule] ?? rule,
    operatorEmail: config.ALERT_EMAIL,
    newId,
    log,
  });
  return {
    config,
    now,
    newId,
    sleep,
    log,
    gateway,
    authenticate,
    /** What upstreams verify identity tokens by. */
    identityJwks: identityTokens.jwks,
    database,
    keyStore,
    limiter,
    audit,
    auditChains: createChainStore(database),
    auditHeads: createHeadStore(env.KEY_RECORDS, keyEncryptionKeys, log),
    usageStore: createUsageStore(database),
    reports: createUsageReports(database),
    keys,
    envelopes: createEnvelopeStore({ database, keyEncryptionKeys, log }),
    leaks: createLeakService({
      database,
      announce: keys.announce,
      notify,
      keysUrl: config.GITHUB_KEYS_URL,
      newId,
      now,
    }),
    announcements: createAnnouncementService({ database, limiter }),
    /** Sends the webhooks that are due. */
    sendWebhooks: () => deliverDue(sender),
    /** Wakes the sender, when something may have been written for it. */
    wakeWebhooks: waker.wake,
    /** Has changes announced that a request commits soon, and may not live to announce. */
    carryOn: waker.carryOn,
    announceLater,
    isBlocked: addressBlocks.isBlocked,
    origins,
    rates,
    allowances,
    alerts,
    deliveryStore,
    webhooks: createWebhookService({ database, guard: targetGuard, keyEncryptionKeys, allowances, newId }),
    partners,
    billingStore,
    exports: createExportStore(database, config.PORTAL_ORIGIN ?? 'urn:passerelle'),
    invoices,
    plans: createPlanService({ database, now, announce: partners.announce }),
    apps: createAppService({ ...changes, database }),
    blocks: createBlockService({ database, blocks: addressBlocks }),
    members: createMemberService({ database, allowances, mayMail, notify }),
    accountsFor: createAccountService({
      database,
      secret: config.AUTH_SECRET,
      secrets: config.AUTH_SECRETS,
      product: config.PRODUCT_NAME,
      // Plain HTTP is for your machine alone; browsers take `Secure` cookies from loopback, but not all of them.
      isSecure: config.ENVIRONMENT !== 'development',
      cookieSuffix: config.COOKIE_SUFFIX,
      mailer,
      mayMail,
      allowances,
    }),
    identity:
      config.OIDC_ISSUER && config.OIDC_CLIENT_ID
        ? createExternalIdentity(
            {
              issuer: config.OIDC_ISSUER,
              clientId: config.OIDC_CLIENT_ID,
              clientSecret: config.OIDC_CLIENT_SECRET,
              secret: config.AUTH_SECRET,
              allowHttp: isLocal,
            },
            now,
          )
        : undefined,
    mailer,
    outbox,
    signInGuard: createSignInGuard({ counter: env.SIGN_IN_GUARD, secret: config.AUTH_SECRET, log }),
    assetServer: createAssetServer(env.ASSETS),
    periods: createPeriodStore(database),
    metrics: createMetricsStore(database),
    idempotency: createIdempotencyStore(database, keyEncryptionKeys),
    verifyToken: createTokenVerifier(config),
    operators: createOperatorStore(database),
    deadLetters: createDeadLetterStore(database, newId),
    usageQueue: env.USAGE_QUEUE,
    resetPayments: (account: string) =>
      env.PAYMENT_SANDBOX.get(env.PAYMENT_SANDBOX.idFromName(account)).reset(),
  };
}

export type Services = ReturnType<typeof build>;

const built = new WeakMap<Env, Services>();

/** @throws ConfigurationError */
export function compose(env: Env): Services {
  const known = built.get(env);
  if (known) return known;
  const services = build(env);
  built.set(env, services);
  return services;
}
