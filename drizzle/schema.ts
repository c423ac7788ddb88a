// The tables, and nothing else. Names that operators type into psql are promises: docs/operate.md.

import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  bigserial,
  boolean,
  check,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  inet,
  integer,
  json,
  jsonb,
  type PgColumnBuilderBase,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { type EventField, type Kind, storedColumns } from '../src/usage/event-columns.ts';

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
const at = (name: string) => timestamp(name, { withTimezone: true });
const count = (name: string) => bigint(name, { mode: 'number' }).notNull().default(0);

export const tierConfig = pgTable('tier_config', {
  tier: varchar('tier', { length: 50 }).primaryKey(),
  priceCents: integer('price_cents').notNull(),
  rateLimitPerSecond: integer('rate_limit_per_second').notNull(),
  rateLimitPerDay: integer('rate_limit_per_day').notNull(),
  rateLimitPerMonth: integer('rate_limit_per_month').notNull(),
  features: jsonb('features').notNull(),
  /** Limits of each key by itself, where `api_key_quotas` says nothing. */
  burstLimit: integer('burst_limit').notNull().default(600),
  sustainedLimit: integer('sustained_limit').notNull().default(100),
  keyDailyQuota: bigint('key_daily_quota', { mode: 'number' }).notNull().default(1_000_000),
  keyMonthlyQuota: bigint('key_monthly_quota', { mode: 'number' }).notNull().default(-1),
  /** Active keys; -1 is unlimited. */
  maxKeys: integer('max_keys').notNull().default(-1),
  overagePricePer1000Cents: integer('overage_price_per_1000_cents').notNull().default(0),
  /** What its holders may choose beyond their quota: block, warn (admitted and free), charge (where it has a price). */
  overageActions: text('overage_actions').array().notNull().default(sql`ARRAY['block', 'charge']`),
  /** Other currencies than EUR, in their minor units: {"XOF": {"price": 32000, "overage_per_1000": 130}}. */
  prices: jsonb('prices').notNull().default({}),
  /** Partners may choose it themselves. */
  selfServe: boolean('self_serve').notNull().default(true),
  /** A plan made for one partner. A trigger in place of a foreign key: partners refer to plans, and no dump restores a ring. */
  partnerId: uuid('partner_id'),
  /** What people call it, by language: {"en": "Free", "fr": "Gratuit"}. */
  names: jsonb('names').notNull().default({}),
  /** For those that are on it alone: they kept what it costs when the price of their plan changed. */
  isClosed: boolean('is_closed').notNull().default(false),
  /** When the limiter does not answer: `allow` rates from a small allowance, or `refuse`. */
  degradedRate: varchar('degraded_rate', { length: 10 }).notNull().default('allow'),
  degradedQuota: varchar('degraded_quota', { length: 10 }).notNull().default('refuse'),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const partner = pgTable(
  'partner',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    name: varchar('name', { length: 255 }).notNull(),
    email: varchar('email', { length: 255 }).notNull().unique(),
    company: varchar('company', { length: 255 }),
    /** active, pending, sandbox_only, suspended, inactive */
    status: varchar('status', { length: 50 }).notNull().default('active'),
    tier: varchar('tier', { length: 50 })
      .notNull()
      .default('free')
      .references(() => tierConfig.tier),
    rateLimitPerSecond: integer('rate_limit_per_second').notNull().default(10),
    rateLimitPerDay: integer('rate_limit_per_day').notNull().default(10000),
    rateLimitPerMonth: integer('rate_limit_per_month').notNull().default(300000),
    /** Set by an operator, so a change of tier leaves the limits alone. */
    customLimits: boolean('custom_limits').notNull().default(false),
    overageAction: varchar('overage_action', { length: 10 }).notNull().default('block'),
    /** What an operator allows this partner beside its plan, whatever plan that is. */
    grantedOverageActions: text('granted_overage_actions').array().notNull().default(sql`'{}'`),
    /** `bound`: its signing keys must sign the whole request, whatever they themselves take. */
    signatureRule: varchar('signature_rule', { length: 5 }).notNull().default('any'),
    allowedOrigins: text('allowed_origins').array(),
    webhookUrl: varchar('webhook_url', { length: 500 }),
    /** Day of the version of dated APIs that it is pinned to. */
    apiVersion: date('api_version'),
    createdAt: at('created_at').notNull().defaultNow(),
    updatedAt: at('updated_at').notNull().defaultNow(),
    lastActiveAt: at('last_active_at'),
    contactName: varchar('contact_name', { length: 255 }),
    contactPhone: varchar('contact_phone', { length: 50 }),
    billingEmail: varchar('billing_email', { length: 255 }),
    billingAddress: text('billing_address'),
    /** ISO 4217; what invoices are in. */
    currency: varchar('currency', { length: 3 }).notNull().default('EUR'),
    /** Basis points: 1800 is 18 %. */
    taxBps: integer('tax_bps').notNull().default(0),
    taxId: varchar('tax_id', { length: 50 }),
    /** Most that a month's overage may cost, before tax, in minor units; null is no cap. */
    spendingCapMinor: bigint('spending_cap_minor', { mode: 'number' }),
    /** What the next period starts with: a downgrade, another currency. */
    nextTier: varchar('next_tier', { length: 50 }),
    nextCurrency: varchar('next_currency', { length: 3 }),
    nextChangeAt: at('next_change_at'),
    /** What a plan that was chosen replaced (tier, overage_action, next_tier, next_change_at), and that plan (`to`): to undo it. */
    planBefore: jsonb('plan_before'),
    planChangedAt: at('plan_changed_at'),
    /** When one was undone last: once a month. */
    planUndoneAt: at('plan_undone_at'),
    /** By a trigger; the reason as an operator said it. */
    suspendedAt: at('suspended_at'),
    suspendedReason: text('suspended_reason'),
    /** What it was before, which it is again once it is reinstated. By a trigger. */
    statusBefore: text('status_before'),
    /** Members act for it in sessions that have shown a second factor. */
    requiresFactor: boolean('requires_factor').notNull().default(false),
    /** Raised by a trigger whenever something changes that the gateway reads. */
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    changedAt: at('changed_at').notNull().defaultNow(),
    /** The version that the limiters were told last; another one is still to be told. */
    announcedVersion: bigint('announced_version', { mode: 'number' }).notNull().default(1),
  },
  (table) => [
    index('idx_partner_status').on(table.status),
    index('idx_partner_tier').on(table.tier),
    index('idx_partner_unannounced').on(table.changedAt).where(sql`version <> announced_version`),
  ],
);

export const partnerMember = pgTable(
  'partner_member',
  {
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    /** Id of the portal account, or `<issuer>|<sub>` of a developer's token. */
    subject: varchar('subject', { length: 600 }).notNull(),
    email: varchar('email', { length: 255 }).notNull(),
    /** owner, developer, billing, viewer */
    role: varchar('role', { length: 20 }).notNull().default('owner'),
    createdAt: at('created_at').notNull().defaultNow(),
    /** The membership chosen last is the one that requests act for. */
    chosenAt: at('chosen_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.partnerId, table.subject] }),
    index('idx_member_subject').on(table.subject, table.chosenAt),
  ],
);

/**
 * A person's access for programs, to one partner: what it may do is what both its permissions and the member's role allow.
 * It was shown once; here is its SHA-256, hex. It goes with the membership.
 */
export const devToken = pgTable(
  'dev_token',
  {
    id: uuid('id').primaryKey(),
    partnerId: uuid('partner_id').notNull(),
    subject: varchar('subject', { length: 600 }).notNull(),
    name: varchar('name', { length: 100 }).notNull(),
    tokenHash: varchar('token_hash', { length: 64 }).notNull().unique(),
    /** How it begins. */
    prefix: varchar('prefix', { length: 16 }).notNull(),
    permissions: text('permissions').array().notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    expiresAt: at('expires_at').notNull(),
    lastUsedAt: at('last_used_at'),
  },
  (table) => [
    index('idx_token_member').on(table.partnerId, table.subject),
    foreignKey({
      name: 'token_member',
      columns: [table.partnerId, table.subject],
      foreignColumns: [partnerMember.partnerId, partnerMember.subject],
    }).onDelete('cascade'),
  ],
);

/** A kind of mail that a member does without. */
export const mailOptOut = pgTable(
  'mail_opt_out',
  {
    partnerId: uuid('partner_id').notNull(),
    subject: varchar('subject', { length: 600 }).notNull(),
    kind: varchar('kind', { length: 20 }).notNull(),
    since: at('since').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.partnerId, table.subject, table.kind] }),
    foreignKey({
      name: 'opt_out_member',
      columns: [table.partnerId, table.subject],
      foreignColumns: [partnerMember.partnerId, partnerMember.subject],
    }).onDelete('cascade'),
  ],
);

