// Operators' endpoints as a configuration file names them, by their addresses. Their secrets stand in none: who needs one rolls it.

import { sql } from 'drizzle-orm';
import { invalid } from '../core/errors.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { command, type Query } from '../platform/query.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { endpointChange, endpointInsertion, REMOVED, switchedTo } from './endpoint-write-store.ts';
import { newSecret } from './signature.ts';
import type { TargetGuard } from './target-guard.ts';
import { checkWish, random } from './webhook-service.ts';

export interface FiledEndpoint {
  url: string;
  /** Null where there is none yet. */
  id: string | null;
  description?: string | null;
  events?: string[];
  environment?: 'test' | 'live' | 'both';
  state?: 'active' | 'paused';
  isGone?: boolean;
}

interface Ports {
  guard: TargetGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  newId(): string;
}

export function createFiledEndpoints({ guard, keyEncryptionKeys, newId }: Ports) {
  async function make(wish: FiledEndpoint): Promise<Query<number>[]> {
    const { environment, state } = wish;
    const id = newId();
    const envelope = await sealEnvelope(keyEncryptionKeys, newSecret(random), id);
    const chosen = environment === 'both' ? undefined : environment;
    return [
      // Where there are as many as there may be, all of it ends.
      command(sql`WITH ${endpointInsertion(null, id, { ...wish, environment: chosen }, envelope)}
        SELECT 1 / (SELECT count(*) FROM changed)::int`),
      ...(state === 'paused'
        ? [command(sql`WITH ${endpointChange(null, id, switchedTo(state))} SELECT id FROM changed`)]
        : []),
    ];
  }

  return {
    /** The statements that make, change or delete it. @throws AppError validation_error */
    async prepare(wish: FiledEndpoint, askedAt: string): Promise<Query<number>[]> {
      const { url, id, description, events, environment, state, isGone } = wish;
      if (isGone)
        return id === null
          ? []
          : [command(sql`WITH ${endpointChange(null, id, REMOVED)} SELECT id FROM changed`)];
      // What stands already may go where nothing new may.
      checkWish(guard, id === null ? { url, events, askedAt } : { events, askedAt });
      if (id === null) return make(wish);
      if (environment === 'both') throw invalid('environment', 'cannot be both once one was chosen');
      const set = assignments({ description, environment, events: events && textArray(events) });
      const sets = [set, state && switchedTo(state)].filter((each) => each !== undefined);
      return sets.length === 0
        ? []
        : [command(sql`WITH ${endpointChange(null, id, sql.join(sets, sql`, `))} SELECT id FROM changed`)];
    },
  };
}

export type FiledEndpoints = ReturnType<typeof createFiledEndpoints>;
