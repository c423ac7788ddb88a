// The commands of a document's fences, to be run as they stand.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('../..', import.meta.url).pathname;
const COMMAND_MOST_MS = 60_000;

/** What exists only in the cloud, or is the reader's own, and what stands for it here. */
export interface Replacement {
  what: string | RegExp;
  by: string;
  why: string;
}

/** Commands of the `sh` fences under a heading of a document, in their order: continued lines are one. */
export function commandsUnder(document: string, heading: string): string[] {
  const text = readFileSync(root + document, 'utf8');
  const from = text.indexOf(`\n${heading}\n`) + 1;
  if (!text.startsWith(`${heading}\n`, from)) throw new Error(`${document} has no heading ${heading}`);
  const end = text.indexOf('\n## ', from + heading.length);
  const section = text.slice(from, end < 0 ? undefined : end);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, fence = '']) =>
    fence
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
}

/** @throws when a replacement meets nothing: then the document says it differently by now */
export function replaced(commands: readonly string[], replacements: readonly Replacement[]): string[] {
  const unmet = new Set(replacements);
  const result = commands.map((command) =>
    replacements.reduce((text, replacement) => {
      const next = text.replaceAll(replacement.what, () => replacement.by);
      if (next !== text) unmet.delete(replacement);
      return next;
    }, command),
  );
  if (unmet.size > 0) throw new Error(`nothing to replace: ${[...unmet].map(({ what }) => what).join(', ')}`);
  return result;
}

/** In a shell, from the root of the checkout. @throws with what it said when it fails */
export function runCommand(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(
      'bash',
      ['-euo', 'pipefail', '-c', command],
      { cwd: root, env, timeout: COMMAND_MOST_MS },
      (error, out, err) => (error ? reject(new Error(`${command}\n${out}${err}`)) : resolve(out)),
    ),
  );
}