/** An invitation to a partner. Its token is in the mail only; here is its SHA-256, hex. */
export const partnerInvitation = pgTable(
  'partner_invitation',
  {
    id: uuid('id').primaryKey(),
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    email: varchar('email', { length: 255 }).notNull(),
    role: varchar('role', { length: 20 }).notNull(),
    tokenHash: varchar('token_hash', { length: 64 }).notNull().unique(),
    invitedBy: text('invited_by').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    expiresAt: at('expires_at').notNull(),
    acceptedAt: at('accepted_at'),
    withdrawnAt: at('withdrawn_at'),
  },
  (table) => [
    index('idx_invitation_partner').on(table.partnerId),
    uniqueIndex('idx_invitation_open')
      .on(table.partnerId, table.email)
      .where(sql`accepted_at IS NULL AND withdrawn_at IS NULL`),
  ],
);

// Accounts of people, in the shape that better-auth reads and writes.
const authTimes = {
  createdAt: at('created_at').notNull().defaultNow(),
  updatedAt: at('updated_at').notNull().defaultNow(),
};

export const devAccounts = pgTable('dev_accounts', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  email: text('email').notNull().unique(),
  emailVerified: boolean('email_verified').notNull().default(false),
  image: text('image'),
  twoFactorEnabled: boolean('two_factor_enabled').notNull().default(false),
  /** `en` or `fr`: the language of mails. */
  language: varchar('language', { length: 2 }).notNull().default('en'),
  /** May use the operator console. Set by SQL, never by a form. */
  isOperator: boolean('is_operator').notNull().default(false),
  ...authTimes,
});

