// `npm start` in front of somebody's own API, as README says it: what the terminal shows is done word by word.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Place, type StackProcess, startNpm } from '../../loadtest/stack-process.ts';
import { freePort } from '../../src/dev/files.ts';
import { commandsUnder, replaced, runCommand } from '../support/documented-commands.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const END_MOST_MS = 60_000;
const START_MOST_MS = 100_000;
const PETSTORE = 'node_modules/@readme/oas-examples/3.0/yaml/petstore.yaml';
const root = fileURLToPath(new URL('../..', import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), 'passerelle-own-'));
let upstream: Upstream;
let place: Place;
let stack: StackProcess | undefined;

beforeAll(async () => {
  upstream = await startUpstream();
  place = { root, folder: join(folder, 'local'), port: await freePort(), upstream: '' };
});
afterAll(async () => {
  await stop();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
}, END_MOST_MS);

async function stop(): Promise<void> {
  if (stack?.npm.exitCode === null) process.kill(stack.npm.pid ?? 0, 'SIGTERM');
  await stack?.ended(END_MOST_MS);
  stack = undefined;
}

const argumentsOf = (upstreamUrl: string): string[] => {
  const [command = ''] = replaced(commandsUnder('README.md', '## In front of your own API'), [
    { what: './petstore.yaml', by: PETSTORE, why: 'a document that somebody else wrote' },
    { what: 'http://127.0.0.1:9000', by: upstreamUrl, why: 'a server that is here' },
  ]);
  expect(command).toMatch(/^npm start -- /);
  return command.split(' ').slice(3);
};

/** What is said to try it, as it stands. */
const tryIt = async (output: string): Promise<string> => {
  const line = /Try it:\s+(curl .*)/.exec(output)?.[1] ?? '';
  expect(line).toContain('/petstore/');
  return runCommand(line.replace(/^curl /, 'curl -sS '), process.env);
};

/** What is said instead of starting, and how it ends. */
function refused(args: readonly string[]): Promise<{ code: unknown; said: string }> {
  const env = { ...process.env, PORT: String(place.port), PASSERELLE_FOLDER: place.folder };
  return new Promise((resolve) =>
    execFile('npm', ['start', '--', ...args], { cwd: root, env, timeout: END_MOST_MS }, (error, out, err) =>
      resolve({ code: error?.code, said: out + err }),
    ),
  );
}

it('says what is wrong with a document or an upstream, and ends before anything starts', async () => {
  const wrong = join(folder, 'wrong.yaml');
  writeFileSync(
    wrong,
    'openapi: 3.0.0\ninfo: {title: Wrong, version: "1"}\npaths:\n  /a/{b}{c}: {get: {responses: {}}}\n  d: {get: {responses: {}}}\n',
  );
  const missing = join(folder, 'nothing.yaml');
  const cases: [args: string[], said: string][] = [
    [
      ['--openapi', wrong, '--upstream', upstream.origin],
      `${wrong} cannot be offered:\n  /paths/~1a~1{b}{c} has two templates with nothing between them\n  /paths/d must begin with a slash`,
    ],
    [['--openapi', missing], `${missing} cannot be read: ENOENT`],
    [
      ['--openapi', PETSTORE, '--upstream', 'localhost:9000'],
      '--upstream takes the address of an HTTP server: --upstream http://127.0.0.1:9000',
    ],
    [['--upstream', upstream.origin], '--openapi takes a file or an address: --openapi ./petstore.yaml'],
  ];
  const answers = await Promise.all(cases.map(([args]) => refused(args)));
  for (const [i, [, said]] of cases.entries())
    expect(answers[i]).toEqual({ code: 1, said: expect.stringContaining(said) });
  expect(answers.map(({ said }) => said).join()).not.toContain('Starting PostgreSQL');
  expect(existsSync(place.folder)).toBe(false);
});

it(
  'leads a call to the upstream, and does so after the next start without a flag',
  async () => {
    stack = await startNpm({ ...place, args: argumentsOf(upstream.origin) });
    const output = stack.output();
    // The server of the document has its path, and so has this one.
    expect(output).toContain(`${stack.demo.url}/petstore  ->  ${upstream.origin}/v2`);
    expect(output).toContain(`${stack.demo.url}/operator/apis/petstore`);
    const answer = await tryIt(output);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).toMatch(/x-ratelimit-remaining-month: \d+/i);
    expect(answer).toContain('{"upstream":true,"url":"/v2/');
    await stop();

    stack = await startNpm(place);
    const again = /Try it:\s+(curl .*)/.exec(output)?.[1] ?? '';
    expect(await runCommand(again.replace(/^curl /, 'curl -sS '), process.env)).toContain(
      '{"upstream":true,"url":"/v2/',
    );
  },
  2 * START_MOST_MS,
);
