// Runs before `npm start`, `npm test` and the rest, on whatever Node is there: installs what the lock file says when it
// is not installed. Plain JavaScript, no dependencies.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = `${root}node_modules/.package-lock.json`;
const isCurrent =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;

if (!isCurrent) {
  console.log('Installing the packages of package-lock.json (once) …');
  const npm = process.env.npm_execpath;
  // Not `npm ci`: it refuses a lock file without entries for the platform packages that a registry does not carry.
  // Versions are pinned in package.json, and the lock file is kept as it is.
  const [command, args] = npm ? [process.execPath, [npm, 'install']] : ['npm', ['install']];
  const { status, error } = spawnSync(
    command,
    [...args, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) {
    console.error(
      `npm install failed${error ? `: ${error.message}` : ''}. Is the npm registry within reach?`,
    );
    process.exit(1);
  }
}
