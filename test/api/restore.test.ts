// A plain `pg_dump --data-only` of our tables restores into a database that was just migrated. The server here is newer than
// any pg_dump that a machine is likely to have, so the test does what pg_dump's output does: an empty search path, tables
// in the order of their foreign keys, COPY, triggers on, each statement a transaction.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { fillEveryKind } from '../support/every-kind.ts';
import { openDatabaseOfItsOwn } from '../support/own-database.ts';

async function values(client: pg.Client, text: string, parameters: unknown[] = []): Promise<string[]> {
  return (await client.query({ text, values: parameters, rowMode: 'array' })).rows.map(([value]) =>
    String(value),
  );
}

/** Tables with rows of their own: partitions, but not what they are partitions of. */
const TABLES = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname`;
const REFERENCED = `SELECT DISTINCT o.relname FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid
  JOIN pg_class o ON o.oid = f.confrelid WHERE f.contype = 'f' AND t.relname = $1 AND o.relname <> $1 AND f.conparentid = 0`;

/** By name, but each table behind those that it refers to. @throws where tables refer to each other in a ring */
async function inOrder(client: pg.Client): Promise<string[]> {
  const ordered: string[] = [];
  const waiting = new Set<string>();
  const place = async (table: string): Promise<void> => {
    if (ordered.includes(table)) return;
    if (waiting.has(table)) throw new Error(`a ring through ${[...waiting].join(', ')}`);
    waiting.add(table);
    for (const other of await values(client, REFERENCED, [table])) await place(other);
    waiting.delete(table);
    ordered.push(table);
  };
  for (const table of await values(client, TABLES)) await place(table);
  return ordered;
}

const columnsOf = (client: pg.Client, table: string): Promise<string[]> =>
  values(
    client,
    `SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = ('public.' || $1)::regclass AND attnum > 0
      AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [table],
  );

const rowsOf = (client: pg.Client, table: string): Promise<string[]> =>
  values(client, `SELECT t::text FROM public.${table} t ORDER BY 1`);

it('a dump of the data restores into a migrated database, row by row as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-dump-'));
  // The server writes and reads the files, as a user of its own.
  chmodSync(folder, 0o777);
  const from = await openDatabaseOfItsOwn('dumped');
  const to = await openDatabaseOfItsOwn('restored');
  try {
    await fillEveryKind(from.client);
    const tables = await inOrder(from.client);
    await to.client.query(`SELECT pg_catalog.set_config('search_path', '', false)`);
    for (const table of tables) {
      const place = `public.${table} (${(await columnsOf(from.client, table)).join(', ')})`;
      const file = join(folder, table);
      await from.client.query(`COPY ${place} TO '${file}'`);
      await to.client.query(`COPY ${place} FROM '${file}'`);
    }
    for (const table of tables)
      expect([table, await rowsOf(to.client, table)]).toEqual([table, await rowsOf(from.client, table)]);
    for (const table of [
      'partner_terms',
      'api_key_quotas',
      'webhook_delivery',
      'invoice_line',
      'dev_portal_audit',
    ])
      expect([table, (await rowsOf(to.client, table)).length]).not.toEqual([table, 0]);
  } finally {
    await from.close();
    await to.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the Worker cannot have the triggers stand aside', async () => {
  const { client, close } = await openDatabaseOfItsOwn('not_restoring');
  try {
    await client.query('SET ROLE passerelle_app');
    await client.query(`SELECT pg_catalog.set_config('search_path', '', false)`);
    expect(await values(client, 'SELECT public.is_restoring()')).toEqual(['false']);
    await client.query(
      `INSERT INTO public.dev_portal_audit (partner_id, actor, action, target) VALUES (NULL, 'a', 'x.y', '{}')`,
    );
    expect(await values(client, `SELECT hash <> '' FROM public.dev_portal_audit`)).toEqual(['true']);
  } finally {
    await close();
  }
});

it('functions keep to their own search path, but for those that name nothing of ours', async () => {
  const { client, close } = await openDatabaseOfItsOwn('search_paths');
  try {
    const unpinned = await values(
      client,
      `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
        AND NOT coalesce(proconfig::text ~ 'search_path', false) ORDER BY 1`,
    );
    expect(unpinned).toEqual([
      'audit_hash',
      'is_restoring',
      'merge_maxima',
      'merge_sums',
      'overage_in_force',
      'plan_price',
      'tighter',
    ]);
  } finally {
    await close();
  }
});
