// The identities that an account is linked with. Linking and unlinking are for whoever has just proven to own the account;
// the last way in stays.

import { sql } from 'drizzle-orm';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { boolean, type RowOf, row, text, time } from '../platform/row.ts';
import type { ExternalIdentity } from './external-identity.ts';

const LinkedIdentity = row('linked identity', { id: text, issuer: text, createdAt: time });
export type LinkedIdentity = RowOf<typeof LinkedIdentity>;
const Link = row('link of an identity', { owner: text, isNew: boolean });
const Unlinked = row('identity to unlink', { issuer: text, isGone: boolean });

export const createIdentityStore = (database: Database) => ({
  /** Latest first. `hasPassword`: the account can be signed in to without them. */
  async of(accountId: string): Promise<{ identities: LinkedIdentity[]; hasPassword: boolean }> {
    const rows = await database.rows(
      LinkedIdentity,
      sql`
      SELECT id, provider_id AS issuer, created_at AS "createdAt" FROM dev_credential
      WHERE account_id = ${accountId} ORDER BY created_at DESC, id LIMIT 50`,
    );
    const identities = rows.filter(({ issuer }) => issuer !== 'credential');
    return { identities, hasPassword: identities.length < rows.length };
  },

  /** `taken`: another account has it. */
  async link(
    accountId: string,
    { issuer, subject }: Pick<ExternalIdentity, 'issuer' | 'subject'>,
  ): Promise<'linked' | 'known' | 'taken'> {
    const [found] = await database.rows(
      Link,
      sql`
      WITH made AS (
        INSERT INTO dev_credential (id, account_id, provider_id, subject)
        VALUES (${newId()}, ${accountId}, ${issuer}, ${subject}) ON CONFLICT DO NOTHING RETURNING account_id)
      SELECT account_id AS owner, true AS "isNew" FROM made
      UNION ALL SELECT account_id, false FROM dev_credential WHERE provider_id = ${issuer} AND subject = ${subject}`,
    );
    if (found?.owner !== accountId) return 'taken';
    return found.isNew ? 'linked' : 'known';
  },

  /** The issuer of what was unlinked. `last`: it is the only way in, and stays. */
  async unlink(accountId: string, id: string): Promise<{ issuer: string } | 'last' | 'unknown'> {
    const [found] = await database.rows(
      Unlinked,
      sql`
      WITH ways AS (SELECT id, provider_id FROM dev_credential WHERE account_id = ${accountId} ORDER BY id FOR UPDATE),
        gone AS (DELETE FROM dev_credential WHERE account_id = ${accountId} AND id = ${id}
          AND provider_id <> 'credential' AND (SELECT count(*) FROM ways) > 1 RETURNING id)
      SELECT provider_id AS issuer, EXISTS (SELECT 1 FROM gone) AS "isGone" FROM ways
      WHERE id = ${id} AND provider_id <> 'credential'`,
    );
    if (!found) return 'unknown';
    return found.isGone ? { issuer: found.issuer } : 'last';
  },
});

export type IdentityStore = ReturnType<typeof createIdentityStore>;