/** Operators whom an issuer's token may name. Rows are made by SQL, never by a form; the token's role alone is not enough. */
export const operatorIdentity = pgTable(
  'operator_identity',
  {
    issuer: text('issuer').notNull(),
    /** The token's `sub`. */
    subject: text('subject').notNull(),
    note: text('note').notNull().default(''),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
);

const accountId = () =>
  text('account_id')
    .notNull()
    .references(() => devAccounts.id, { onDelete: 'cascade' });

export const devSession = pgTable(
  'dev_session',
  {
    id: text('id').primaryKey(),
    token: text('token').notNull().unique(),
    userId: accountId(),
    expiresAt: at('expires_at').notNull(),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    /** When its holder last showed a password, a code or an identity. */
    provenAt: at('proven_at').notNull().defaultNow(),
    /** When its holder last showed a second factor, here or to an issuer that says so; null is never. */
    factorAt: at('factor_at'),
    ...authTimes,
  },
  (table) => [index('idx_session_account').on(table.userId)],
);

/** How an account signs in: a password hash, or an identity of an OIDC issuer. */
export const devCredential = pgTable(
  'dev_credential',
  {
    id: text('id').primaryKey(),
    userId: accountId(),
    /** `credential`, or the issuer */
    providerId: text('provider_id').notNull(),
    /** The account's own id, or the issuer's `sub`. */
    accountId: text('subject').notNull(),
    accessToken: text('access_token'),
    refreshToken: text('refresh_token'),
    idToken: text('id_token'),
    accessTokenExpiresAt: at('access_token_expires_at'),
    refreshTokenExpiresAt: at('refresh_token_expires_at'),
    scope: text('scope'),
    password: text('password'),
    ...authTimes,
  },
  (table) => [
    index('idx_credential_account').on(table.userId),
    unique('credential_identity').on(table.providerId, table.accountId),
    index('idx_credential_subject').on(sql`(${table.providerId} || '|' || ${table.accountId})`),
  ],
);

/** Short-lived proofs: verification of an address, resets, second factors under way. */
export const devVerification = pgTable(
  'dev_verification',
  {
    id: text('id').primaryKey(),
    identifier: text('identifier').notNull(),
    value: text('value').notNull(),
    expiresAt: at('expires_at').notNull(),
    ...authTimes,
  },
  (table) => [index('idx_verification_identifier').on(table.identifier)],
);

/**
 * A change of an account's address: asked for, confirmed from the new address, and undone from the old one while it is fresh.
 * Its links are in the mails only; here are their SHA-256, hex.
 */
export const devAddressChange = pgTable(
  'dev_address_change',
  {
    id: uuid('id').primaryKey(),
    accountId: accountId(),
    oldEmail: text('old_email').notNull(),
    newEmail: text('new_email').notNull(),
    tokenHash: varchar('token_hash', { length: 64 }).notNull().unique(),
    undoHash: varchar('undo_hash', { length: 64 }).unique(),
    /** Whether a second factor was on: one that came afterwards goes when the change is undone. */
    hadFactor: boolean('had_factor').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    expiresAt: at('expires_at').notNull(),
    confirmedAt: at('confirmed_at'),
    undoneAt: at('undone_at'),
  },
  (table) => [
    uniqueIndex('idx_address_change_open').on(table.accountId).where(sql`confirmed_at IS NULL`),
    index('idx_address_change_account').on(table.accountId, table.createdAt),
  ],
);

export const devTwoFactor = pgTable(
  'dev_two_factor',
  {
    id: text('id').primaryKey(),
    userId: accountId(),
    /** Both encrypted by better-auth. */
    secret: text('secret').notNull(),
    backupCodes: text('backup_codes').notNull(),
    verified: boolean('verified').notNull().default(true),
    failedVerificationCount: integer('failed_verification_count').notNull().default(0),
    lockedUntil: at('locked_until'),
  },
  (table) => [index('idx_two_factor_account').on(table.userId)],
);

/** Addresses that operators keep out. */
export const addressBlock = pgTable('address_block', {
  id: uuid('id').primaryKey(),
  range: inet('range').notNull(),
  reason: text('reason').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  expiresAt: at('expires_at'),
  liftedAt: at('lifted_at'),
});

/** Mails that no provider is configured for: your machine's outbox. Empty in production. */
export const outboxMail = pgTable('outbox_mail', {
  id: uuid('id').primaryKey(),
  recipient: text('recipient').notNull(),
  subject: text('subject').notNull(),
  /** Plain text. */
  body: text('body').notNull(),
  html: text('html'),
  /** Those of its own, by name. */
  headers: jsonb('headers'),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const devApps = pgTable(
  'dev_apps',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    name: varchar('name', { length: 255 }).notNull(),
    description: text('description'),
    website: varchar('website', { length: 500 }),
    allowedIps: inet('allowed_ips').array(),
    allowedOrigins: text('allowed_origins').array(),
    scopes: text('scopes').array(),
    /** Day of the version of dated APIs that it is pinned to. */
    apiVersion: date('api_version'),
    createdAt: at('created_at').notNull().defaultNow(),
    updatedAt: at('updated_at').notNull().defaultNow(),
    archivedAt: at('archived_at'),
  },
  (table) => [index('idx_dev_apps_partner').on(table.partnerId)],
);

export const apiKey = pgTable(
  'api_key',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    appId: uuid('app_id').references(() => devApps.id),
    /** The key that made it: it never goes beyond that one, and falls with it (a trigger). */
    parentId: uuid('parent_id').references((): AnyPgColumn => apiKey.id, { onDelete: 'cascade' }),
    /** With a budget: the key in whose object it counts, which is the nearest above that has none (a trigger). */
    counterId: uuid('counter_id').references((): AnyPgColumn => apiKey.id, { onDelete: 'cascade' }),
    /** What it may spend in its whole life: units, or money at the price of units beyond the plan. */
    budgetUnits: bigint('budget_units', { mode: 'number' }),
    budgetMinor: bigint('budget_minor', { mode: 'number' }),
    budgetCurrency: varchar('budget_currency', { length: 3 }),
    /** The id that people see: `ak_…` of a signing key, otherwise the id as text (set by a trigger when null). */
    keyId: text('key_id').unique(),
    kind: varchar('kind', { length: 10 }).notNull().default('bearer'),
    environment: varchar('environment', { length: 4 }).notNull().default('live'),
    /** SHA-256, hex, of the whole bearer key, or of the signing secret. */
    keyHash: varchar('key_hash', { length: 255 }).notNull().unique(),
    /** Signing keys: the secret in its envelope. */
    secretEnvelope: text('secret_envelope'),
    /** Signing keys: `any`, or `bound`, which refuses signatures of the body alone. */
    signatureRule: varchar('signature_rule', { length: 5 }).notNull().default('any'),
    keyPrefix: varchar('key_prefix', { length: 20 }).notNull(),
    name: varchar('name', { length: 255 }).notNull(),
    description: text('description'),
    scopes: text('scopes').array().notNull().default(sql`ARRAY['read:routes']`),
    isActive: boolean('is_active').notNull().default(true),
    /** Day of the version of dated APIs that it is pinned to. */
    apiVersion: date('api_version'),
    createdAt: at('created_at').notNull().defaultNow(),
    expiresAt: at('expires_at'),
    lastUsedAt: at('last_used_at'),
    revokedAt: at('revoked_at'),
    revokedReason: text('revoked_reason'),
    /** Out of use until its owner rolls it: it was seen in public. */
    quarantinedAt: at('quarantined_at'),
    /** The expiry, and how many days ahead of it, that the owner was last told of. */
    expiryNotice: text('expiry_notice'),
    allowedIps: inet('allowed_ips').array(),
    /** OAuth clients: how they prove themselves, and what their tokens are bound to (src/keys/oauth-client.ts). */
    client: jsonb('client'),
    /** OAuth clients: tokens that were issued before have ended. */
    tokensFrom: at('tokens_from'),
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    changedAt: at('changed_at').notNull().defaultNow(),
    /** The version that the limiters were told last; another one is still to be told. */
    announcedVersion: bigint('announced_version', { mode: 'number' }).notNull().default(1),
  },
  (table) => [
    index('idx_api_key_partner').on(table.partnerId, table.environment),
    index('idx_api_key_active').on(table.isActive),
    index('idx_api_key_app').on(table.appId),
    index('idx_api_key_parent').on(table.parentId).where(sql`parent_id IS NOT NULL`),
    index('idx_api_key_counter').on(table.counterId).where(sql`counter_id IS NOT NULL`),
    check(
      'api_key_budget',
      sql`(counter_id IS NULL) = (budget_units IS NULL AND budget_minor IS NULL) AND num_nonnulls(budget_units, budget_minor) <= 1
        AND (budget_minor IS NULL) = (budget_currency IS NULL) AND coalesce(budget_units, budget_minor, 1) > 0`,
    ),
    index('idx_api_key_unannounced').on(table.changedAt).where(sql`version <> announced_version`),
  ],
);

/** Secrets that a rotation replaced, valid until their grace period ends. */
export const apiKeyRetiredSecret = pgTable(
  'api_key_retired_secret',
  {
    keyHash: varchar('key_hash', { length: 255 }).primaryKey(),
    apiKeyId: uuid('api_key_id')
      .notNull()
      .references(() => apiKey.id, { onDelete: 'cascade' }),
    secretEnvelope: text('secret_envelope'),
    keyPrefix: varchar('key_prefix', { length: 20 }).notNull(),
    retiredAt: at('retired_at').notNull().defaultNow(),
    lastUsedAt: at('last_used_at'),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [index('idx_retired_secret_key').on(table.apiKeyId)],
);

/** Access tokens of OAuth clients that were revoked before their end, until which they are kept. */
export const revokedToken = pgTable(
  'revoked_token',
  {
    apiKeyId: uuid('api_key_id')
      .notNull()
      .references(() => apiKey.id, { onDelete: 'cascade' }),
    jti: uuid('jti').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.apiKeyId, table.jti] })],
);

