// Columns of keys, as several statements read them.

import { type SQL, sql } from 'drizzle-orm';
import { text } from '../platform/row.ts';

/** That people make. */
export const MADE_KINDS = ['bearer', 'signing', 'oauth'] as const;
/** And what they allow a program. */
export const KEY_KINDS = [...MADE_KINDS, 'grant'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
/** The id that people see. */
export const KEY_ID = text.notNull('a trigger gives every key one');
/** The key whose limits were those of a call with this one: of a key with a budget, the one that it counts with. */
export const countedKey = (keyId: SQL): SQL =>
  sql`coalesce((SELECT c.key_id FROM api_key m JOIN api_key c ON c.id = m.counter_id WHERE m.key_id = ${keyId}), ${keyId})`;

/** What events say of a key, of rows of `api_key`. */
export const KEY_OF_EVENT = {
  key_id: sql`key_id`,
  name: sql`name`,
  environment: sql`environment`,
  app_id: sql`app_id`,
};
