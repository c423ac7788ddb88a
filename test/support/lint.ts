// A linter of documents, as people run it.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What it prints; nothing where it finds nothing. `folder`: where it runs. */
export const lint = (
  folder: string,
  command: string,
  args: readonly string[],
): Promise<{ status: number | null; text: string }> =>
  new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, '../../node_modules/.bin', command);
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, text }));
  });