/** What a member let a program do in their name: a key of the kind `grant`, and who said so to whom. */
export const oauthGrant = pgTable(
  'oauth_grant',
  {
    apiKeyId: uuid('api_key_id')
      .primaryKey()
      .references(() => apiKey.id, { onDelete: 'cascade' }),
    /** As in `partner_member`. */
    subject: varchar('subject', { length: 600 }).notNull(),
    /** The program's: an address at which it describes itself, or the id of an OAuth client of the partner. */
    clientId: text('client_id').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('idx_oauth_grant_subject').on(table.subject),
    index('idx_oauth_grant_client').on(table.clientId),
  ],
);

/** Codes that were given to programs, each for one use (RFC 6749, 4.1.2). */
export const oauthCode = pgTable('oauth_code', {
  /** SHA-256, hex. */
  codeHash: varchar('code_hash', { length: 64 }).primaryKey(),
  apiKeyId: uuid('api_key_id')
    .notNull()
    .references(() => apiKey.id, { onDelete: 'cascade' }),
  redirectUri: text('redirect_uri').notNull(),
  /** Of PKCE, by SHA-256, base64url. */
  challenge: varchar('challenge', { length: 43 }).notNull(),
  /** Where tokens are to work; null where nothing was said. */
  resource: text('resource'),
  /** Thumbprint of the DPoP key that it is bound to (RFC 9449, 10); null where none was said. */
  jkt: varchar('jkt', { length: 43 }),
  expiresAt: at('expires_at').notNull(),
  usedAt: at('used_at'),
});

/** Refresh tokens: each is replaced by its use, and kept, so that whoever uses it again is noticed. */
export const oauthRefreshToken = pgTable(
  'oauth_refresh_token',
  {
    /** SHA-256, hex. */
    tokenHash: varchar('token_hash', { length: 64 }).primaryKey(),
    apiKeyId: uuid('api_key_id')
      .notNull()
      .references(() => apiKey.id, { onDelete: 'cascade' }),
    resource: text('resource'),
    /** Thumbprint of the DPoP key that its program showed (RFC 9449, 5). */
    jkt: varchar('jkt', { length: 43 }),
    expiresAt: at('expires_at').notNull(),
    replacedAt: at('replaced_at'),
  },
  (table) => [index('idx_oauth_refresh_token_key').on(table.apiKeyId)],
);

/** One row a key, made with the key: what operators set; null means what the tier says. */
export const apiKeyQuotas = pgTable('api_key_quotas', {
  keyId: text('key_id').primaryKey(),
  burstLimit: integer('burst_limit'),
  sustainedLimit: integer('sustained_limit'),
  dailyQuota: bigint('daily_quota', { mode: 'number' }),
  monthlyQuota: bigint('monthly_quota', { mode: 'number' }),
  overageAction: varchar('overage_action', { length: 10 }).notNull().default('block'),
  /** What an operator allows this key beside its partner's plan. */
  grantedOverageActions: text('granted_overage_actions').array().notNull().default(sql`'{}'`),
  /** What its partner chose, {column: limit}: it only lowers what the columns, or the tier, say. */
  chosen: jsonb('chosen').notNull().default({}),
  updatedAt: at('updated_at').notNull().defaultNow(),
});

const EVENT_KINDS: Record<Kind, (name: string) => PgColumnBuilderBase & { notNull(): PgColumnBuilderBase }> =
  {
    uuid: (name) => uuid(name),
    key: (name) => text(name),
    hash: (name) => text(name),
    moment: at,
    day: (name) => date(name),
    environment: (name) => varchar(name, { length: 4 }),
    method: (name) => varchar(name, { length: 10 }),
    text: (name) => text(name),
    error: (name) => text(name),
    country: (name) => varchar(name, { length: 2 }),
    ip: (name) => inet(name),
    status: (name) => smallint(name),
    ms: (name) => integer(name),
    bytes: (name) => bigint(name, { mode: 'number' }),
    units: (name) => integer(name),
    flag: (name) => boolean(name),
    timings: (name) => jsonb(name),
    remaining: (name) => jsonb(name),
    failure: (name) => jsonb(name),
    basis: (name) => jsonb(name),
  };
// By the fields of the list.
const eventColumnsOfTable = Object.fromEntries(
  storedColumns.map(([field, { column, kind, ...rest }]) => {
    const built = EVENT_KINDS[kind](column);
    const isNull = rest.isNullable || rest.isOptional || rest.isNullableInTable;
    return [field, isNull ? built : built.notNull()];
  }),
) as Record<Exclude<EventField, 'retiredHash'>, PgColumnBuilderBase>;

/** Partitioned by month of `occurred_at`; no foreign keys, so that an event outlives its key. */
export const apiUsageEvents = pgTable(
  'api_usage_events',
  {
    ...eventColumnsOfTable,
    messageId: uuid('message_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.occurredMs, table.id] }),
    index('idx_usage_events_key').on(table.keyId, table.occurredMs),
    index('idx_usage_events_partner').on(table.partnerId, table.occurredMs),
    index('idx_usage_events_id').on(table.id),
  ],
);

export const apiUsageRollupsDay = pgTable(
  'api_usage_rollups_day',
  {
    day: date('day').notNull(),
    keyId: text('key_id').notNull(),
    route: text('route').notNull(),
    partnerId: uuid('partner_id').notNull(),
    appId: uuid('app_id'),
    environment: varchar('environment', { length: 4 }).notNull(),
    calls: count('calls'),
    errors: count('errors'),
    /** Units counted and billed: admitted calls that the upstream answered below 500. */
    units: count('units'),
    billedCalls: count('billed_calls'),
    latencyMsSum: count('latency_ms_sum'),
    bytesIn: count('bytes_in'),
    bytesOut: count('bytes_out'),
    cacheHits: count('cache_hits'),
    /** {bucket: calls}: src/usage/latency-buckets.ts */
    latencyBuckets: jsonb('latency_buckets').notNull().default({}),
    /** {status: calls} */
    statuses: jsonb('statuses').notNull().default({}),
    /** {error code: calls} */
    errorCodes: jsonb('error_codes').notNull().default({}),
    /** {country: calls} */
    countries: jsonb('countries').notNull().default({}),
    /** HyperLogLog registers, {register: rank}: src/usage/distinct.ts */
    ipRegisters: jsonb('ip_registers').notNull().default({}),
  },
  (table) => [
    // A key may be moved in the middle of a day: what was called before stays with whom it was called for.
    unique('api_usage_rollups_day_line')
      .on(table.keyId, table.day, table.route, table.partnerId, table.environment, table.appId)
      .nullsNotDistinct(),
    index('idx_rollups_partner_day').on(table.partnerId, table.day),
    index('idx_rollups_app_day').on(table.appId, table.day),
  ],
);

/** Calls of dated APIs, by the version that answered: who still calls what ends. */
export const apiVersionUse = pgTable(
  'api_version_use',
  {
    route: text('route').notNull(),
    apiVersion: varchar('api_version', { length: 10 }).notNull(),
    partnerId: uuid('partner_id').notNull(),
    keyId: text('key_id').notNull(),
    day: date('day').notNull(),
    calls: count('calls'),
  },
  (table) => [
    primaryKey({ columns: [table.route, table.apiVersion, table.partnerId, table.keyId, table.day] }),
    index('idx_version_use_partner').on(table.partnerId, table.day),
    index('idx_version_use_day').on(table.day),
  ],
);

/** What a partner was told of the end of a version, each once: `daysBefore` of its mail; -1: its event. */
export const versionNotice = pgTable(
  'version_notice',
  {
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    api: varchar('api', { length: 40 }).notNull(),
    apiVersion: varchar('api_version', { length: 10 }).notNull(),
    sunsetAt: at('sunset_at').notNull(),
    daysBefore: integer('days_before').notNull(),
    toldAt: at('told_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({
      columns: [table.partnerId, table.api, table.apiVersion, table.sunsetAt, table.daysBefore],
    }),
  ],
);

