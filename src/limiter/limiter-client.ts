// Asks a key's Durable Object. Time bound: LIMITER_TIMEOUT_MS. Retries once, on a fresh stub, what is marked retryable
// and not overloaded; the call's id makes the repetition free. Throws LimiterUnavailable; the stage decides what then.

import type { KeyLimiter } from '../../durable-objects/key-limiter.ts';
import type { PartnerLimiter } from '../../durable-objects/partner-limiter.ts';
import { dropOldest } from '../core/bounded.ts';
import type { Deadlines, KeepAlive } from '../core/deadlines.ts';
import { isWorthRetrying, LimiterUnavailable, type Watch, within } from '../core/object-errors.ts';
import type {
  LimitGauges,
  LimitSubject,
  Nonce,
  PartnerStanding,
  RecordVersions,
  Settle,
  Settled,
  TakeCall,
  TakeReply,
} from '../limits/protocol.ts';

const LIMITER_TIMEOUT_MS = 2000;
/** Pauses between the tries of a settle, ms: nobody waits for it, and it is to arrive. */
const SETTLE_PAUSES_MS = [100, 400, 1500, 5000, 10_000];

/** A key whose record is another: its versions, and the key whose object counts it, where that is not its own. */
export interface ChangedKey extends RecordVersions {
  id: string;
  counterId: string | null;
}

interface News {
  versions: RecordVersions;
  /** Versions of keys with budgets, by their ids. */
  ofBudgets: Record<string, number>;
}

function byObject(changed: readonly ChangedKey[]): Map<string, News> {
  const objects = new Map<string, News>();
  for (const { id, counterId, key, partner } of changed) {
    const known = objects.get(counterId ?? id);
    const news = known ?? { versions: { key: -1, partner: -1 }, ofBudgets: {} };
    news.versions = {
      key: counterId === null ? key : news.versions.key,
      partner: Math.max(partner, news.versions.partner),
    };
    if (counterId !== null) news.ofBudgets[id] = key;
    objects.set(counterId ?? id, news);
  }
  return objects;
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

async function ask<T>(send: () => Promise<T>, watch?: Watch): Promise<T> {
  try {
    return await within(LIMITER_TIMEOUT_MS, send, watch);
  } catch (error) {
    if (error instanceof LimiterUnavailable) throw error;
    if (!isWorthRetrying(error)) throw new LimiterUnavailable('limiter failed', { cause: error });
  }
  try {
    return await within(LIMITER_TIMEOUT_MS, send, watch);
  } catch (error) {
    throw new LimiterUnavailable('limiter failed twice', { cause: error });
  }
}

/** The ids of objects that were asked lately: each is a hash of its name. */
const MAX_IDS = 10_000;

/** A fresh stub each time: one that failed may go on failing. */
function stubsOf<Limiter extends Rpc.DurableObjectBranded>(objects: DurableObjectNamespace<Limiter>) {
  const ids = new Map<string, DurableObjectId>();
  return (name: string): DurableObjectStub<Limiter> => {
    const known = ids.get(name);
    if (known) return objects.get(known);
    const id = objects.idFromName(name);
    ids.set(name, id);
    dropOldest(ids, MAX_IDS);
    return objects.get(id);
  };
}

/** What only a partner's object knows. */
function createPartnerClient(partners: DurableObjectNamespace<PartnerLimiter>) {
  const stub = stubsOf(partners);
  return {
    /** The partner's limits as they stand, exactly. */
    standing: ({
      partnerObject,
      versions,
      partner,
    }: Pick<LimitSubject, 'partnerObject' | 'partner'> & {
      versions: Pick<RecordVersions, 'partner'>;
    }): Promise<PartnerStanding> => ask(async () => stub(partnerObject).standing(versions.partner, partner)),
    announcePartner: (partnerObject: string, version: number): Promise<void> =>
      ask(async () => stub(partnerObject).announce(version)),
    /** From now on, calls that are judged by an older catalogue are stale there. */
    announceCatalog: (partnerObject: string, version: number): Promise<void> =>
      ask(async () => stub(partnerObject).announceCatalog(version)),
    /** Units that the partner's object counted on a day, after each of its keys was asked. */
    unitsOfDay: (partnerObject: string, dayMs: number): Promise<number> =>
      ask(async () => stub(partnerObject).unitsOfDay(dayMs)),
    /** Units of a day that were admitted without asking: the total, however often it is said. */
    noteDegraded: (partnerObject: string, dayMs: number, units: number): Promise<void> =>
      ask(async () => stub(partnerObject).noteDegraded(dayMs, units)),
    /** Makes a day's count what was billed, where it still is what it was when they were compared. */
    correct: (partnerObject: string, dayMs: number, expected: number, billed: number): Promise<boolean> =>
      ask(async () => stub(partnerObject).correct(dayMs, expected, billed)),
  };
}

export function createLimiterClient(
  keys: DurableObjectNamespace<KeyLimiter>,
  partners: DurableObjectNamespace<PartnerLimiter>,
  deadlines: Deadlines,
) {
  const stub = stubsOf(keys);
  return {
    ...createPartnerClient(partners),
    take: (call: TakeCall, keepAlive: KeepAlive): Promise<TakeReply> =>
      ask(
        async () => stub(call.keyId).take(call),
        (timeoutMs, late) => deadlines.watch(timeoutMs, keepAlive, late),
      ),
    /**
     * Whether the nonce of the key was unused until now. Asked once: a second try could not tell its own first from a
     * replay, and the caller signs again.
     */
    async useNonce(keyId: string, nonce: Nonce): Promise<boolean> {
      try {
        return await within(LIMITER_TIMEOUT_MS, async () => stub(keyId).useNonce(nonce));
      } catch (error) {
        throw new LimiterUnavailable('nonce not used up', { cause: error });
      }
    },
    peek: (subject: LimitSubject): Promise<LimitGauges> => ask(async () => stub(subject.keyId).peek(subject)),
    /** Says what a call came to, again until it is heard: as often as need be, it is applied once. */
    async settle(settle: Settle): Promise<Settled> {
      for (const pauseMs of SETTLE_PAUSES_MS) {
        try {
          return await within(LIMITER_TIMEOUT_MS, async () => stub(settle.keyId).settle(settle));
        } catch {
          await pause(pauseMs);
        }
      }
      return ask(async () => stub(settle.keyId).settle(settle));
    },
    /** Test keys only: the day's quota is spent, or begins anew. */
    travel: (subject: LimitSubject, to: 'spent' | 'new_day'): Promise<void> =>
      ask(async () => stub(subject.keyId).travel(subject, to)),
    /** What was spent of the budgets of keys that count with that one, in the order of their ids. */
    spentOf: (counterId: string, ids: readonly string[]): Promise<number[]> =>
      ask(async () => stub(counterId).spentOf(ids)),
    /** From now on, older versions of the keys' records are stale everywhere. Each object is told once. */
    async announceKeys(changed: readonly ChangedKey[]): Promise<void> {
      const told = [...byObject(changed)].map(([id, { versions, ofBudgets }]) =>
        ask(async () => stub(id).announce(versions, ofBudgets)),
      );
      await Promise.all(told);
    },
  };
}

export type LimiterClient = ReturnType<typeof createLimiterClient>;
