// A database of its own on the stack's server, reached as the Worker reaches its: for tests with a clock of their own.

import pg from 'pg';
import { migrate } from '../../src/dev/migrate.ts';
import { startNeonEndpoint } from '../../src/dev/neon-endpoint.ts';
import { openWorkerRole } from '../../src/dev/worker-role.ts';
import { type Database, openDatabase } from '../../src/platform/database.ts';
import { stack } from './api.ts';

export interface OwnDatabase {
  /** As its owner. */
  client: pg.Client;
  /** As the Worker. */
  database: Database;
  /** For a Worker of its own: its role's address, and the SQL endpoint. */
  workerUrl: string;
  endpoint: string;
  close(): Promise<void>;
}

/** `timeZone`: of its sessions; nothing may depend on it. */
export async function openDatabaseOfItsOwn(name: string, timeZone = 'UTC'): Promise<OwnDatabase> {
  const server = new pg.Client({ connectionString: stack.databaseUrl });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  await server.query(`ALTER DATABASE ${name} SET timezone TO '${timeZone}'`);
  await server.end();
  const url = stack.databaseUrl.replace(/\/[^/]+$/, `/${name}`);
  await migrate(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const workerUrl = await openWorkerRole(url);
  const endpoint = await startNeonEndpoint(workerUrl, {});
  return {
    client,
    database: openDatabase(url, endpoint.url),
    workerUrl,
    endpoint: endpoint.url,
    async close() {
      await endpoint.close();
      await client.end();
    },
  };
}
