// Decides what an import from the original brings: what is there and what is here in, what to write out. Pure: no I/O, no
// clock. What is here already stays as it is, so that a second import of the same changes nothing; only a key that was
// revoked there since is revoked here, too.

import { isoDay, monthStart } from '../core/time.ts';
import { isUnlimited, UNLIMITED } from '../limits/limit.ts';
import type {
  DayUse,
  Here,
  Original,
  OriginalKey,
  OriginalPartner,
  OriginalTier,
  OriginalUse,
  PartnerHere,
  RateLimits,
  TierHere,
} from './import-sides.ts';
import { useByDay } from './import-use.ts';

export interface TierMove extends OriginalTier {
  isNew: boolean;
  /** undefined: the original says nothing. */
  maxKeys?: number;
}

export interface PartnerMove extends OriginalPartner {
  origins: string[];
  hasOwnLimits: boolean;
}

export interface KeyMove extends OriginalKey {
  environment: 'live' | 'test';
  /** Limits of its own, where its tier's for each key would hold it back; null is the tier's. */
  burst: number | null;
  sustained: number | null;
  day: number | null;
}

export interface Move {
  id: string;
  email: string;
  /** undefined: it is here already. */
  partner?: PartnerMove;
  keys: KeyMove[];
  /** Ids of keys that were revoked there since they came. */
  revoked: string[];
  /** Totals of days, with how much of them is new. */
  use: (DayUse & { moreUnits: number; moreFailed: number })[];
}

/** `who`: a tier, partner or key, as a person would look for it. */
export interface Remark {
  who: string;
  what: string;
}

export interface ImportPlan {
  /** First day of the running month. */
  month: string;
  tiers: TierMove[];
  /** Only what there is something to write for. */
  moves: Move[];
  /** What is here as it is there, or since. */
  kept: { tiers: number; partners: number; keys: number; units: number };
  refused: Remark[];
  noted: Remark[];
}

/** Both sides, found by what they are asked for. */
function indexOf(original: Original, here: Here) {
  const keysOf = Map.groupBy(original.keys, ({ partnerId }) => partnerId);
  const useOf = Map.groupBy(original.use, ({ partnerId }) => partnerId);
  return {
    keysOf: (partnerId: string): OriginalKey[] => keysOf.get(partnerId) ?? [],
    useOf: (partnerId: string): OriginalUse[] => useOf.get(partnerId) ?? [],
    partners: new Map(here.partners.map((partner) => [partner.id, partner])),
    partnersByEmail: new Map(here.partners.map((partner) => [partner.email, partner])),
    keys: new Map(here.keys.map((key) => [key.id, key])),
    hashes: new Set(here.keys.map(({ hash }) => hash)),
    imported: new Map(here.use.map((use) => [`${use.partnerId} ${use.day}`, use])),
    scopes: new Set(here.scopes),
    scopesOfAll: here.scopesOfAll,
  };
}
type Index = ReturnType<typeof indexOf>;

const STATUSES = ['active', 'suspended', 'inactive'];
const HASH = /^[0-9a-f]{64}$/;
const PREFIX = /^pk_(live|test)_/;
const SECONDS_A_MINUTE = 60;
/** What the column of an event's units holds. */
const MAX_UNITS = 2_147_483_647;
const MAX_KEYS_FEATURE = 'max_api_keys';

/** There, a limit of 0, or of less, was not asked at all. Here 0 is nothing at all. */
const limitOf = (limit: number): number => (limit <= 0 ? UNLIMITED : limit);
const limitsOf = ({ second, day, month }: RateLimits): RateLimits => ({
  second: limitOf(second),
  day: limitOf(day),
  month: limitOf(month),
});
const limitText = ({ second, day, month }: RateLimits): string => `${second}/s, ${day}/day, ${month}/month`;
const isLooser = (limit: number, most: number): boolean =>
  !isUnlimited(most) && (isUnlimited(limit) || limit > most);

