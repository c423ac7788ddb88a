// `npm run passerelle -- plan|apply|drift|export [passerelle.yaml]`: an instance as a file names it, with an operator's token.
// 0: done, and nothing differs; 1: it did not work; 2: there are changes (plan), or drift.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isObject, type JsonObject } from '../catalog/adopt/read-document.ts';
import { type Drift, driftSaid, type Plan, planSaid } from './config-output.ts';
import { readConfigFile, writeConfigFile } from './config-source.ts';
import { localFolder } from './settings.ts';

const USAGE = `Usage: npm run passerelle -- plan   [passerelle.yaml] [--json]
       npm run passerelle -- apply  [passerelle.yaml] [--reason <why>] [--json]
       npm run passerelle -- drift  [--json]
       npm run passerelle -- export [passerelle.yaml] [--partners]
--url and --token (or PASSERELLE_URL, PASSERELLE_TOKEN) name another instance than the one of \`npm start\`.`;
const COMMANDS = ['plan', 'apply', 'drift', 'export'] as const;
type Command = (typeof COMMANDS)[number];
const DIFFERS = 2;
const TIMEOUT_MS = 60_000;

interface Instance {
  url: string;
  token: string;
}

/** What the answer of a refusal holds. */
interface Refusal {
  message?: string;
  details?: { field: string; message: string }[];
  changed?: string[];
  now?: { path: string; value: unknown; owner: string; by: string | null }[];
}

/** The one that runs here, unless another is named. */
function instanceIn(values: { url?: string; token?: string }, env: NodeJS.ProcessEnv): Instance {
  const file = join(localFolder(env), 'demo.json');
  const local: JsonObject = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const url = values.url ?? env.PASSERELLE_URL ?? local.url;
  const own = isObject(local.operator) && url === local.url ? local.operator.token : undefined;
  const token = values.token ?? env.PASSERELLE_TOKEN ?? own;
  if (typeof url !== 'string')
    throw new Error('No instance: start one with `npm start`, or name one with --url');
  if (typeof token !== 'string') throw new Error('No token: an operator’s, with --token or PASSERELLE_TOKEN');
  return { url, token };
}

function refusalSaid(
  status: number,
  { message = `the instance answered ${status}`, details = [], changed = [], now = [] }: Refusal,
) {
  const stands = now
    .filter(({ path }) => changed.some((each) => each !== '' && path.startsWith(each)))
    .map(
      ({ path, value, owner, by }) =>
        `  ${path} is ${JSON.stringify(value)} (${[owner, by].filter(Boolean).join(', ')})`,
    );
  const places = changed.map((path) => `  ${path || 'a file was applied'}`);
  return [
    message,
    ...details.map(({ field, message: why }) => `  ${field} ${why}`),
    ...places,
    ...stands,
  ].join('\n');
}

/** @throws an error in words for whoever reads the terminal */
async function ask<Answer>({ url, token }: Instance, path: string, body?: object): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(new URL(`/api/admin/config${path}`, url), {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Error(`${url} does not answer`);
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(refusalSaid(response.status, isObject(answer) ? answer : {}));
  // Its shape is of the same version as this command.
  return answer as Answer;
}

type Planned = Plan & { version: Record<string, string> };

async function run(
  command: Command,
  path: string,
  instance: Instance,
  { isJson, reason, withPartners }: { isJson: boolean; reason: string | undefined; withPartners: boolean },
): Promise<number> {
  const say = (answer: object, text: string) => console.log(isJson ? JSON.stringify(answer, null, 2) : text);
  if (command === 'export') {
    const files = writeConfigFile(path, await ask(instance, withPartners ? '?partners=true' : ''));
    say({ files }, files.map((file) => `wrote ${file}`).join('\n'));
    return 0;
  }
  if (command === 'drift') {
    const { data } = await ask<{ data: Drift[] }>(instance, '/drift');
    say(data, driftSaid(data));
    return data.length > 0 ? DIFFERS : 0;
  }
  const file = await readConfigFile(path);
  const planned = await ask<Planned>(instance, '/plan', { file });
  if (command === 'plan') {
    say(planned, planSaid(planned));
    return planned.changes.length > 0 ? DIFFERS : 0;
  }
  const applied = await ask<Plan & { in_force: boolean }>(instance, '/apply', {
    file,
    version: planned.version,
    reason,
  });
  const inForce = applied.in_force ? '' : '\nSome edges hear of its APIs within a minute.';
  say(applied, `${planSaid(applied)}\nApplied.${inForce}`);
  return 0;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      reason: { type: 'string' },
      json: { type: 'boolean', default: false },
      partners: { type: 'boolean', default: false },
    },
  });
  const command = COMMANDS.find((each) => each === positionals[0]);
  if (!command || positionals.length > 2) throw new Error(USAGE);
  // npm runs in the checkout, wherever it was called.
  const path = resolve(process.env.INIT_CWD ?? '', positionals[1] ?? 'passerelle.yaml');
  const options = { isJson: values.json, reason: values.reason, withPartners: values.partners };
  return run(command, path, instanceIn(values, process.env), options);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  });