export const quotaUsage = pgTable(
  'quota_usage',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    environment: varchar('environment', { length: 4 }).notNull().default('live'),
    /** daily, monthly */
    periodType: varchar('period_type', { length: 20 }).notNull(),
    periodStart: date('period_start').notNull(),
    periodEnd: date('period_end').notNull(),
    requestsCount: count('requests_count'),
    successfulRequests: count('successful_requests'),
    failedRequests: count('failed_requests'),
    units: count('units'),
    /** What a closed month was billed when it was closed, in minor units of the partner's currency. */
    costCents: count('cost_cents'),
    /** Units that `usage.daily` told of last. */
    toldUnits: bigint('told_units', { mode: 'number' }),
    closedAt: at('closed_at'),
    updatedAt: at('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('quota_usage_period').on(table.partnerId, table.environment, table.periodType, table.periodStart),
    index('idx_quota_period').on(table.periodType, table.periodStart),
  ],
);

/** What a partner says of itself when it asks for live access: one request a partner, asked again after it was declined. */
export const liveAccessRequest = pgTable(
  'live_access_request',
  {
    partnerId: uuid('partner_id')
      .primaryKey()
      .references(() => partner.id, { onDelete: 'cascade' }),
    company: varchar('company', { length: 255 }).notNull(),
    website: varchar('website', { length: 500 }),
    useCase: text('use_case').notNull(),
    monthlyRequests: bigint('monthly_requests', { mode: 'number' }).notNull(),
    askedBy: text('asked_by').notNull(),
    askedAt: at('asked_at').notNull().defaultNow(),
    declinedAt: at('declined_at'),
    declineReason: text('decline_reason'),
  },
  (table) => [index('idx_live_access_open').on(table.askedAt).where(sql`declined_at IS NULL`)],
);

/** Live calls that a partner made before it was moved here, by day: counted once, however often they are imported. */
export const importedUsage = pgTable(
  'imported_usage',
  {
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    day: date('day').notNull(),
    units: bigint('units', { mode: 'number' }).notNull(),
    failed: count('failed'),
    /** Of them, those that the limiter was told of. */
    toldUnits: count('told_units'),
    importedAt: at('imported_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.partnerId, table.day] }),
    index('idx_imported_usage_untold').on(table.day).where(sql`told_units <> units`),
  ],
);

/** Queue messages that were folded: what makes at-least-once delivery exactly once. */
export const usageMessage = pgTable(
  'usage_message',
  { id: uuid('id').primaryKey(), foldedAt: at('folded_at').notNull().defaultNow() },
  (table) => [index('idx_usage_message_age').on(table.foldedAt)],
);

/** What could not be folded, as bytes: whatever it is, it is kept. */
export const deadLetter = pgTable('dead_letter', {
  id: uuid('id').primaryKey(),
  queue: text('queue').notNull(),
  body: bytes('body').notNull(),
  /** SHA-256 of the body, hex: what comes again is the same letter. */
  digest: text('digest').notNull().generatedAlwaysAs(sql`encode(sha256(body), 'hex')`).unique(),
  reason: text('reason'),
  /** How often it was set aside. */
  times: integer('times').notNull().default(1),
  receivedAt: at('received_at').notNull().defaultNow(),
  replayedAt: at('replayed_at'),
});

/** Prometheus counters, folded with the events. Labels are bounded: routes, statuses, kinds of refusal. */
export const metricCounter = pgTable(
  'metric_counter',
  {
    name: text('name').notNull(),
    labels: text('labels').notNull(),
    value: doublePrecision('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.labels] })],
);

/** Append-only, chained by hash: see the triggers in migrations. */
export const devPortalAudit = pgTable(
  'dev_portal_audit',
  {
    /** Given by a trigger, like the times and the hashes. */
    id: bigint('id', { mode: 'number' }).primaryKey(),
    partnerId: uuid('partner_id'),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    target: jsonb('target').notNull(),
    details: jsonb('details').notNull().default({}),
    ip: text('ip'),
    requestId: text('request_id'),
    createdAt: at('created_at').notNull().defaultNow(),
    previousHash: text('previous_hash').notNull().default(''),
    hash: text('hash').notNull().default(''),
  },
  (table) => [index('idx_audit_partner').on(table.partnerId, table.id)],
);

/** What the nightly check of the audit chains found, one row a day. */
export const auditCheck = pgTable('audit_check', {
  day: date('day').primaryKey(),
  checkedAt: at('checked_at').notNull(),
  chains: bigint('chains', { mode: 'number' }).notNull(),
  entries: bigint('entries', { mode: 'number' }).notNull(),
  broken: integer('broken').notNull(),
});

/** Chains that are broken now. */
export const auditBreak = pgTable('audit_break', {
  /** A partner's id; `none`: what belongs to no partner; `heads`: the kept heads themselves. */
  chain: text('chain').primaryKey(),
  since: at('since').notNull(),
  /** changed, cut, backdated, forged: as many as there are. */
  reasons: text('reasons').array().notNull(),
  /** Ids of the entries at which it was noticed, as far as there are any. */
  entries: bigint('entries', { mode: 'number' }).array().notNull(),
});

export const idempotencyKey = pgTable(
  'idempotency_key',
  {
    owner: text('owner').notNull(),
    key: varchar('key', { length: 255 }).notNull(),
    /** Who used it, by the name that audit rows carry: nobody else is given the answer. */
    actor: text('actor'),
    requestHash: text('request_hash').notNull(),
    /** Ids of the requests that ran under it: the last has it, and no other may change anything any more. */
    requestIds: text('request_ids').array().notNull().default(sql`'{}'`),
    /** What it did, {action, target}: written by a trigger in the transaction that did it. */
    effect: jsonb('effect'),
    status: integer('status'),
    /** The answer in an envelope: it may hold a secret. */
    answerEnvelope: text('answer_envelope'),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.key] }),
    index('idx_idempotency_request').using('gin', table.requestIds),
  ],
);

