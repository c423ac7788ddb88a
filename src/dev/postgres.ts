// A real PostgreSQL from npm, its data in a folder of ours, on loopback only. When it is told to, it starts the server
// again whenever that ends by itself.

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { type PostgresProgram, preparePostgres } from './postgres-program.ts';
import { commandOf, endProcess, identify } from './processes.ts';

export interface LocalPostgres {
  url: string;
  /** Ends the server, as a crash of the database would look like to the Worker. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface PostgresOptions {
  folder: string;
  port: number;
  database: string;
  /** Of a folder that nobody reads after a crash of the machine (one of the server loses nothing either way). */
  isThrowaway?: boolean;
  /** The pid of each server that is started. */
  onStart?(pid: number): void;
  /** Starts a server that ended by itself again, and says so; `givenUp` when it cannot be. */
  keepRunning?: { say(line: string): void; givenUp(): void };
}

const USER = 'postgres';
const PASSWORD = 'passerelle';
const READY = 'database system is ready to accept connections';
const MAX_LINES = 50;
const FULL = /No space left on device/;
const FULL_EVERY_MS = 60_000;
/** What still uses the memory of a server that was killed sees that it is gone, and ends: a matter of moments. */
const STILL_IN_USE = /shared memory block .* still in use/;
const STILL_IN_USE_TRIES = 40;
const STILL_IN_USE_MS = 250;
const MAX_RESTARTS = 20;
const MAX_RESTART_PAUSE_MS = 5000;
const STOP_STEPS = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5000],
  ['SIGKILL', 5000],
] as const;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends the server that was left running over this folder, if one was, and removes the pid file it left. */
export async function endLeftPostgres(folder: string): Promise<void> {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const left = identify(Number(readFileSync(file, 'utf8').split('\n')[0]));
  // The pid may by now be anybody's: only a server over this very folder is ours.
  if (left && commandOf(left.pid).includes(` -D ${folder} `)) await endProcess(left, STOP_STEPS);
  rmSync(file, { force: true });
}

/** One server process: resolves when it takes connections, with what it says afterwards going to `heard`. */
function launch(
  { postgres, user }: PostgresProgram,
  args: string[],
  heard: (line: string) => void,
): { child: ChildProcess; ready: Promise<void> } {
  const child = spawn(postgres, args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  const ready = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('it ended')));
    if (!child.stderr) return reject(new Error('no stderr'));
    createInterface(child.stderr).on('line', (line) => {
      heard(line);
      if (line.includes(READY)) resolve();
    });
  });
  return { child, ready };
}

/** Makes the data in a folder beside, and puts it in its place whole: half of it would look like all of it. */
async function initialise({ initdb, user }: PostgresProgram, folder: string): Promise<void> {
  const making = mkdtempSync(`${folder}.making-`);
  const data = join(making, 'data');
  const passwordFile = join(making, 'password');
  const messages: string[] = [];
  try {
    writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
    if (user.uid !== undefined && user.gid !== undefined)
      for (const path of [making, passwordFile]) chownSync(path, user.uid, user.gid);
    const args = ['-D', data, '--auth=password', `--username=${USER}`, `--pwfile=${passwordFile}`];
    const flags = ['--encoding=UTF8', '--locale=C'];
    const child = spawn(initdb, [...args, ...flags], { ...user, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => messages.push(String(text)));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`initdb ended with ${code}`);
    renameSync(data, folder);
  } catch (error) {
    throw new Error(`PostgreSQL could not be set up: ${error}\n${messages.join('').trim()}`);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function ensureDatabase(server: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

const serverArgs = ({ folder, port, isThrowaway }: PostgresOptions): string[] => {
  const settings = [
    'listen_addresses=127.0.0.1',
    'timezone=UTC',
    'max_connections=50',
    'unix_socket_directories=',
    // What it says is read here.
    'lc_messages=C',
    ...(isThrowaway ? ['fsync=off', 'full_page_writes=off'] : []),
  ];
  return ['-D', folder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
};

/** Keeps the last lines of the server, and says when its disk is full. */
function createServerLog(keepRunning: PostgresOptions['keepRunning']) {
  let lines: string[] = [];
  let fullSaidMs = 0;
  return {
    hear(line: string): void {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
      if (!FULL.test(line) || Date.now() - fullSaidMs < FULL_EVERY_MS) return;
      fullSaidMs = Date.now();
      keepRunning?.say(`The disk is full. PostgreSQL says: ${line}\nUsage waits until there is room.`);
    },
    clear(): void {
      lines = [];
    },
    text: (): string => lines.join('\n'),
  };
}

/** The server over one folder: started, stopped, and kept running. */
function createServer(program: PostgresProgram, options: PostgresOptions) {
  const { folder, keepRunning, onStart } = options;
  let child: ChildProcess | undefined;
  let isWanted = true;
  const log = createServerLog(keepRunning);

  async function startOnce(): Promise<void> {
    await endLeftPostgres(folder);
    log.clear();
    const launched = launch(program, serverArgs(options), log.hear);
    try {
      await launched.ready;
    } catch (error) {
      throw new Error(`PostgreSQL did not start: ${error}\n${log.text()}`);
    }
    child = launched.child;
    if (child.pid) onStart?.(child.pid);
    child.once('exit', (code, signal) => {
      if (child !== launched.child) return;
      child = undefined;
      if (keepRunning) void startAgain(keepRunning, signal ?? `code ${code}`);
    });
    if (!isWanted) await stop();
  }

  async function start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await startOnce();
      } catch (error) {
        if (tries >= STILL_IN_USE_TRIES || !STILL_IN_USE.test(String(error))) throw error;
        await sleep(STILL_IN_USE_MS);
      }
    }
  }

  async function stop(): Promise<void> {
    isWanted = false;
    const id = child?.pid && identify(child.pid);
    child = undefined;
    if (id) await endProcess(id, STOP_STEPS);
  }

  async function startAgain(told: NonNullable<PostgresOptions['keepRunning']>, how: string): Promise<void> {
    told.say(`PostgreSQL ended by itself (${how}). Starting it again …`);
    for (let tries = 0; tries < MAX_RESTARTS && isWanted; tries++) {
      try {
        await start();
        return told.say('PostgreSQL runs again. Nothing was lost: usage waited.');
      } catch (error) {
        if (tries === 0) told.say(String(error));
        await sleep(Math.min(MAX_RESTART_PAUSE_MS, STILL_IN_USE_MS * 2 ** tries));
      }
    }
    if (isWanted) told.givenUp();
  }

  return {
    start() {
      isWanted = true;
      return start();
    },
    stop,
    kill: () => void child?.kill('SIGINT'),
  };
}

export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const { folder, port, database } = options;
  const program = preparePostgres(folder);
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(program, folder);
  const server = createServer(program, options);
  await server.start();
  // Whatever ends this process, a server without it is of no use to anybody.
  process.once('exit', server.kill);
  const origin = `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}`;
  await ensureDatabase(origin, database);
  return {
    url: `${origin}/${database}`,
    start: server.start,
    async stop() {
      process.off('exit', server.kill);
      await server.stop();
    },
  };
}
