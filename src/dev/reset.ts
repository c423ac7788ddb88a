// `npm run reset`: wipes all local data, after ending what is left of a run that did not stop.

import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { endOrphans } from './process-record.ts';
import { localFolder } from './settings.ts';

const folder = localFolder(process.env);
const isOurs = basename(folder) === '.local' || existsSync(join(folder, 'secrets.json'));
if (existsSync(folder) && !isOurs) {
  console.error(`${folder} does not look like Passerelle's data (no secrets.json): nothing was wiped.`);
  process.exit(1);
}
try {
  await endOrphans(folder, console.log);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
console.log('Local data is wiped. npm start makes it anew.');
