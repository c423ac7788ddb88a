// Accounts as they are read.

import { sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import type { MailLanguage } from '../mail/letter.ts';
import type { Database } from '../platform/database.ts';
import { boolean, oneOf, type RowOf, row, text } from '../platform/row.ts';
import { endedTokens } from './ended-token-store.ts';

const Account = row('account', {
  id: text,
  name: text,
  email: text,
  language: oneOf(['en', 'fr']),
  isOperator: boolean,
  twoFactorEnabled: boolean,
});
export type Account = RowOf<typeof Account>;
const Owner = row('owner of a reset', { name: text, email: text });

const ACCOUNT = sql`id, name, email, CASE language WHEN 'fr' THEN 'fr' ELSE 'en' END AS language, is_operator AS "isOperator", two_factor_enabled AS "twoFactorEnabled"`;

export const createAccountStore = (database: Database) => ({
  async find(id: string): Promise<Account | undefined> {
    const [account] = await database.rows(Account, sql`SELECT ${ACCOUNT} FROM dev_accounts WHERE id = ${id}`);
    return account;
  },
  /** Whoever could open the mail owns the address. */
  async confirm(id: string): Promise<Account | undefined> {
    const [account] = await database.rows(
      Account,
      sql`UPDATE dev_accounts SET email_verified = true, updated_at = now() WHERE id = ${id} RETURNING ${ACCOUNT}`,
    );
    return account;
  },
  /** Name, and language of mails. */
  change: (id: string, name: string, language: MailLanguage): Promise<unknown> =>
    database.run(
      sql`UPDATE dev_accounts SET name = ${name}, language = ${language}, updated_at = now() WHERE id = ${id}`,
    ),
  /** Whose password a reset may set. `identifier`: of its link. */
  async resetOwner(identifier: string): Promise<RowOf<typeof Owner> | undefined> {
    const [owner] = await database.rows(
      Owner,
      sql`SELECT a.name, a.email FROM dev_verification v JOIN dev_accounts a ON a.id = v.value
        WHERE v.identifier = ${identifier} AND v.expires_at > now()`,
    );
    return owner;
  },
  /** Every session but the one of `kept`, link, challenge, trusted device and personal token of the account ends. */
  endAccess: (id: string, actor: Actor, kept: string | null = null): Promise<unknown> =>
    database.run(sql`WITH sessions AS (DELETE FROM dev_session WHERE account_id = ${id} AND token IS DISTINCT FROM ${kept}::text),
        proofs AS (DELETE FROM dev_verification WHERE value = ${id}),
        ${endedTokens(sql`${id}`, actor)}
      SELECT 1`),
});

export type AccountStore = ReturnType<typeof createAccountStore>;
