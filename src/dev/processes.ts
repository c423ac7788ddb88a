// Processes of this machine, told apart for certain: a pid is given again after its process ended, so each goes with
// the moment at which its process was born. Nothing here ends a process whose birth it was not given.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessId {
  pid: number;
  /** When it was born, in the words of this machine; only ever compared. */
  birth: string;
}

const POLL_MS = 50;
const HAS_PROC = existsSync('/proc/self/stat');
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function ps(...args: string[]): string {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, stdio: 'pipe' } as const;
    return execFileSync('ps', args, options).trim();
  } catch {
    return '';
  }
}

/** Fields of /proc/pid/stat from the third on; the second is a name that may hold anything. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Undefined when no such process lives. One that ended and was not waited for (a zombie) does not live. */
export function birthOf(pid: number): string | undefined {
  if (HAS_PROC) {
    const [state, ...fields] = statOf(pid);
    if (state === undefined || state === 'Z' || state === 'X') return undefined;
    // Field 22, counted from 1: clock ticks since the machine started, of which the boot id says which time.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[18]}`;
  }
  const [state = '', ...started] = ps('-o', 'stat=,lstart=', '-p', String(pid)).split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
}

export function identify(pid: number): ProcessId | undefined {
  const birth = birthOf(pid);
  return birth === undefined ? undefined : { pid, birth };
}

export const isAlive = ({ pid, birth }: ProcessId): boolean => birthOf(pid) === birth;

/** Its command line; empty when it cannot be read. */
export function commandOf(pid: number): string {
  if (!HAS_PROC) return ps('-o', 'command=', '-p', String(pid));
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Pids of this process's own children whose program has that name. */
export function childrenCalled(name: string): number[] {
  if (HAS_PROC) {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry) && statOf(Number(entry))[1] === String(process.pid))
      .map(Number)
      .filter((pid) => commandOf(pid).split(' ')[0]?.endsWith(name));
  }
  return ps('-A', '-o', 'pid=,ppid=,comm=')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, command]) => parent === String(process.pid) && command?.endsWith(name))
    .map(([pid]) => Number(pid));
}

/** Sends one signal after the other, each with its time to act, until the process has ended. @returns whether it has */
export async function endProcess(
  id: ProcessId,
  steps: readonly (readonly [signal: NodeJS.Signals | 0, waitMs: number])[],
): Promise<boolean> {
  for (const [signal, waitMs] of steps) {
    const untilMs = Date.now() + waitMs;
    try {
      if (isAlive(id)) process.kill(id.pid, signal);
    } catch {
      // Ended meanwhile, or somebody else's: what counts is asked below.
    }
    while (isAlive(id) && Date.now() < untilMs) await sleep(POLL_MS);
    if (!isAlive(id)) return true;
  }
  return false;
}
