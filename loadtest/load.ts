// `npm run load [script]`: runs a k6 script against a running `npm start` (or BASE_URL). k6 is a program of its own.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('k6', import.meta.url).href);
const scripts = readdirSync(folder)
  .map((name) => basename(name, '.ts'))
  .filter((name) => !['target', 'sliding-second'].includes(name));
const [name = 'smoke', ...rest] = process.argv.slice(2);

if (!scripts.includes(name)) {
  console.error(`There is no script ${name}. There are: ${scripts.join(', ')}.`);
  process.exit(1);
}
if (spawnSync('k6', ['version']).status !== 0) {
  console.error(`k6 is not installed. It is not an npm package: https://grafana.com/docs/k6/latest/set-up/install-k6/
  macOS    brew install k6
  Debian   the packages of https://dl.k6.io/deb, then apt-get install k6
  Docker   docker run --rm --network host --user "$(id -u)" -v "$PWD":/app:ro grafana/k6 run /app/loadtest/k6/${name}.ts
Then: npm run load ${name}`);
  process.exit(1);
}
const demo = fileURLToPath(new URL('../.local/demo.json', import.meta.url).href);
if (!process.env.BASE_URL && !existsSync(demo)) {
  console.error('Nothing to load: run npm start in another terminal first, or set BASE_URL and the keys.');
  process.exit(1);
}
const { status } = spawnSync('k6', ['run', ...rest, `${folder}/${name}.ts`], { stdio: 'inherit' });
process.exit(status ?? 1);
