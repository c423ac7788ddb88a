// Whom a partner's mails are for, each in the language of the account behind the address.

import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { row, text } from '../platform/row.ts';
import type { Recipient } from './notices.ts';

const MoneyRecipient = row('recipient of mails of money', { email: text, language: text.nullable() });

/** Its address and its owners, each once: a column of `Recipient[]`, for the statement that makes the change. */
export const recipientsOf = (partnerId: SQL): SQL => sql`(
  SELECT jsonb_agg(jsonb_build_object('email', email, 'language', language)) FROM (
    SELECT DISTINCT ON (lower(email)) email, language FROM (
      SELECT p.email, a.language FROM partner p LEFT JOIN dev_accounts a ON a.email = lower(p.email) WHERE p.id = ${partnerId}
      UNION ALL SELECT m.email, a.language FROM partner_member m LEFT JOIN dev_accounts a ON a.id = m.subject
        WHERE m.partner_id = ${partnerId} AND m.role = 'owner') everybody
    ORDER BY lower(email), language) each)`;

/** Whom a partner's mails of money are for: where invoices go, its owners and its billing members, each once. */
export const createMoneyRecipients =
  (database: Database) =>
  (partnerId: string): Promise<Recipient[]> =>
    database.rows(
      MoneyRecipient,
      sql`
      SELECT DISTINCT ON (lower(email)) email, language FROM (
        SELECT coalesce(nullif(p.billing_email, ''), p.email) AS email, a.language FROM partner p
          LEFT JOIN dev_accounts a ON a.email = lower(coalesce(nullif(p.billing_email, ''), p.email))
          WHERE p.id = ${partnerId}::uuid
        UNION ALL SELECT m.email, a.language FROM partner_member m LEFT JOIN dev_accounts a ON a.id = m.subject
          WHERE m.partner_id = ${partnerId}::uuid AND m.role IN ('owner', 'billing')) everybody
      ORDER BY lower(email), language`,
    );
