// What a command is: what it leaves, and the doors that lead to it.

import { HOUR_MS } from '../../src/core/time.ts';
import type { Situation } from './situation.ts';

export type Fields = Record<string, unknown>;

export interface Mails {
  /** Where they lead. */
  path: string;
  /** In the order of the alphabet. */
  to: string[];
}

export interface Command {
  does: string;
  /** What its routes name by id. */
  of?: keyof Situation;
  /** SQL that makes a situation ready for it. */
  given?: (at: Situation) => string;
  /** It is done already: nothing changes. */
  isIdle?: boolean;
  /** Actions in the audit, in the order of the alphabet. */
  audit: string[];
  /** Types of its events. */
  events?: string[];
  mails?: Mails;
  /** By route; what is sent there: a page's form, or JSON. */
  doors: Record<string, (at: Situation) => Fields>;
  /** Why there is one door only. */
  only?: string;
}

export const nothing = (): Fields => ({});
export const inHours = (hours: number): string => new Date(Date.now() + hours * HOUR_MS).toISOString();

export const revoked = ({ key }: Situation): string =>
  `UPDATE api_key SET is_active = false, revoked_at = now(), revoked_reason = 'gone' WHERE id = '${key}'`;

export const archived = ({ app }: Situation): string =>
  `UPDATE dev_apps SET archived_at = now() WHERE id = '${app}'`;

/** Of an owner's alerts, by its page and its API. */
export const rule = (does: string, page: string, api: string): Command => ({
  does,
  of: 'rule',
  audit: ['alert.rule_changed'],
  doors: {
    [page]: () => ({ enabled: 'true', threshold: '12.5' }),
    [api]: () => ({ enabled: true, threshold: 12.5 }),
  },
});
