// `npm start`: the whole of Passerelle on your machine, from an empty folder. PORT and UPSTREAM_ORIGIN are read from
// the environment. Ctrl-C and SIGTERM stop everything, in order.

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOGINS } from './demo.ts';
import { isFree } from './files.ts';
import { startStack } from './stack.ts';

const FOLDER = fileURLToPath(new URL('../../.local', import.meta.url).href);
const DEFAULT_PORT = 8787;
/** Usage that is on its way is folded before the end: a flush, a batch, and a margin. */
const DRAIN_MS = 2500;

/** Ctrl-C reaches a whole process group at once: the stack runs in one of its own, and is asked to stop in order. */
if (process.argv[2] !== 'run') {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'run'], {
    detached: true,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => child.kill('SIGTERM'));
  const code = await new Promise<number>((resolve) => child.once('exit', (status) => resolve(status ?? 1)));
  process.exit(code);
}

let isStopping = false;
let stopStack: (() => Promise<void>) | undefined;
let lastLineMs = 0;

async function stop(): Promise<void> {
  const isFirst = !isStopping;
  isStopping = true;
  if (!isFirst || !stopStack) return;
  console.log('\nStopping …');
  const idleMs = Date.now() - lastLineMs;
  if (idleMs < DRAIN_MS) await new Promise((resolve) => setTimeout(resolve, DRAIN_MS - idleMs));
  await stopStack();
  process.exit(0);
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(), 1000).unref();

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function upstream(): Record<string, string> {
  const origin = process.env.UPSTREAM_ORIGIN;
  if (!origin) return {};
  if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol)) {
    fail('UPSTREAM_ORIGIN must be the address of an HTTP server, like http://127.0.0.1:9000');
  }
  return { UPSTREAM_ORIGIN: origin };
}

const port = Number(process.env.PORT ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail('PORT must be a number from 0 to 65535.');
if (port !== 0 && !(await isFree(port))) fail(`Port ${port} is taken. Choose another: PORT=8788 npm start`);

mkdirSync(FOLDER, { recursive: true });
const logFile = join(FOLDER, 'worker.log');
console.log('Starting PostgreSQL and the Worker …');
const variables = upstream();
const stack = await startStack({
  folder: FOLDER,
  port,
  variables,
  cron: true,
  onLog(line) {
    lastLineMs = Date.now();
    appendFileSync(logFile, `${line}\n`);
  },
}).catch((error: Error) => fail(`Passerelle could not start: ${error.message}`));

stopStack = stack.stop;
if (isStopping) {
  await stack.stop();
  process.exit(0);
}
const { keys } = stack.demo;
console.log(`
Passerelle is ready: ${stack.url}

  Upstream of live keys   ${variables.UPSTREAM_ORIGIN ?? 'the built-in sandbox (set UPSTREAM_ORIGIN for a real one)'}
  Portal                  ${stack.url}/sign-in
  Developer               ${LOGINS.developer.email}  password ${LOGINS.developer.password}
  Operator                ${LOGINS.operator.email}  password ${LOGINS.operator.password}
  Mails                   ${stack.url}/outbox
  Guides, reference       ${stack.url}/docs
  Live key                ${keys.live}
  Test key                ${keys.test}
  Free-tier key           ${keys.free}
  Enterprise key          ${keys.enterprise}
  Signing key             ${keys.signing.id}  secret ${keys.signing.secret}
  Tokens, database        .local/demo.json
  Requests                .local/worker.log

Try it:

  curl -i -H 'Authorization: Bearer ${keys.test}' '${stack.url}/v2/stops/search?q=colobane'

Ctrl-C stops everything; the data is kept (npm run reset wipes it).`);
