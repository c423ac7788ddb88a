// Env -> what our own surfaces, the queues' consumers and the cron jobs need, beside what answers calls: loaded with the first
// of them. Built once for each isolate.

import { createAccountService } from './accounts/account-service.ts';
import { createAddressChangeStore } from './accounts/address-change-store.ts';
import { createExternalIdentity } from './accounts/external-identity.ts';
import { createOperatorStore } from './accounts/operator-store.ts';
import { createSignInGuard } from './accounts/sign-in-guard.ts';
import { createTokenVerifier } from './accounts/token-verifier.ts';
import { type AlertService, createAlertService } from './alerts/alert-service.ts';
import { createAlertStore } from './alerts/alert-store.ts';
import { createAuditStore } from './audit/audit-store.ts';
import { createChainStore } from './audit/chain-store.ts';
import { createHeadStore } from './audit/head-store.ts';
import { createBillingStore } from './billing/billing-store.ts';
import { createExportStore } from './billing/export-store.ts';
import { createInvoiceService } from './billing/invoice-service.ts';
import { createPeriodStore } from './billing/period-store.ts';
import { createPlanService, type PlanService } from './billing/plan-service.ts';
import { createTermsStore } from './billing/terms-store.ts';
import { createBlockService } from './blocks/block-service.ts';
import { BRAND } from './brand/brand.ts';
import type { PublishTogether } from './catalog/publish-together-service.ts';
import { type Core, composeGateway, type Env } from './compose.ts';
import { createConfigService } from './configuration/config-service.ts';
import { createExplainer } from './explain/explainer.ts';
import { handleAs } from './gateway/pipeline.ts';
import { createIdempotencyStore } from './http/idempotency-store.ts';
import { type AnnouncementService, createAnnouncementService } from './keys/announcement-service.ts';
import type { Identifier } from './keys/authenticator.ts';
import { createEnvelopeStore } from './keys/envelope-store.ts';
import { createKeyService } from './keys/key-service.ts';
import { createLeakService } from './leaks/leak-service.ts';
import { createMails } from './mail/mails.ts';
import { createMoneyRecipients } from './mail/recipients-store.ts';
import { createMetricsStore } from './metrics/metrics-store.ts';
import { createTodayStore } from './metrics/today-store.ts';
import { composeOAuth } from './oauth/oauth.ts';
import { composePublishing, composeWebhooks } from './outgoing.ts';
import { createAppService } from './partners/app-service.ts';
import { createFiledPartners } from './partners/filed-partners-service.ts';
import { createLiveAccessService } from './partners/live-access-service.ts';
import { createMemberService, type MemberService } from './partners/member-service.ts';
import { createPartnerService, type PartnerService } from './partners/partner-service.ts';
import { createTokenService } from './partners/token-service.ts';
import { createSimulations } from './simulator/simulations.ts';
import { createIncidentService } from './status/incident-service.ts';
import { createStatusBoard } from './status/status-board.ts';
import { createStatusStore } from './status/status-store.ts';
import { createDeadLetterStore } from './usage/dead-letter-store.ts';
import { createDeadLetters } from './usage/dead-letters.ts';
import { createImportedUsageStore } from './usage/imported-usage-store.ts';
import { createRequestSearch } from './usage/request-search-reports.ts';
import { createUsageReports } from './usage/usage-reports.ts';
import { createUsageStore } from './usage/usage-store.ts';
import { createVersionService } from './versions/version-service.ts';
import { createAssetServer } from './web/assets.ts';
import { supportText } from './web/contact.ts';
import { createFormat } from './web/format.ts';
import { messagesOf } from './web/messages/messages.ts';
import { createMoneyMails } from './web/money-mails.ts';
import type { FiledEndpoints } from './webhooks/filed-endpoints-service.ts';

const languageOf = (language: string | null) => (language === 'fr' ? 'fr' : 'en');

