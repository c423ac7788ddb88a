// Requests by Idempotency-Key, for a day: whose key it is, what it did, and what it was answered, in an envelope, because an
// answer may hold a secret.
//
// One request has a key at a time. What it does is written to the key's row in the transaction that does it (the trigger
// `claim_has_effect`), so it is certain of every key whether something was done. A key is free again only where nothing was,
// and a request that it was taken from can do nothing any more: the same trigger refuses it.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { type KeyEncryptionKeys, openEnvelope, sealEnvelope } from '../crypto/envelope.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, type RowOf, row, text } from '../platform/row.ts';

export interface KeptAnswer {
  status: number;
  body: string;
}

/** What a request did: the action of its audit row, and what it was done to. */
export interface Effect {
  action: string;
  target: Record<string, unknown>;
}

export type Claim =
  /** This request has it: go on. */
  | { state: 'mine' }
  | { state: 'answered'; answer: KeptAnswer }
  /** It was done, and its answer is lost. */
  | { state: 'done'; effect: Effect | null };

export interface Claimant {
  /** Whose keys these are; another owner's are never found. */
  owner: string;
  /** Who of the owner's people or keys asks, by the name that audit rows carry. */
  actor: string;
  key: string;
  requestHash: string;
  /** The one that its audit rows carry. */
  requestId: string;
}

/** SQLSTATE of a change by a request that its key was taken from. */
export const CLAIM_LOST = 'ID409';
/** A request that is silent for longer has died, or may be taken for dead. */
const CLAIM_SECONDS = 60;
/** What may run again though it was done: it finds what it did before, and changes nothing. */
const REPEATABLE = ['key.revoked', 'invoice.paid', 'invoice.voided', 'credit_note.issued'];

const REPEATABLE_ACTIONS = sql`SELECT jsonb_array_elements_text(${JSON.stringify(REPEATABLE)}::jsonb)`;

const contextOf = ({ owner, key }: Pick<Claimant, 'owner' | 'key'>): string => `${owner}:${key}`;

const Kept = row('idempotency key', {
  request_hash: text,
  is_anothers: boolean,
  is_running: boolean.notNull('it is compared with seconds of ours'),
  status: number.nullable(),
  answer: text.nullable(),
  effect: json<Effect>().nullable(),
});

async function answered(
  keks: KeyEncryptionKeys,
  claimant: Claimant,
  kept: RowOf<typeof Kept>,
): Promise<Claim> {
  const { status, answer, effect } = kept;
  if (status === null || answer === null) return { state: 'done', effect };
  try {
    const body = await openEnvelope(keks, answer, contextOf(claimant));
    return { state: 'answered', answer: { status, body } };
  } catch {
    // Its key-encryption key is gone.
    return { state: 'done', effect };
  }
}

export function createIdempotencyStore(database: Database, keks: KeyEncryptionKeys) {
  async function claimNew({ owner, actor, key, requestHash, requestId }: Claimant): Promise<boolean> {
    const made = await database.run(sql`
      INSERT INTO idempotency_key (owner, actor, key, request_hash, request_ids)
      VALUES (${owner}, ${actor}, ${key}, ${requestHash}, ARRAY[${requestId}]) ON CONFLICT DO NOTHING`);
    return made > 0;
  }

  /** From a request that failed or died before it did anything, or, to repeat it, that did what may be done again. */
  async function takeOver({ owner, key, requestHash, requestId }: Claimant): Promise<boolean> {
    const taken = await database.run(sql`
      UPDATE idempotency_key SET request_ids = request_ids || ${requestId}::text, request_hash = ${requestHash},
        created_at = now()
      WHERE owner = ${owner} AND key = ${key} AND status IS NULL
        AND created_at <= now() - make_interval(secs => ${CLAIM_SECONDS})
        AND (effect IS NULL OR request_hash = ${requestHash} AND effect->>'action' IN (${REPEATABLE_ACTIONS}))`);
    return taken > 0;
  }

  return {
    /** @throws AppError idempotency_mismatch; conflict while another request runs under the key, or another's did */
    async begin(claimant: Claimant): Promise<Claim> {
      if (await claimNew(claimant)) return { state: 'mine' };
      // A new statement sees what another request had written when this one could not write.
      const [kept] = await database.rows(
        Kept,
        sql`
        SELECT request_hash, status, answer_envelope AS answer, effect, coalesce(actor <> ${claimant.actor}, false) AS is_anothers,
          created_at > now() - make_interval(secs => ${CLAIM_SECONDS}) AS is_running FROM idempotency_key
        WHERE owner = ${claimant.owner} AND key = ${claimant.key}`,
      );
      if (kept?.is_anothers)
        throw new AppError('conflict', 'Somebody else has used this Idempotency-Key. Choose another');
      const isFree = kept?.status === null && !kept.is_running;
      if (isFree && (await takeOver(claimant))) return { state: 'mine' };
      if (kept && kept.request_hash !== claimant.requestHash) throw new AppError('idempotency_mismatch');
      if (kept && kept.status !== null) return answered(keks, claimant, kept);
      if (isFree && kept.effect) return { state: 'done', effect: kept.effect };
      throw new AppError('conflict', 'A request with this Idempotency-Key is still running');
    },

    /** Keeps the answer. Not of a request that the key was taken from. */
    async finish(claimant: Claimant, answer: KeptAnswer): Promise<void> {
      const { owner, key, requestId } = claimant;
      const envelope = await sealEnvelope(keks, answer.body, contextOf(claimant));
      await database.run(sql`UPDATE idempotency_key SET status = ${answer.status}, answer_envelope = ${envelope}
        WHERE owner = ${owner} AND key = ${key} AND request_ids[cardinality(request_ids)] = ${requestId}`);
    },

    /**
     * After a failure: the next request need not wait until this one is taken for dead. The row stays, so that a statement
     * of this one that is still under way either is seen to have done something, or is refused.
     */
    release: ({ owner, key, requestId }: Claimant): Promise<unknown> =>
      database.run(sql`UPDATE idempotency_key SET created_at = now() - make_interval(secs => ${CLAIM_SECONDS})
        WHERE owner = ${owner} AND key = ${key} AND status IS NULL
          AND request_ids[cardinality(request_ids)] = ${requestId}`),
  };
}

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;