/** Result of the nightly comparison of limiter, events and rollups, one row a partner, environment and day. */
export const reconciliation = pgTable(
  'reconciliation',
  {
    day: date('day').notNull(),
    partnerId: uuid('partner_id').notNull(),
    environment: varchar('environment', { length: 4 }).notNull(),
    limiterUnits: bigint('limiter_units', { mode: 'number' }),
    eventUnits: bigint('event_units', { mode: 'number' }).notNull(),
    rollupUnits: bigint('rollup_units', { mode: 'number' }).notNull(),
    quotaUnits: bigint('quota_units', { mode: 'number' }).notNull(),
    /** The days of the month added up, and the month that the invoice is reckoned from. */
    monthUnits: bigint('month_units', { mode: 'number' }).notNull().default(0),
    invoiceUnits: bigint('invoice_units', { mode: 'number' }).notNull().default(0),
    /** What the limiter's count was corrected by, to what was billed. */
    correctedUnits: bigint('corrected_units', { mode: 'number' }).notNull().default(0),
    agrees: boolean('agrees').notNull(),
    checkedAt: at('checked_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.day, table.partnerId, table.environment] })],
);

// ---------------------------------------------------------------- money

/** The terms that a partner is billed by, from each moment on. Written by triggers; never changed. */
export const partnerTerms = pgTable(
  'partner_terms',
  {
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    effectiveAt: at('effective_at').notNull(),
    tier: varchar('tier', { length: 50 }).notNull(),
    currency: varchar('currency', { length: 3 }).notNull(),
    /** Partners that may not use live keys are not billed. */
    isBilled: boolean('is_billed').notNull(),
    priceMinor: bigint('price_minor', { mode: 'number' }).notNull(),
    includedUnits: bigint('included_units', { mode: 'number' }).notNull(),
    overageAction: varchar('overage_action', { length: 10 }).notNull(),
    overagePer1000Minor: bigint('overage_per_1000_minor', { mode: 'number' }).notNull(),
    spendingCapMinor: bigint('spending_cap_minor', { mode: 'number' }),
    taxBps: integer('tax_bps').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partnerId, table.effectiveAt] })],
);