function moveTier(there: OriginalTier, here: TierHere | undefined): TierMove {
  const { [MAX_KEYS_FEATURE]: maxKeys, ...features } = there.features;
  return {
    ...there,
    ...limitsOf(there),
    features: { ...here?.features, ...features },
    isNew: here === undefined,
    maxKeys: typeof maxKeys === 'number' && Number.isInteger(maxKeys) ? maxKeys : undefined,
  };
}

function tierDifferences(move: TierMove, here: TierHere): string[] {
  const there = { ...move, maxKeys: move.maxKeys ?? here.maxKeys };
  const names = ['priceCents', 'second', 'day', 'month', 'maxKeys'] as const;
  const own = names
    .filter((name) => there[name] !== here[name])
    .map((name) => `${name} ${here[name]}, there ${there[name]}`);
  const features = Object.keys(move.features)
    .filter((name) => JSON.stringify(move.features[name]) !== JSON.stringify(here.features[name]))
    .map((name) => `features.${name}`);
  return [...own, ...features];
}

/** A tier that partners here are on has made promises to them: it stays. */
function planTiers(original: Original, here: Here, plan: ImportPlan): TierHere[] {
  const known = new Map(here.tiers.map((tier) => [tier.tier, tier]));
  for (const there of original.tiers) {
    const mine = known.get(there.tier);
    const move = moveTier(there, mine);
    const differences = mine ? tierDifferences(move, mine) : [];
    if (mine && (differences.length === 0 || mine.partners > 0)) {
      plan.kept.tiers++;
      if (differences.length > 0)
        plan.noted.push({
          who: `tier ${there.tier}`,
          what: `stays as it is here: ${differences.join('; ')}`,
        });
      continue;
    }
    plan.tiers.push(move);
    // As the columns' defaults have it where nothing is said.
    const base = mine ?? { maxKeys: UNLIMITED, burst: 600, sustained: 100, keyDay: 1_000_000, partners: 0 };
    known.set(there.tier, { ...base, ...move, maxKeys: move.maxKeys ?? base.maxKeys });
  }
  return [...known.values()];
}

function planPartner(there: OriginalPartner, index: Index, tier: TierHere | undefined): PartnerMove | string {
  if (!STATUSES.includes(there.status)) return `its status "${there.status}" is unknown here`;
  if (!tier) return `its tier "${there.tier}" is neither there nor here`;
  const namesake = index.partnersByEmail.get(there.email);
  if (namesake) return `its address is that of another partner here, ${namesake.id}`;
  const limits = limitsOf(there);
  const origins = there.origins?.length ? there.origins : ['*'];
  const hasOwnLimits =
    limits.second !== tier.second || limits.day !== tier.day || limits.month !== tier.month;
  return { ...there, ...limits, origins, hasOwnLimits };
}

/** The original held partners to limits, not keys: a key's own must not be tighter than what its partner had. */
function keyLimits(
  { second, day }: RateLimits,
  tier: TierHere,
): Pick<KeyMove, 'burst' | 'sustained' | 'day'> {
  const sustained = isUnlimited(second) ? UNLIMITED : second * SECONDS_A_MINUTE;
  return {
    burst: isLooser(second, tier.burst) ? second : null,
    sustained: isLooser(sustained, tier.sustained) ? sustained : null,
    day: isLooser(day, tier.keyDay) ? day : null,
  };
}

function planKey(there: OriginalKey, index: Index, limits: ReturnType<typeof keyLimits>): KeyMove | string {
  const environment = PREFIX.exec(there.prefix)?.[1];
  if (environment !== 'live' && environment !== 'test')
    return `its prefix does not begin with pk_live_ or pk_test_`;
  if (!HASH.test(there.hash)) return 'its hash is no SHA-256 in hex';
  if (index.hashes.has(there.hash)) return 'its hash is that of another key here: the same secret';
  const offered = there.scopes.filter((scope) => index.scopes.has(scope));
  return { ...there, ...limits, environment, scopes: [...new Set([...offered, ...index.scopesOfAll])] };
}

const named = (partner: { id: string; email: string }): string => `partner ${partner.id} (${partner.email})`;

