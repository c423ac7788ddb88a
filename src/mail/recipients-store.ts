// Whom a partner's mails are for, each in the language of the account behind the address.

import { type SQL, sql } from 'drizzle-orm';

/** Its address and its owners, each once: a column of `Recipient[]`, for the statement that makes the change. */
export const recipientsOf = (partnerId: SQL): SQL => sql`(
  SELECT jsonb_agg(jsonb_build_object('email', email, 'language', language)) FROM (
    SELECT DISTINCT ON (lower(email)) email, language FROM (
      SELECT p.email, a.language FROM partner p LEFT JOIN dev_accounts a ON a.email = lower(p.email) WHERE p.id = ${partnerId}
      UNION ALL SELECT m.email, a.language FROM partner_member m LEFT JOIN dev_accounts a ON a.id = m.subject
        WHERE m.partner_id = ${partnerId} AND m.role = 'owner') everybody
    ORDER BY lower(email), language) each)`;
