// `npm start` as a person runs it, in a folder of its own: started, its processes found, waited for.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Place {
  /** The checkout. */
  root: string;
  folder: string;
  port: number;
  upstream: string;
  /** Of `npm start`. */
  args?: readonly string[];
}

export type Role = 'npm' | 'terminal' | 'stack' | 'workerd' | 'postgres';

export interface DemoFile {
  url: string;
  databaseUrl: string;
  enterprisePartner: { id: string };
  keys: { enterprise: string };
}

export interface StackProcess {
  npm: ChildProcess;
  pidOf(role: Role): number;
  demo: DemoFile;
  output(): string;
  /** @throws when it still runs after this long */
  ended(withinMs: number): Promise<void>;
}

const READY_MOST_MS = 90_000;
const POLL_MS = 50;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Listed {
  pid: number;
  parent: number;
  command: string;
}

function processes(): Listed[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return found ? [{ pid: Number(found[1]), parent: Number(found[2]), command: found[3] ?? '' }] : [];
  });
}

/** npm, the process at the terminal below it, the stack below that, and what the stack started. */
function pidsBelow(npm: number): Record<Role, number> {
  const all = processes();
  const childOf = (parent: number, program: RegExp): number =>
    all.find((one) => one.parent === parent && program.test(one.command))?.pid ?? 0;
  const terminal = childOf(npm, /node/);
  const stack = childOf(terminal, /node/);
  return {
    npm,
    terminal,
    stack,
    workerd: childOf(stack, /workerd/),
    postgres: childOf(stack, /postgres .*-D/),
  };
}

/** Starts it and waits until it says that it is ready. @throws with what it said instead */
export async function startNpm({ root, folder, port, upstream, args = [] }: Place): Promise<StackProcess> {
  let text = '';
  const npm = spawn('npm', ['start', ...(args.length > 0 ? ['--', ...args] : [])], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: String(port),
      PASSERELLE_FOLDER: folder,
      UPSTREAM_ORIGIN: upstream,
    },
  });
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (text += chunk));
  let hasEnded = false;
  // It is in a group of its own: nobody else would end it.
  const end = () => npm.kill('SIGTERM');
  process.once('exit', end);
  const exit = new Promise<void>((resolve) => npm.once('exit', () => resolve())).then(() => {
    hasEnded = true;
    process.off('exit', end);
  });
  const untilMs = Date.now() + READY_MOST_MS;
  while (!text.includes('Ctrl-C stops everything')) {
    if (hasEnded || Date.now() > untilMs) throw new Error(`npm start did not become ready:\n${text}`);
    await sleep(POLL_MS);
  }
  const pid = npm.pid ?? 0;
  return {
    npm,
    pidOf: (role) => pidsBelow(pid)[role],
    demo: JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')),
    output: () => text,
    async ended(withinMs) {
      await Promise.race([exit, sleep(withinMs)]);
      if (!hasEnded) throw new Error(`npm start still runs after ${withinMs} ms:\n${text}`);
    },
  };
}
