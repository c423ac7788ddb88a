// `npm start`, and `npm run dev` (`--watch`): what waits at the terminal. The stack runs in a process group of its own (src/dev/run.ts), because Ctrl-C
// reaches a whole group at once and everything in it would stop at once; it is asked to stop in order.
// Nothing is imported here that answers signals by itself.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endOrphans } from './process-record.ts';
import { localFolder } from './settings.ts';
import { ownSignals } from './signals.ts';

const PARENT_EVERY_MS = 1000;

const run = fileURLToPath(new URL('run.ts', import.meta.url).href);
const child = spawn(process.execPath, [run, ...process.argv.slice(2)], {
  detached: true,
  stdio: 'inherit',
});
let isAsked = false;
const stop = (): void => {
  isAsked = true;
  child.kill('SIGTERM');
};
ownSignals(stop);

// npm that was killed passes on no signals. Without npm, whoever started this may leave it running.
const parent = process.ppid;
let isForsaken = false;
if (['start', 'dev'].includes(process.env.npm_lifecycle_event ?? '')) {
  setInterval(() => {
    if (process.ppid === parent || isForsaken) return;
    isForsaken = true;
    stop();
  }, PARENT_EVERY_MS).unref();
}

const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
  child.once('exit', (...how) => resolve(how)),
);
if (signal === 'SIGTERM' && isAsked) console.log('\nStopped before it had begun.');
else if (signal) {
  console.error(
    `Passerelle was ended from outside (${signal}). Calls in flight, and usage of the last seconds, are lost.`,
  );
  await endOrphans(localFolder(process.env), console.error).catch((error) => console.error(String(error)));
}
process.exit(code ?? 1);
