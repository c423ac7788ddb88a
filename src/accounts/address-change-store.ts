// Changes of an account's address. What follows the address is moved by the statement that changes it: memberships, and
// partners that it is the address of. Nothing is the new address's before it is confirmed.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query, query } from '../platform/query.ts';
import { type RowOf, row, text, time } from '../platform/row.ts';
import { endedTokens } from './ended-token-store.ts';

const LINK_SECONDS = 3600;
export const UNDO_HOURS = 72;

const AddressChange = row('change of an address', {
  account: text,
  from: text,
  to: text,
});
export type AddressChange = RowOf<typeof AddressChange>;
const Asked = row('change of an address that was asked for', { email: text, expiresAt: time });

const SHOWN = sql`c.account_id AS account, c.old_email AS "from", c.new_email AS "to"`;
/** Of `dev_address_change c`, by the hash of its link; as long as the account has the address that it had. */
const askedBy = (
  hash: string,
): SQL => sql`c.token_hash = ${hash} AND c.confirmed_at IS NULL AND c.expires_at > now()
  AND EXISTS (SELECT 1 FROM dev_accounts o WHERE o.id = c.account_id AND o.email = c.old_email)`;
const undoneBy = (hash: string): SQL => sql`c.undo_hash = ${hash} AND c.undone_at IS NULL
  AND c.confirmed_at > now() - make_interval(hours => ${UNDO_HOURS}::int)`;
/** Of several at once, each waits for the one before it, and its next statement sees what that one left. */
const lock = (account: SQL): Query<number> =>
  command(sql`SELECT 1 FROM dev_accounts WHERE id = ${account} FOR UPDATE`);
const isFree = (email: SQL, account: SQL): SQL =>
  sql`NOT EXISTS (SELECT 1 FROM dev_accounts x WHERE x.email = ${email} AND x.id <> ${account})`;

/** An account that an earlier version made of the address, before that was proven. */
const endUnproven = (change: SQL): SQL => sql`DELETE FROM dev_accounts o USING dev_address_change c
  WHERE ${change} AND o.email = c.new_email AND NOT o.email_verified AND o.id <> c.account_id`;

/** What goes with the address from `before` to `after`: CTEs after one named `moved`, and the rows of the audit. */
const following = (actor: Actor, action: 'member.address_changed' | 'member.address_restored'): SQL => sql`
  members AS (UPDATE partner_member m SET email = v.after FROM moved v WHERE m.subject = v.account RETURNING m.partner_id, m.role),
  partners AS (UPDATE partner p SET email = v.after, updated_at = now() FROM moved v, members m
    WHERE p.id = m.partner_id AND m.role = 'owner' AND lower(p.email) = lower(v.before)
      AND NOT EXISTS (SELECT 1 FROM partner o WHERE lower(o.email) = lower(v.after) AND o.id <> p.id)),
  proofs AS (DELETE FROM dev_verification d USING moved v WHERE d.value = v.account),
  changed AS (SELECT partner_id FROM members
    UNION ALL SELECT NULL::uuid FROM moved v JOIN dev_accounts a ON a.id = v.account WHERE a.is_operator),
  audit AS (${auditRow(actor, action, { subject: sql`(SELECT account FROM moved)` })})`;

const createAsking = (database: Database) => ({
  /** Of several, the last one holds. */
  async ask(change: { id: string; account: string; from: string; to: string; hash: string }): Promise<void> {
    const { id, account, from, to, hash } = change;
    await database.batch(
      command(sql`DELETE FROM dev_address_change WHERE account_id = ${account} AND confirmed_at IS NULL`),
      command(sql`INSERT INTO dev_address_change (id, account_id, old_email, new_email, token_hash, had_factor, expires_at)
        SELECT ${id}::uuid, id, email, ${to}, ${hash}, two_factor_enabled, now() + make_interval(secs => ${LINK_SECONDS})
        FROM dev_accounts WHERE id = ${account} AND email = ${from}`),
    );
  },
  async asked(account: string): Promise<RowOf<typeof Asked> | undefined> {
    const [found] = await database.rows(
      Asked,
      sql`SELECT new_email AS email, expires_at AS "expiresAt" FROM dev_address_change
        WHERE account_id = ${account} AND confirmed_at IS NULL AND expires_at > now()`,
    );
    return found;
  },
  forget: (account: string): Promise<number> =>
    database.run(sql`DELETE FROM dev_address_change WHERE account_id = ${account} AND confirmed_at IS NULL`),
  async byLink(hash: string): Promise<AddressChange | undefined> {
    const [found] = await database.rows(
      AddressChange,
      sql`SELECT ${SHOWN} FROM dev_address_change c WHERE ${askedBy(hash)}`,
    );
    return found;
  },
  async byUndo(hash: string): Promise<AddressChange | undefined> {
    const [found] = await database.rows(
      AddressChange,
      sql`SELECT ${SHOWN} FROM dev_address_change c WHERE ${undoneBy(hash)}`,
    );
    return found;
  },
});

