// Keys that were found in public: out of use at once, everywhere, until their owner rolls them. Reported in the form of
// GitHub's secret scanning partner programme.

import { type SQL, sql } from 'drizzle-orm';
import { auditRow, job } from '../audit/audit-store.ts';
import { sha256Hex } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { KEY_ID, KEY_OF_EVENT } from '../keys/key-columns-store.ts';
import type { Notify } from '../mail/notices.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { json, type RowOf, row, text, uuid } from '../platform/row.ts';
import { createGithubKeys } from './github-keys.ts';
import { isSignedBy } from './github-signature.ts';

export interface LeakedToken {
  token: string;
  type: string;
  url?: string | null;
  source?: string | null;
}

/** What is told back of each: whether it is a key of ours. By its hash, never by itself. */
export interface LeakVerdict {
  token_hash: string;
  token_type: string;
  label: 'true_positive' | 'false_positive';
}

const Quarantined = row('quarantined key', {
  id: uuid,
  key_id: KEY_ID,
  name: text,
  people: json<{ email: string; language: string | null }[]>().nullable(),
});
const LeakedKey = row('leaked key', { key_id: text.nullable() });

/** One transaction: out of use, with its event and its audit row. Nothing when it is no key of ours, or was found before. */
const QUARANTINE = (hash: string, url: string | null): SQL => sql`
      WITH found AS (SELECT id FROM api_key WHERE key_hash = ${hash}
          UNION SELECT api_key_id FROM api_key_retired_secret WHERE key_hash = ${hash} AND expires_at > now()),
        ended AS (UPDATE api_key_retired_secret SET expires_at = now() WHERE api_key_id IN (SELECT id FROM found) AND expires_at > now()),
        changed AS (UPDATE api_key k SET quarantined_at = now() FROM found f
          WHERE k.id = f.id AND k.is_active AND k.quarantined_at IS NULL
          RETURNING k.id, k.partner_id, k.app_id, k.key_id, k.name, k.environment),
        event AS (${eventRow('key.quarantined', { ...KEY_OF_EVENT, found_at: url }, { appId: sql`app_id` })}),
        audit AS (${auditRow(job('leaks'), 'key.quarantined', { key_id: sql`key_id` }, { found_at: url })})
      SELECT c.id, c.key_id, c.name, (SELECT jsonb_agg(jsonb_build_object('email', m.email, 'language', a.language))
        FROM partner_member m LEFT JOIN dev_accounts a ON a.id = m.subject
        WHERE m.partner_id = c.partner_id AND m.role = 'owner') AS people FROM changed c`;

export function createLeakService(ports: {
  database: Database;
  /** Makes a key's change immediate at its limiter. */
  announce(keyId: string): Promise<void>;
  notify: Notify;
  /** Where GitHub publishes its keys. */
  keysUrl: string;
  newId(): string;
  now(): number;
}) {
  const { database, announce, notify, newId } = ports;
  const keyOf = createGithubKeys(ports);
  async function quarantine(
    hash: string,
    url: string | null,
  ): Promise<RowOf<typeof Quarantined> | undefined> {
    const [key] = await database.rows(Quarantined, QUARANTINE(hash, url));
    return key;
  }

  async function judge(leak: LeakedToken): Promise<LeakVerdict> {
    const hash = await sha256Hex(leak.token);
    const quarantined = await quarantine(hash, leak.url || null);
    if (quarantined) {
      await announce(quarantined.id);
      for (const person of quarantined.people ?? [])
        await notify(person, 'keyLeaked', {
          name: quarantined.name,
          path: `/portal/keys/${quarantined.key_id}`,
        });
    }
    const [ours] = await database.rows(
      LeakedKey,
      sql`
      WITH ours AS (SELECT key_id FROM api_key WHERE key_hash = ${hash}
          UNION ALL SELECT k.key_id FROM api_key_retired_secret s JOIN api_key k ON k.id = s.api_key_id WHERE s.key_hash = ${hash} LIMIT 1),
        kept AS (INSERT INTO leak_report (id, token_hash, key_id, url, source)
          VALUES (${newId()}::uuid, ${hash}, (SELECT key_id FROM ours), ${leak.url ?? null}, ${leak.source ?? null}))
      SELECT (SELECT key_id FROM ours) AS key_id`,
    );
    return {
      token_hash: hash,
      token_type: leak.type,
      label: ours?.key_id ? 'true_positive' : 'false_positive',
    };
  }

  return {
    /** @throws AppError invalid_signature when GitHub did not sign this body */
    async checkSignature(identifier: string, signature: string, body: string): Promise<void> {
      const key = await keyOf(identifier);
      if (!key || !(await isSignedBy(key, signature, body))) throw new AppError('invalid_signature');
    },
    async report(leaks: readonly LeakedToken[]): Promise<LeakVerdict[]> {
      const verdicts: LeakVerdict[] = [];
      for (const leak of leaks) verdicts.push(await judge(leak));
      return verdicts;
    },
  };
}

export type LeakService = ReturnType<typeof createLeakService>;
