// Runs the programs that the guides show, in each language whose program is on this machine.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Language {
  /** Whether it is there: a command that succeeds at once. */
  probe: readonly [string, ...string[]];
  /** The file that the program is written to. */
  file: string;
  command: readonly [string, ...string[]];
}

/** By the label on the page. */
export const LANGUAGES: Readonly<Record<string, Language>> = {
  curl: { probe: ['curl', '--version'], file: 'main.sh', command: ['sh', 'main.sh'] },
  JavaScript: {
    probe: [process.execPath, '--version'],
    file: 'main.mjs',
    command: [process.execPath, 'main.mjs'],
  },
  Python: { probe: ['python3', '--version'], file: 'main.py', command: ['python3', 'main.py'] },
  Go: { probe: ['go', 'version'], file: 'main.go', command: ['go', 'run', 'main.go'] },
  PHP: { probe: ['php', '--version'], file: 'main.php', command: ['php', 'main.php'] },
};

export const isInstalled = (label: string): boolean => {
  const [program, ...options] = LANGUAGES[label]?.probe ?? ['false'];
  return spawnSync(program, options).status === 0;
};

export interface Ran {
  /** Of the process; 0 is success. */
  code: number;
  printed: string;
}

const MAX_RUN_MS = 60_000;

/** In an empty folder of its own, with no environment but this. */
export function runProgram(
  label: string,
  text: string,
  environment: Record<string, string>,
  input = '',
): Promise<Ran> {
  const language = LANGUAGES[label];
  if (!language) throw new Error(`nothing runs ${label}`);
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-program-'));
  writeFileSync(join(folder, language.file), text);
  const [program, ...options] = language.command;
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      options,
      { cwd: folder, env: { PATH, HOME, ...environment }, timeout: MAX_RUN_MS },
      (error, stdout, stderr) => {
        rmSync(folder, { recursive: true, force: true });
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, printed: stdout + stderr });
      },
    );
    child.stdin?.on('error', () => undefined).end(input);
  });
}