export const createAddressChangeStore = (database: Database) => ({
  ...createAsking(database),
  /** The sessions of the account end, but for `session`. undefined: over, or another account has the address. */
  async confirm(
    hash: string,
    account: string,
    { undoHash, session, actor }: { undoHash: string; session: string; actor: Actor },
  ): Promise<AddressChange | undefined> {
    const change = sql`${askedBy(hash)} AND c.account_id = ${account}`;
    const confirmed: Query<AddressChange[]> = query(
      AddressChange,
      sql`WITH moved AS (UPDATE dev_accounts a SET email = c.new_email, email_verified = true, updated_at = now()
          FROM dev_address_change c WHERE ${change} AND a.id = c.account_id AND ${isFree(sql`c.new_email`, sql`a.id`)}
          RETURNING a.id AS account, c.id, c.old_email AS before, c.new_email AS after),
        confirmed AS (UPDATE dev_address_change c SET confirmed_at = now(), undo_hash = ${undoHash} FROM moved v WHERE c.id = v.id),
        sessions AS (DELETE FROM dev_session s USING moved v WHERE s.account_id = v.account AND s.id <> ${session}),
        ${following(actor, 'member.address_changed')}
      SELECT account, before AS "from", after AS "to" FROM moved`,
    );
    const [, , [done]] = await database.batch(lock(sql`${account}`), command(endUnproven(change)), confirmed);
    return done;
  },
  /**
   * The account has its address again, and whoever changed it has nothing of it: sessions, password, personal tokens, later
   * identities, a factor that came with the change and every later change end. `reset`: identifier of the link by which a
   * password is chosen. undefined: over, or another account has the address.
   */
  async undo(hash: string, reset: string, actor: Actor): Promise<AddressChange | undefined> {
    const [, [done]] = await database.batch(
      lock(sql`(SELECT account_id FROM dev_address_change WHERE undo_hash = ${hash})`),
      query(
        AddressChange,
        sql`WITH change AS (SELECT c.*, a.email AS current FROM dev_address_change c JOIN dev_accounts a ON a.id = c.account_id
            WHERE ${undoneBy(hash)} AND ${isFree(sql`c.old_email`, sql`a.id`)}),
          moved AS (UPDATE dev_accounts a SET email = c.old_email, updated_at = now(),
              two_factor_enabled = a.two_factor_enabled AND c.had_factor
            FROM change c WHERE a.id = c.account_id RETURNING a.id AS account, c.current AS before, c.old_email AS after),
          undone AS (UPDATE dev_address_change o SET undone_at = now() FROM change c
            WHERE o.account_id = c.account_id AND o.created_at >= c.created_at AND o.confirmed_at IS NOT NULL),
          open AS (DELETE FROM dev_address_change o USING change c WHERE o.account_id = c.account_id AND o.confirmed_at IS NULL),
          sessions AS (DELETE FROM dev_session s USING moved v WHERE s.account_id = v.account),
          credentials AS (DELETE FROM dev_credential d USING change c WHERE d.account_id = c.account_id
            AND (d.provider_id = 'credential' OR d.created_at >= c.created_at)),
          ${endedTokens(sql`(SELECT account FROM moved)`, actor)},
          factors AS (DELETE FROM dev_two_factor f USING change c WHERE f.account_id = c.account_id AND NOT c.had_factor),
          way AS (INSERT INTO dev_verification (id, identifier, value, expires_at)
            SELECT ${newId()}, ${reset}, account, now() + make_interval(secs => ${LINK_SECONDS}) FROM moved),
          ${following(actor, 'member.address_restored')}
        SELECT account, before AS "from", after AS "to" FROM moved`,
      ),
    );
    return done;
  },
  /** Forgets what no link reaches any more. How many. */
  upkeep: (): Promise<number> =>
    database.run(sql`DELETE FROM dev_address_change
      WHERE coalesce(confirmed_at + make_interval(hours => ${UNDO_HOURS}::int), expires_at) < now() - interval '1 day'`),
});

export type AddressChangeStore = ReturnType<typeof createAddressChangeStore>;
