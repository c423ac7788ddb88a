// Every change of the catalogue: one statement with its audit row, which loses to whoever was faster, and is told to all
// partners' objects before it is answered.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { number, row } from '../platform/row.ts';
import type { Catalog } from './catalog.ts';
import type { LiveCatalog } from './live-catalog.ts';

export interface CommitPorts {
  database: Database;
  catalogs: LiveCatalog;
  /** Tells the partners' objects of the newest version. Whether all have heard. */
  announce(): Promise<boolean>;
}

const Done = row('change of the catalogue', { version: number });

interface Told {
  actor: Actor;
  action: AuditAction;
  target: object;
  details: object;
}

/**
 * `change`: CTEs, of which `changed` has a row where it came about; it reads `locked`, which has one while the catalogue is
 * as it was looked at. @throws AppError conflict
 */
export const createCommit = ({ database, catalogs, announce }: CommitPorts) =>
  async function commit(seen: Catalog, change: SQL, { actor, action, target, details }: Told) {
    await database.run(sql`INSERT INTO catalog_state DEFAULT VALUES ON CONFLICT DO NOTHING`);
    const [done] = await database.rows(
      Done,
      sql`WITH locked AS (SELECT version FROM catalog_state WHERE version = ${seen.version} FOR UPDATE), ${change},
        audited AS (SELECT NULL::uuid AS partner_id FROM changed),
        audit AS (${auditRow(actor, action, target, details, sql`audited`)})
        SELECT version FROM changed`,
    );
    await catalogs.refresh();
    if (!done)
      throw new AppError(
        'conflict',
        'The catalogue was changed meanwhile: look again, and repeat it if it still fits',
      );
    return { version: catalogs.current.version, isInForce: await announce() };
  };

export type Commit = ReturnType<typeof createCommit>;