function planUse(partner: OriginalPartner, index: Index, todayMs: number, plan: ImportPlan): Move['use'] {
  return useByDay(partner.id, index.useOf(partner.id), todayMs).flatMap((use) => {
    const before = index.imported.get(`${partner.id} ${use.day}`);
    const moreUnits = use.units - (before?.units ?? 0);
    const moreFailed = Math.max(0, use.failed - (before?.failed ?? 0));
    plan.kept.units += Math.min(use.units, before?.units ?? 0);
    if (moreUnits > MAX_UNITS) {
      plan.refused.push({ who: `use of ${use.day}, ${named(partner)}`, what: `${moreUnits} calls in a day` });
      return [];
    }
    if (moreUnits < 0)
      plan.noted.push({
        who: named(partner),
        what: `${use.day} had ${before?.units} calls when it was imported, and now ${use.units}: the more counts`,
      });
    return moreUnits > 0 ? [{ ...use, moreUnits, moreFailed }] : [];
  });
}

function noteChanges(there: OriginalPartner, here: PartnerHere, plan: ImportPlan): void {
  const text = ({ status, tier }: PartnerHere, limits: RateLimits) =>
    `${status}, ${tier}, ${limitText(limits)}`;
  const [before, now] = [text(there, limitsOf(there)), text(here, here)];
  if (before !== now)
    plan.noted.push({ who: named(there), what: `stays as it is here: ${now}; there ${before}` });
}

function planKeys(index: Index, move: Move, limits: ReturnType<typeof keyLimits>, plan: ImportPlan): void {
  for (const there of index.keysOf(move.id)) {
    const who = `key ${there.id} (${there.prefix}), ${named(move)}`;
    const mine = index.keys.get(there.id);
    if (mine && mine.partnerId !== move.id) {
      plan.refused.push({ who, what: `its id is that of a key of partner ${mine.partnerId} here` });
      continue;
    }
    if (mine) {
      if (mine.isActive && !there.isActive) move.revoked.push(there.id);
      else plan.kept.keys++;
      continue;
    }
    const key = planKey(there, index, limits);
    if (typeof key === 'string') {
      plan.refused.push({ who, what: key });
      continue;
    }
    const lost = there.scopes.filter((scope) => !index.scopes.has(scope));
    if (lost.length > 0)
      plan.noted.push({ who, what: `scopes that nothing here asks for: ${lost.join(', ')}` });
    move.keys.push(key);
  }
}

/** @param todayMs Any moment of today. */
export function planImport(original: Original, here: Here, todayMs: number): ImportPlan {
  const plan: ImportPlan = {
    month: isoDay(monthStart(todayMs)),
    tiers: [],
    moves: [],
    kept: { tiers: 0, partners: 0, keys: 0, units: 0 },
    refused: [],
    noted: [],
  };
  const index = indexOf(original, here);
  const tiers = new Map(planTiers(original, here, plan).map((tier) => [tier.tier, tier]));
  for (const there of original.partners) {
    const move: Move = { id: there.id, email: there.email, keys: [], revoked: [], use: [] };
    const mine = index.partners.get(there.id);
    const tier = tiers.get(mine?.tier ?? there.tier);
    if (mine) {
      plan.kept.partners++;
      noteChanges(there, mine, plan);
    } else {
      const partner = planPartner(there, index, tier);
      if (typeof partner === 'string') {
        const keys = index.keysOf(there.id).length;
        plan.refused.push({ who: named(there), what: `${partner}. Its keys stay with it: ${keys}` });
        continue;
      }
      move.partner = partner;
      if ([there.second, there.day, there.month].includes(0))
        plan.noted.push({ who: named(there), what: `a limit of 0 was none: ${limitText(partner)}` });
    }
    if (tier) planKeys(index, move, keyLimits(mine ?? limitsOf(there), tier), plan);
    move.use = planUse(there, index, todayMs, plan);
    if (move.partner || move.keys.length + move.revoked.length + move.use.length > 0) plan.moves.push(move);
  }
  return plan;
}
