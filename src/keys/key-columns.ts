// Columns of keys, as several statements read them.

import { text } from '../platform/row.ts';

export const KEY_KINDS = ['bearer', 'signing'] as const;
/** The id that people see. */
export const KEY_ID = text.notNull('a trigger gives every key one');
