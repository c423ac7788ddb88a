// From a value that could not be folded to the bytes that are kept of it, and back into the queue.

import type { Actor, AuditStore } from '../audit/audit-store.ts';
import { utf8 } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';

/** Bytes and text as they are; other values as JSON, where halves of pairs and NUL stay readable as escapes. */
export function letterBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === 'string' && value.isWellFormed()) return utf8(value);
  try {
    return utf8(JSON.stringify(value) ?? String(value));
  } catch {
    return utf8(String(value));
  }
}

/** The JSON value in the bytes; undefined when there is none. */
export function letterValue(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of whoever replays a letter: why, and what it should have been. */
export interface Replay {
  reason?: string;
  mended?: Record<string, unknown>;
}

export function createDeadLetters({
  store,
  queue,
  audit,
  newId,
}: {
  store: DeadLetterStore;
  queue: { send(body: unknown, options: { contentType: 'json' }): Promise<unknown> };
  audit: Pick<AuditStore, 'write'>;
  newId(): string;
}) {
  return {
    keep: store.keep,
    list: store.list,

    /**
     * Sends a letter to its queue again, as it is or as somebody mended it. The consumer judges it again, and what was
     * folded before is not folded twice. Marked after it is sent: one that dies between the two is sent again, and bills once.
     * @throws AppError not_found; conflict, when it was replayed before; validation_error, when it is no JSON or another event
     */
    async replay(id: string, { reason, mended }: Replay, actor: Actor): Promise<void> {
      const letter = await store.find(id);
      if (!letter) throw new AppError('not_found', 'No such dead letter');
      if (letter.replayedAt) throw new AppError('conflict', 'This dead letter was replayed before');
      const kept = letterValue(letter.body);
      const value = mended ?? kept;
      if (!isObject(value))
        throw new AppError('validation_error', 'This letter is no JSON object: mend it first');
      if (isObject(kept) && kept.id !== undefined && kept.id !== value.id)
        throw new AppError('validation_error', 'What is mended keeps its id, so that it is billed once');
      const message = Array.isArray(value.events) ? value : { id: newId(), events: [value], refusals: {} };
      await queue.send(message, { contentType: 'json' });
      await store.markReplayed(letter);
      await audit.write(null, actor, 'dead_letter.replayed', { id }, { reason, mended });
    },
  };
}

export type DeadLetters = ReturnType<typeof createDeadLetters>;
