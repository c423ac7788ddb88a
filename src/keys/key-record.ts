// What the gateway knows of a key: one record holds everything that a request is checked against.

import type { Budget } from '../limits/budget.ts';
import type { KeyLimits, PartnerLimits } from '../limits/limit.ts';
import type { LimitSubject, RecordVersions } from '../limits/protocol.ts';
import type { KeyKind } from './key-columns-store.ts';
import type { Environment } from './key-format.ts';
import { type KeyState, keyState } from './key-state.ts';
import type { OAuthClient } from './oauth-client.ts';
import type { SignatureRule } from './signature.ts';

/** Where an edge has a record from. */
export const RECORD_SOURCES = ['memory', 'kv', 'postgres'] as const;
export type RecordSource = (typeof RECORD_SOURCES)[number];

export interface KeySecret {
  /** SHA-256, hex. */
  hash: string;
  /** Signing keys only. */
  envelope: string | null;
  /** End of the grace period of a rotated secret, ms; null for the current one. */
  expiresMs: number | null;
}

export interface KeyRecord {
  /** uuid; names the key's limiter, unless it counts with another. */
  id: string;
  /** With a budget: the key whose limits are its own, and in whose object it counts. */
  counterId?: string;
  /** With a budget: those above it, and last its own. */
  budgets?: readonly Budget[];
  /** The id that people see. */
  keyId: string;
  partnerId: string;
  appId: string | null;
  kind: KeyKind;
  environment: Environment;
  isActive: boolean;
  isQuarantined: boolean;
  isAppArchived: boolean;
  expiresMs: number | null;
  partnerStatus: string;
  tier: string;
  scopes: string[];
  /** Lists that must each contain the caller's address; empty lists are left out. */
  ipLists: string[][];
  origins: string[];
  secrets: KeySecret[];
  /** Of signing keys: what the key and its partner both take. */
  signatureRule: SignatureRule;
  /** Of OAuth clients. */
  client?: OAuthClient;
  /** Of them and of grants: ids of their tokens that ended before their time. */
  revokedTokens?: readonly string[];
  /** Those that were issued before have ended, too. */
  tokensFromMs?: number;
  versions: RecordVersions;
  /** Day of the version of dated APIs that it has: its own, its app's or its partner's; else when its partner came. */
  apiVersion: string;
  /** Version of the catalogue when it was read. */
  catalogVersion: number;
  keyLimits: KeyLimits;
  partnerLimits: PartnerLimits;
  degraded: { rate: 'allow' | 'refuse'; quota: 'allow' | 'refuse' };
  /** When it was read from the database, ms. */
  loadedMs: number;
}

export type Unusable = Exclude<KeyState, 'active'> | 'secret_expired';

/** Why a known key may not be used now; undefined when it may. Callers are never told which. */
export function unusable(record: KeyRecord, hash: string | undefined, nowMs: number): Unusable | undefined {
  const state = keyState(record, nowMs);
  if (state !== 'active') return state;
  if (hash !== undefined && !validSecrets(record, nowMs).some((secret) => secret.hash === hash))
    return 'secret_expired';
  return undefined;
}

/** For good. What else keeps a key from being used can be taken back: a suspension, an archive, a quarantine. */
export const hasEnded = ({ isActive, expiresMs }: KeyRecord, nowMs: number): boolean =>
  !isActive || (expiresMs !== null && expiresMs <= nowMs);

/** The current secret, and rotated ones within their grace period. */
export const validSecrets = (record: KeyRecord, nowMs: number): KeySecret[] =>
  record.secrets.filter(({ expiresMs }) => expiresMs === null || expiresMs > nowMs);

export const partnerObjectName = (partnerId: string, environment: string): string =>
  `${partnerId}:${environment}`;

/** Nobody is refused by a record that is older than this. */
export const REFUSES_FOR_MS = 5000;

/** Whether the database may have something else to say. */
export const isOlder = (record: KeyRecord, ageMs: number, nowMs: number): boolean =>
  nowMs - record.loadedMs >= ageMs;

const subjects = new WeakMap<KeyRecord, LimitSubject>();

/** Made once for each record, while the catalogue is the same. Who takes nothing is judged by none. */
export function limitSubject(record: KeyRecord, catalog = 0): LimitSubject {
  const known = subjects.get(record);
  if (known?.versions.catalog === catalog) return known;
  const subject = {
    keyId: record.counterId ?? record.id,
    partnerObject: partnerObjectName(record.partnerId, record.environment),
    versions: { ...record.versions, catalog },
    key: record.keyLimits,
    partner: record.partnerLimits,
    ...(record.budgets && { budgets: record.budgets }),
  };
  subjects.set(record, subject);
  return subject;
}