/** Any of these may have signed a link or a token that is in use. The newest first. */
const signingSecrets = ({ AUTH_SECRETS: rotated = [], AUTH_SECRET: first }: Core['config']): string[] => [
  ...rotated.map(({ value }) => value),
  first,
];

const composeMail = ({ config, isLocal, database, log }: Core, env: Env) =>
  createMails({
    config,
    isLocal,
    database,
    binding: env.MAIL,
    brand: BRAND,
    support: supportText({ email: BRAND.links.supportEmail, url: BRAND.links.support }),
    secrets: signingSecrets(config),
    log,
  });
type Mail = ReturnType<typeof composeMail>;

/** Partners, their apps, members and keys: whatever changes them is announced to the limiters. */
function composePartners(core: Core, { allowances, mayMail, notify }: Mail) {
  const { config, database, limiter, keyStore, directory, origins, catalogs, now, newId, log } = core;
  const keyEncryptionKeys = config.KEY_ENCRYPTION_KEYS;
  const changes = { database, directory, limiter, origins, log };
  const announcements = createAnnouncementService({ database, limiter });
  const announce = announcements.announcePending;
  const keys = createKeyService({ ...changes, keyStore, keyEncryptionKeys, catalogs, notify, now });
  return {
    keys,
    partners: createPartnerService({ ...changes, notify }),
    apps: createAppService(changes),
    liveAccess: createLiveAccessService({ database, notify, operatorEmail: config.ALERT_EMAIL }),
    members: createMemberService({ database, allowances, mayMail, notify, announce }),
    announcements,
    envelopes: createEnvelopeStore({ database, keyEncryptionKeys, log }),
    leaks: createLeakService({
      database,
      announce: keys.announce,
      notify,
      keysUrl: config.GITHUB_KEYS_URL,
      newId,
      now,
    }),
  };
}

function composeAccounts(
  { config, isLocal, database, now, log }: Core,
  env: Env,
  mail: Mail,
  announce: AnnouncementService['announcePending'],
) {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, AUTH_SECRET: secret } = config;
  const clientSecret = config.OIDC_CLIENT_SECRET;
  return {
    addressChanges: createAddressChangeStore(database),
    tokens: createTokenService(database, signingSecrets(config)),
    accountsFor: createAccountService({
      database,
      secret,
      secrets: config.AUTH_SECRETS,
      product: BRAND.name,
      // Plain HTTP is for your machine alone; browsers take `Secure` cookies from loopback, but not all of them.
      isSecure: config.ENVIRONMENT !== 'development',
      cookieSuffix: config.COOKIE_SUFFIX,
      ...mail,
      announce,
    }),
    identity:
      issuer && clientId
        ? createExternalIdentity({ issuer, clientId, clientSecret, secret, allowHttp: isLocal }, now)
        : undefined,
    operators: createOperatorStore(database),
    signInGuard: createSignInGuard({ counter: env.SIGN_IN_GUARD, secret, log }),
    verifyToken: createTokenVerifier(config),
  };
}

function composeBilling(
  { config, database, now, newId, log }: Core,
  { notify }: Mail,
  announce: (partnerId: string) => Promise<void>,
) {
  const billingStore = createBillingStore(database);
  const recipients = createMoneyRecipients(database);
  const notices = createMoneyMails({ notify, recipients, brand: BRAND, now });
  const invoices = createInvoiceService({
    database,
    store: billingStore,
    now,
    newId,
    notices,
    reminderDays: config.OVERDUE_REMINDER_DAYS,
    closing: {
      seller: {
        name: BRAND.seller.name ?? BRAND.name,
        address: BRAND.seller.address,
        tax_id: BRAND.seller.taxId,
      },
      dueDays: config.INVOICE_DUE_DAYS,
      tell: notices.invoicesIssued,
      log,
    },
  });
  const plans = createPlanService({ database, store: billingStore, now, announce, notices });
  return {
    billingStore,
    invoices,
    plans,
    ...createSimulations({ database, billingStore, plans, now }),
    periods: createPeriodStore(database),
    explain: createExplainer(createTermsStore(database)),
    exports: createExportStore(database, config.PORTAL_ORIGIN ?? 'urn:passerelle'),
  };
}