/** A month of a partner that was closed. */
export const billingPeriod = pgTable(
  'billing_period',
  {
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id, { onDelete: 'cascade' }),
    periodStart: date('period_start').notNull(),
    /** {currency: minor units} that invoices have asked for, for this month, before tax: adjustments included. */
    billed: jsonb('billed').notNull(),
    units: bigint('units', { mode: 'number' }).notNull(),
    closedAt: at('closed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partnerId, table.periodStart] })],
);

/** The last number of each series, counted up by the transaction that issues: no gaps. */
export const invoiceCounter = pgTable('invoice_counter', {
  series: text('series').primaryKey(),
  last: integer('last').notNull(),
});

/** Immutable but for its status: see the triggers in migrations. */
export const invoice = pgTable(
  'invoice',
  {
    id: uuid('id').primaryKey(),
    number: text('number').notNull().unique(),
    /** invoice, credit_note (its amounts are negative) */
    kind: varchar('kind', { length: 20 }).notNull(),
    partnerId: uuid('partner_id')
      .notNull()
      .references(() => partner.id),
    periodStart: date('period_start').notNull(),
    periodEnd: date('period_end').notNull(),
    currency: varchar('currency', { length: 3 }).notNull(),
    subtotalMinor: bigint('subtotal_minor', { mode: 'number' }).notNull(),
    taxBps: integer('tax_bps').notNull(),
    taxMinor: bigint('tax_minor', { mode: 'number' }).notNull(),
    totalMinor: bigint('total_minor', { mode: 'number' }).notNull(),
    /** open, paid, void */
    status: varchar('status', { length: 10 }).notNull().default('open'),
    issuedAt: at('issued_at').notNull(),
    dueAt: at('due_at').notNull(),
    settledAt: at('settled_at'),
    /** Credit notes: the invoice that they take back from, and why. */
    creditsId: uuid('credits_id'),
    reason: text('reason'),
    /** Of the request that asked for it, with whose key it is: no key issues two documents, ever. */
    idempotencyKey: text('idempotency_key').unique(),
    /** As they were when it was issued. */
    seller: jsonb('seller').notNull(),
    buyer: jsonb('buyer').notNull(),
  },
  (table) => [
    index('idx_invoice_partner').on(table.partnerId, table.issuedAt),
    index('idx_invoice_issued').on(table.issuedAt),
    index('idx_invoice_credits').on(table.creditsId),
    index('idx_invoice_due').on(table.dueAt).where(sql`status = 'open'`),
  ],
);

/** A reminder of an invoice that is overdue: of which day of the schedule it was. */
export const invoiceReminder = pgTable(
  'invoice_reminder',
  {
    invoiceId: uuid('invoice_id')
      .notNull()
      .references(() => invoice.id),
    day: integer('day').notNull(),
    sentAt: at('sent_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.invoiceId, table.day] })],
);

export const invoiceLine = pgTable(
  'invoice_line',
  {
    invoiceId: uuid('invoice_id')
      .notNull()
      .references(() => invoice.id),
    position: integer('position').notNull(),
    /** plan, overage, adjustment, credit */
    kind: varchar('kind', { length: 20 }).notNull(),
    tier: varchar('tier', { length: 50 }),
    appId: uuid('app_id'),
    appName: text('app_name'),
    fromAt: at('from_at').notNull(),
    toAt: at('to_at').notNull(),
    /** Units. */
    quantity: bigint('quantity', { mode: 'number' }).notNull(),
    /** Of a month, or of 1,000 units. */
    unitPriceMinor: bigint('unit_price_minor', { mode: 'number' }),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    note: text('note'),
  },
  (table) => [primaryKey({ columns: [table.invoiceId, table.position] })],
);

// ---------------------------------------------------------------- messages

export const webhookEndpoint = pgTable(
  'webhook_endpoint',
  {
    id: uuid('id').primaryKey(),
    /** null: an operator's, which hears of all partners. */
    partnerId: uuid('partner_id').references(() => partner.id, { onDelete: 'cascade' }),
    /** Only events of this app. */
    appId: uuid('app_id').references(() => devApps.id),
    url: text('url').notNull(),
    description: text('description'),
    /** test, live, or both: none was chosen */
    environment: varchar('environment', { length: 4 }).notNull().default('both'),
    /** Event types; empty is all. */
    events: text('events').array().notNull(),
    secretEnvelope: text('secret_envelope').notNull(),
    oldSecretEnvelope: text('old_secret_envelope'),
    oldSecretExpiresAt: at('old_secret_expires_at'),
    /** active, paused (by its owner), disabled (after failing for days) */
    state: varchar('state', { length: 10 }).notNull().default('active'),
    failingSince: at('failing_since'),
    lastSuccessAt: at('last_success_at'),
    /** Answered late or not at all: few deliveries at a time, so that others do not wait. */
    isSlow: boolean('is_slow').notNull().default(false),
    /** Since when somebody waits for its answers; null when nobody does. */
    busySince: at('busy_since'),
    /** When it was last sent to: who waited longest comes first. */
    servedAt: at('served_at'),
    /** When it last answered, or refused, without delay. */
    promptAt: at('prompt_at'),
    createdAt: at('created_at').notNull().defaultNow(),
    updatedAt: at('updated_at').notNull().defaultNow(),
    deletedAt: at('deleted_at'),
  },
  (table) => [index('idx_webhook_endpoint_partner').on(table.partnerId)],
);

/** What happened: written by the statement that made it happen. A trigger makes its deliveries. */
export const webhookEvent = pgTable(
  'webhook_event',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    sequence: bigserial('sequence', { mode: 'number' }).notNull(),
    partnerId: uuid('partner_id'),
    appId: uuid('app_id'),
    type: text('type').notNull(),
    data: jsonb('data').notNull(),
    occurredAt: at('occurred_at').notNull().defaultNow(),
    /** Test events go to one endpoint. */
    onlyEndpointId: uuid('only_endpoint_id'),
  },
  (table) => [
    index('idx_webhook_event_partner').on(table.partnerId, table.sequence),
    index('idx_webhook_event_age').on(table.occurredAt),
  ],
);

export const webhookDelivery = pgTable(
  'webhook_delivery',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    eventId: uuid('event_id')
      .notNull()
      .references(() => webhookEvent.id, { onDelete: 'cascade' }),
    endpointId: uuid('endpoint_id')
      .notNull()
      .references(() => webhookEndpoint.id, { onDelete: 'cascade' }),
    /** pending, delivered, failed */
    state: varchar('state', { length: 10 }).notNull().default('pending'),
    /** Since it was made or replayed: where it is in the schedule. */
    tries: integer('tries').notNull().default(0),
    dueAt: at('due_at').notNull().defaultNow(),
    claimedUntil: at('claimed_until'),
    createdAt: at('created_at').notNull().defaultNow(),
    deliveredAt: at('delivered_at'),
  },
  (table) => [
    unique('webhook_delivery_once').on(table.eventId, table.endpointId),
    index('idx_webhook_delivery_fresh')
      .on(table.endpointId, table.dueAt)
      .where(sql`state = 'pending' AND tries = 0`),
    index('idx_webhook_delivery_again')
      .on(table.endpointId, table.dueAt)
      .where(sql`state = 'pending' AND tries > 0`),
    index('idx_webhook_delivery_endpoint').on(table.endpointId, table.createdAt),
  ],
);

export const webhookAttempt = pgTable(
  'webhook_attempt',
  {
    deliveryId: uuid('delivery_id')
      .notNull()
      .references(() => webhookDelivery.id, { onDelete: 'cascade' }),
    startedAt: at('started_at').notNull(),
    status: integer('status'),
    /** Why there is no status: refused_address, timeout, unreachable, … */
    error: text('error'),
    latencyMs: integer('latency_ms').notNull(),
    /** Beginning of the answer's body. */
    response: text('response'),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.startedAt] })],
);

/** Quota thresholds that a partner was told of, once for each period and limit. */
export const quotaNotice = pgTable(
  'quota_notice',
  {
    partnerId: uuid('partner_id').notNull(),
    periodType: varchar('period_type', { length: 20 }).notNull(),
    periodStart: date('period_start').notNull(),
    /** Percent; 100: reached, 101: gone beyond. */
    threshold: smallint('threshold').notNull(),
    quota: bigint('quota', { mode: 'number' }).notNull(),
    toldAt: at('told_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({
      columns: [table.partnerId, table.periodType, table.periodStart, table.threshold, table.quota],
    }),
  ],
);

/** What alerts are reckoned from: live calls of each partner and minute; the nil uuid holds what has no partner. Kept for a day. */
export const usageMinute = pgTable(
  'usage_minute',
  {
    minute: at('minute').notNull(),
    partnerId: uuid('partner_id').notNull(),
    calls: count('calls'),
    errors: count('errors'),
    serverErrors: count('server_errors'),
    degraded: count('degraded'),
    authFailures: count('auth_failures'),
    latencyBuckets: jsonb('latency_buckets').notNull().default({}),
    /** Longest time from a call to its fold, seconds. */
    lagSeconds: integer('lag_seconds').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.minute, table.partnerId] })],
);

/** Live calls of everybody by hour and route: what the status page and Today are made of. Kept for a month. */
export const usageHour = pgTable(
  'usage_hour',
  {
    hour: at('hour').notNull(),
    route: text('route').notNull(),
    calls: count('calls'),
    errors: count('errors'),
    serverErrors: count('server_errors'),
    degraded: count('degraded'),
    /** A bit a partner, of 64: as many partners as bits, at least. */
    partners: count('partners'),
    latencyBuckets: jsonb('latency_buckets').notNull().default({}),
  },
  (table) => [primaryKey({ columns: [table.hour, table.route] })],
);

/** Prices that changed for a partner, until it was told: what they were before the first change that it has not heard of. */
export const priceNotice = pgTable('price_notice', {
  partnerId: uuid('partner_id')
    .primaryKey()
    .references(() => partner.id, { onDelete: 'cascade' }),
  tier: varchar('tier', { length: 50 }).notNull(),
  currency: text('currency').notNull(),
  priceBefore: count('price_before'),
  priceAfter: count('price_after'),
  overageBefore: count('overage_before'),
  overageAfter: count('overage_after'),
  reason: text('reason'),
  since: at('since').notNull().defaultNow(),
});

