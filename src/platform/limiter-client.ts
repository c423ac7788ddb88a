// Asks a key's Durable Object. Time bound: LIMITER_TIMEOUT_MS. Retries once, on a fresh stub, what is marked retryable
// and not overloaded; the call's id makes the repetition free. Throws LimiterUnavailable; the stage decides what then.

import type { KeyLimiter } from '../../durable-objects/key-limiter.ts';
import type { PartnerLimiter, PartnerStanding } from '../../durable-objects/partner-limiter.ts';
import type { LimitGauges, LimitSubject, Refund, TakeCall, TakeReply, Versions } from '../limits/protocol.ts';
import { isWorthRetrying } from './object-errors.ts';

const LIMITER_TIMEOUT_MS = 2000;

/** The limiter could not be asked: overloaded, unreachable, or over its time bound. */
export class LimiterUnavailable extends Error {
  override name = 'LimiterUnavailable';
}

async function bounded<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LimiterUnavailable('limiter over its time bound')),
      LIMITER_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function createLimiterClient(
  keys: DurableObjectNamespace<KeyLimiter>,
  partners: DurableObjectNamespace<PartnerLimiter>,
) {
  const stub = (keyId: string) => keys.get(keys.idFromName(keyId));

  const partnerStub = (name: string) => partners.get(partners.idFromName(name));

  async function ask<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await bounded(send());
    } catch (error) {
      if (error instanceof LimiterUnavailable) throw error;
      if (!isWorthRetrying(error)) throw new LimiterUnavailable('limiter failed', { cause: error });
    }
    try {
      return await bounded(send());
    } catch (error) {
      throw new LimiterUnavailable('limiter failed twice', { cause: error });
    }
  }

  return {
    take: (call: TakeCall): Promise<TakeReply> => ask(async () => stub(call.keyId).take(call)),
    peek: (subject: LimitSubject): Promise<LimitGauges> => ask(async () => stub(subject.keyId).peek(subject)),
    /** The partner's limits as they stand, exactly. */
    standing: ({
      partnerObject,
      versions,
      partner,
    }: Pick<LimitSubject, 'partnerObject' | 'partner'> & {
      versions: Pick<Versions, 'partner'>;
    }): Promise<PartnerStanding> =>
      ask(async () => partnerStub(partnerObject).standing(versions.partner, partner)),
    refund: (refund: Refund): Promise<void> => ask(async () => stub(refund.keyId).refund(refund)),
    /** Test keys only: the day's quota is spent, or begins anew. */
    travel: (subject: LimitSubject, to: 'spent' | 'new_day'): Promise<void> =>
      ask(async () => stub(subject.keyId).travel(subject, to)),
    /** From now on, older versions of the key's record are stale everywhere. */
    announceKey: (id: string, versions: Versions): Promise<void> =>
      ask(async () => stub(id).announce(versions)),
    announcePartner: (partnerObject: string, version: number): Promise<void> =>
      ask(async () => partnerStub(partnerObject).announce(version)),
    partnerUsage: (partnerObject: string) => ask(async () => partnerStub(partnerObject).usage()),
  };
}

export type LimiterClient = ReturnType<typeof createLimiterClient>;