/** What everybody may see of how the APIs are doing. */
function composeStatus({ database, catalogs, now }: Core) {
  const apis = () => catalogs.current.apis;
  const status = createStatusStore(database, apis);
  const incidents = createIncidentService({ database, apis });
  return { status, incidents, statusBoard: createStatusBoard({ store: status, incidents, now }) };
}

/** What operators watch: the audit and its chains, alerts, dead letters, metrics. */
function composeWatch({ config, database, newId, log }: Core, env: Env, { notify }: Mail) {
  const audit = createAuditStore(database);
  return {
    audit,
    auditChains: createChainStore(database),
    auditHeads: createHeadStore(env.KEY_RECORDS, config.KEY_ENCRYPTION_KEYS, log),
    alerts: createAlertService({
      database,
      store: createAlertStore(database),
      notify,
      nameOf: (rule, language) => messagesOf(languageOf(language)).alerts.names[rule] ?? rule,
      operatorEmail: config.ALERT_EMAIL,
      newId,
      log,
    }),
    deadLetters: createDeadLetters({
      store: createDeadLetterStore(database, newId),
      queue: env.USAGE_QUEUE,
      audit,
      newId,
    }),
    metrics: createMetricsStore(database),
    today: createTodayStore(database),
    requestSearch: createRequestSearch(database),
  };
}

/** An instance as a file names it: what the other doors make, together. */
function composeConfiguration(
  { database, now }: Core,
  { mailer }: Mail,
  parts: {
    offers: PublishTogether;
    plans: PlanService;
    alerts: AlertService;
    filedEndpoints: FiledEndpoints;
    partners: PartnerService;
    members: MemberService;
  },
) {
  const { offers, plans, alerts, filedEndpoints: endpoints, members } = parts;
  const { announce } = parts.partners;
  const partners = createFiledPartners({ plans, announce, invite: { members, mailer, brand: BRAND }, now });
  return createConfigService({ database, offers, plans, alerts, endpoints, partners });
}

function build(env: Env) {
  const core = composeGateway(env);
  const { config, database, addressBlocks, signingKeys } = core;
  const mail = composeMail(core, env);
  const partners = composePartners(core, mail);
  const billing = composeBilling(core, mail, partners.partners.announce);
  const watch = composeWatch(core, env, mail);
  const webhooks = composeWebhooks(core, env, mail);
  const { publishing, policies, offers } = composePublishing(core, partners.announcements);
  return {
    ...core,
    brand: BRAND,
    ...mail,
    ...partners,
    ...composeAccounts(core, env, mail, partners.announcements.announcePending),
    ...billing,
    ...webhooks,
    ...watch,
    ...composeStatus(core),
    ...composeOAuth(core, partners.keys, webhooks.targetGuard),
    /** A tool's call: of whoever proved itself to the MCP server. */
    callAs: (identify: Identifier, request: Request, keepAlive: (work: Promise<unknown>) => void) =>
      handleAs(identify, 'mcp', request, core.gateway, keepAlive),
    publishing,
    policies,
    versions: createVersionService({
      ...core,
      notify: mail.notify,
      dayOf: (at, language) => createFormat(languageOf(language), core.now()).date(at),
    }),
    configuration: composeConfiguration(core, mail, {
      offers,
      ...billing,
      ...watch,
      ...webhooks,
      ...partners,
    }),
    /** What identity tokens and access tokens are verified by. */
    identityJwks: signingKeys.jwks,
    blocks: createBlockService({ database, blocks: addressBlocks }),
    usageStore: createUsageStore(database),
    importedUsage: createImportedUsageStore(database),
    reports: createUsageReports(database),
    idempotency: createIdempotencyStore(database, config.KEY_ENCRYPTION_KEYS),
    assetServer: createAssetServer(env.ASSETS),
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