/** What operators say of a disturbance, for everybody to read. Its state is that of its latest update. */
export const incident = pgTable(
  'incident',
  {
    id: uuid('id').primaryKey(),
    /** Of the catalogue; null: all of them. */
    api: text('api'),
    titleEn: varchar('title_en', { length: 200 }).notNull(),
    titleFr: varchar('title_fr', { length: 200 }).notNull(),
    startedAt: at('started_at').notNull(),
    createdBy: text('created_by').notNull(),
  },
  (table) => [index('idx_incident_started').on(table.startedAt)],
);

/** Added to, never changed. None follows the one that resolves. */
export const incidentUpdate = pgTable(
  'incident_update',
  {
    id: uuid('id').primaryKey(),
    incidentId: uuid('incident_id')
      .notNull()
      .references(() => incident.id, { onDelete: 'cascade' }),
    state: varchar('state', { length: 20 }).notNull(),
    textEn: text('text_en').notNull(),
    textFr: text('text_fr').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('idx_incident_update').on(table.incidentId, table.id),
    uniqueIndex('idx_incident_resolved').on(table.incidentId).where(sql`state = 'resolved'`),
  ],
);

/** Where an owner (a partner's id, or `operator`) departs from a rule's defaults. */
export const alertSetting = pgTable(
  'alert_setting',
  {
    owner: text('owner').notNull(),
    rule: text('rule').notNull(),
    isEnabled: boolean('is_enabled').notNull().default(true),
    threshold: doublePrecision('threshold'),
  },
  (table) => [primaryKey({ columns: [table.owner, table.rule] })],
);

/** From fired to resolved. At most one is open for a rule and its subject: an index in migrations. */
export const alertEpisode = pgTable(
  'alert_episode',
  {
    id: uuid('id').primaryKey(),
    /** A partner's id, or `operator`. */
    owner: text('owner').notNull(),
    rule: text('rule').notNull(),
    /** What it is about: the partner, an endpoint, a key, a period. */
    subject: text('subject').notNull(),
    label: text('label'),
    firedAt: at('fired_at').notNull(),
    resolvedAt: at('resolved_at'),
    value: doublePrecision('value').notNull(),
    peak: doublePrecision('peak').notNull(),
    threshold: doublePrecision('threshold').notNull(),
  },
  (table) => [index('idx_alert_owner').on(table.owner, table.firedAt)],
);

/** Keys that someone found in public. */
export const leakReport = pgTable('leak_report', {
  id: uuid('id').primaryKey(),
  receivedAt: at('received_at').notNull().defaultNow(),
  tokenHash: varchar('token_hash', { length: 64 }).notNull(),
  keyId: text('key_id'),
  url: text('url'),
  source: text('source'),
});

/** What was taken lately of an exact allowance: src/platform/allowances.ts. */
export const allowance = pgTable(
  'allowance',
  {
    what: text('what').notNull(),
    subject: text('subject').notNull(),
    /** Latest first. */
    takenAt: at('taken_at').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.what, table.subject] })],
);

/** Documents of offered APIs, as they were published. Of each API, the row with the highest version is in force. */
export const apiDocument = pgTable(
  'api_document',
  {
    api: varchar('api', { length: 40 }).notNull(),
    /** The catalogue's, which each row raises: a trigger sets it. */
    version: bigint('version', { mode: 'number' }).notNull().default(0),
    state: varchar('state', { length: 10 }).notNull().default('live'),
    /** OpenAPI 3.1, with the `x-passerelle` extension, in its own order; null where the API is retired. */
    document: json('document'),
    /** What edges need of it (`OfferedApi`), made when it was published; null: they make it when they read it. */
    offered: json('offered'),
    createdAt: at('created_at').notNull().defaultNow(),
    createdBy: text('created_by').notNull(),
  },
  (table) => [primaryKey({ columns: [table.api, table.version] })],
);

/** Where calls of an API go; where there is none, the variables that its document names say it. */
export const apiUpstream = pgTable(
  'api_upstream',
  {
    api: varchar('api', { length: 40 }).notNull(),
    /** With the path that precedes each route's, without a slash at its end. */
    url: text('url').notNull(),
    /** Share of the calls, of the sum of all weights; 0: only where the others fail. */
    weight: integer('weight').notNull().default(1),
    /** Put on each request, as `Name: value`, enveloped. */
    credentialEnvelope: text('credential_envelope'),
  },
  (table) => [primaryKey({ columns: [table.api, table.url] })],
);

/** A document that an operator looks at before it is published. Kept for a day. */
export const apiDraft = pgTable('api_draft', {
  id: uuid('id').primaryKey(),
  api: varchar('api', { length: 40 }).notNull(),
  document: json('document').notNull(),
  /** What was left out of it: pointers and sentences. */
  notes: json('notes').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  createdBy: text('created_by').notNull(),
});

/** What operators ask of routes: src/catalog/policies. */
export const apiPolicy = pgTable(
  'api_policy',
  {
    id: uuid('id').primaryKey(),
    /** null: of all APIs. */
    api: varchar('api', { length: 40 }),
    /** `GET /v1/things`; null: of all routes of the API. */
    route: text('route'),
    /** null: for every partner. */
    partnerId: uuid('partner_id').references(() => partner.id, { onDelete: 'cascade' }),
    /** The lower, the earlier. */
    position: integer('position').notNull().default(0),
    policy: varchar('policy', { length: 40 }).notNull(),
    settings: jsonb('settings').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    createdBy: text('created_by').notNull(),
  },
  (table) => [index('idx_api_policy_partner').on(table.partnerId)],
);

/** The catalogue's version, and how far its announcement came: one row, and none before the first change. */
export const catalogState = pgTable('catalog_state', {
  isOnly: boolean('is_only').primaryKey().default(true),
  version: bigint('version', { mode: 'number' }).notNull().default(0),
  changedAt: at('changed_at').notNull().defaultNow(),
  /** Every partner's objects have heard of this one. */
  announcedVersion: bigint('announced_version', { mode: 'number' }).notNull().default(0),
  /** Of the newest, those of partners with ids up to this one. */
  announcedUpTo: uuid('announced_up_to'),
});

/** What the last applied configuration file set: its fields, as long as they stand so, are the file's. */
export const configField = pgTable(
  'config_field',
  {
    /** `plans`, `apis`, … */
    kind: varchar('kind', { length: 20 }).notNull(),
    /** Which of them: a plan's name, an API's id, a webhook's address. */
    thing: text('thing').notNull(),
    /** `max_keys`, `prices/EUR` */
    field: text('field').notNull(),
    /** As it was set; of a document, its hash. */
    value: jsonb('value').notNull(),
    appliedAt: at('applied_at').notNull().defaultNow(),
    appliedBy: text('applied_by').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.thing, table.field] })],
);
