// What an import compares: the original's rows, and ours of the same names.

export interface RateLimits {
  second: number;
  day: number;
  month: number;
}

export interface OriginalTier extends RateLimits {
  tier: string;
  priceCents: number;
  features: Record<string, unknown>;
}

/** Times are text that PostgreSQL reads, with their zone. */
export interface OriginalPartner extends RateLimits {
  id: string;
  name: string;
  email: string;
  company: string | null;
  status: string;
  tier: string;
  /** null is any. */
  origins: string[] | null;
  webhookUrl: string | null;
  createdAt: string;
  lastActiveAt: string | null;
  contactName: string | null;
  contactPhone: string | null;
  billingEmail: string | null;
  billingAddress: string | null;
}

export interface OriginalKey {
  id: string;
  partnerId: string;
  hash: string;
  prefix: string;
  name: string;
  description: string | null;
  scopes: string[];
  isActive: boolean;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  ips: string[] | null;
}

/** A row of `quota_usage`: calls of a day, or of a month. */
export interface OriginalUse {
  partnerId: string;
  period: 'daily' | 'monthly';
  /** `YYYY-MM-DD` */
  start: string;
  calls: number;
  failed: number;
}

export interface Original {
  tiers: OriginalTier[];
  partners: OriginalPartner[];
  keys: OriginalKey[];
  use: OriginalUse[];
}

export interface TierHere extends OriginalTier {
  maxKeys: number;
  /** Of each key by itself. */
  burst: number;
  sustained: number;
  keyDay: number;
  /** Partners on it. */
  partners: number;
}

export type PartnerHere = Pick<OriginalPartner, 'id' | 'email' | 'status' | 'tier'> & RateLimits;
/** One for each of its secrets. */
export type KeyHere = Pick<OriginalKey, 'id' | 'partnerId' | 'hash' | 'isActive'>;

export interface Here {
  tiers: TierHere[];
  partners: PartnerHere[];
  keys: KeyHere[];
  /** What was imported of the month. */
  use: DayUse[];
  /** Scopes that a key can have here. */
  scopes: readonly string[];
  /** What each key may ask, and make keys by: the original checked no scope. */
  scopesOfAll: readonly string[];
}

export interface DayUse {
  partnerId: string;
  day: string;
  units: number;
  failed: number;
}
