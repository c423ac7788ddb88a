// Which processes make up the stack over one folder, written down, so that whatever way they ended (`kill -9`, a crash,
// the terminal closed) the next start finds what is left of them and ends it.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftPostgres } from './postgres.ts';
import { endProcess, identify, isAlive, type ProcessId } from './processes.ts';

/** `terminal`: waits at the terminal. `stack`: runs everything. */
type Role = 'terminal' | 'stack' | 'workerd' | 'postgres';

interface Written {
  url?: string;
  processes: Partial<Record<Role, ProcessId>>;
}

export class RunsAlready extends Error {
  override name = 'RunsAlready';
  constructor({ url, processes }: Written) {
    const where = url ? ` at ${url}` : '';
    super(`Passerelle already runs here${where} (process ${processes.stack?.pid}). Ctrl-C stops it there.`);
  }
}

export interface ProcessRecord {
  add(role: Role, pid: number): void;
  ready(url: string): void;
  release(): void;
}

/** A stack whose terminal went away writes its usage first. */
const DRAINS_BY_ITSELF_MS = 75_000;
const END_MS = 10_000;
const MAX_TRIES = 5;
const HALF_WRITTEN_MS = 200;

const fileOf = (folder: string): string => join(folder, 'processes.json');
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Undefined when there is none, or none that can be read. */
function read(folder: string): Written | undefined {
  try {
    const written: Written = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
    return typeof written.processes === 'object' && written.processes ? written : undefined;
  } catch {
    return undefined;
  }
}

const lives = (id: ProcessId | undefined): id is ProcessId => id !== undefined && isAlive(id);

/** Ends what is left of a stack that did not stop. @throws RunsAlready when it is not left but runs */
export async function endOrphans(folder: string, say: (line: string) => void): Promise<void> {
  const written = read(folder);
  const { terminal, stack, workerd, postgres } = written?.processes ?? {};
  if (written && lives(terminal) && lives(stack) && stack.pid !== process.pid) throw new RunsAlready(written);
  const left = [stack, workerd, postgres].filter((id) => id?.pid !== process.pid).filter(lives);
  if (left.length > 0) say(`The last run did not stop. Ending what is left of it (${pids(left)}) …`);
  if (lives(stack) && stack.pid !== process.pid) {
    // It sees by itself that its terminal is gone; a signal would be the second and cut its work short.
    const steps = [
      [0, DRAINS_BY_ITSELF_MS],
      ['SIGKILL', END_MS],
    ] as const;
    await endProcess(stack, steps);
  }
  if (workerd) await endProcess(workerd, [['SIGKILL', END_MS]]);
  if (postgres)
    await endProcess(postgres, [
      ['SIGINT', END_MS],
      ['SIGKILL', END_MS],
    ]);
  await endLeftPostgres(join(folder, 'postgres'));
}

const pids = (ids: ProcessId[]): string => `processes ${ids.map(({ pid }) => pid).join(', ')}`;

/**
 * Makes the folder this stack's own, after ending what is left of another.
 * @param terminal pid of the process that waits at the terminal
 * @throws RunsAlready
 */
export async function claimFolder(
  folder: string,
  terminal: number,
  say: (line: string) => void,
): Promise<ProcessRecord> {
  const written: Written = { processes: { terminal: identify(terminal), stack: identify(process.pid) } };
  const file = fileOf(folder);
  for (let tries = 1; ; tries++) {
    try {
      // Of two that start at once, one makes the file.
      writeFileSync(file, JSON.stringify(written), { mode: 0o600, flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries >= MAX_TRIES) throw error;
    }
    if (!read(folder)) await sleep(HALF_WRITTEN_MS);
    await endOrphans(folder, say);
    rmSync(file, { force: true });
  }
  // Of a run before there was a record.
  await endLeftPostgres(join(folder, 'postgres'));

  const write = (): void => {
    try {
      writeFileSync(`${file}.new`, JSON.stringify(written), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      say(`${file} cannot be written: ${error}`);
    }
  };
  return {
    add(role, pid) {
      written.processes[role] = identify(pid);
      write();
    },
    ready(url) {
      written.url = url;
      write();
    },
    release: () => rmSync(file, { force: true }),
  };
}
