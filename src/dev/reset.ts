// `npm run reset`: wipes all local data.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../.local', import.meta.url).href);
const pidFile = `${folder}/postgres/postmaster.pid`;
if (existsSync(pidFile)) {
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  let isRunning = true;
  try {
    process.kill(pid, 0);
  } catch {
    isRunning = false;
  }
  if (isRunning) {
    console.error('Passerelle is running here. Stop it first (Ctrl-C), then run npm run reset again.');
    process.exit(1);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log('Local data is wiped. npm start makes it anew.');
