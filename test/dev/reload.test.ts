// `npm run dev`: what is saved takes the place of the running Worker, and its data stays.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { reloadOnSave } from '../../src/dev/reload.ts';
import { type RuntimeOptions, startRuntime } from '../../src/dev/runtime.ts';
import { throwawayFolder } from '../support/folder.ts';

const objects = new URL('../../durable-objects', import.meta.url).pathname;
const folder = throwawayFolder('reload');
const source = join(folder, 'source');
const entry = join(source, 'worker.ts');
const said: string[] = [];
let url: URL;
const steps: string[] = [];
const ends: (() => Promise<void>)[] = [];

/** A Worker that counts its calls in KV and says `word`. */
const save = (word: string, more = '', file = entry): void =>
  writeFileSync(
    file,
    `export { KeyLimiter } from '${objects}/key-limiter.ts';
    export { PartnerLimiter } from '${objects}/partner-limiter.ts';
    export { PaymentSandbox } from '${objects}/payment-sandbox.ts';
    export default { async fetch(_, { KEY_RECORDS }) {
      const calls = Number(await KEY_RECORDS.get('calls')) + 1;
      await KEY_RECORDS.put('calls', String(calls));
      return Response.json({ word: '${word}', calls });
    } };
    ${more}`,
  );

/** What answers, once there is an answer: a reload closes connections. */
async function ask(): Promise<{ word: string; calls: number }> {
  return vi.waitFor(
    async () => (await fetch(url)).json() as Promise<{ word: string; calls: number }>,
    10_000,
  );
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const hears = (line: RegExp) => vi.waitFor(() => expect(said.join('\n')).toMatch(line), 15_000);

beforeAll(async () => {
  mkdirSync(source);
  save('one');
  const runtime: RuntimeOptions = {
    port: 0,
    persist: join(folder, 'data'),
    variables: {},
    onLog: () => undefined,
    entry,
  };
  const miniflare = await startRuntime(runtime);
  ends.push(() => miniflare.dispose());
  url = await miniflare.ready;
  runtime.port = Number(url.port);
  const ports = {
    drain: async () => void steps.push('drain'),
    swap(work: () => Promise<void>) {
      steps.push('swap');
      return work();
    },
    say: (line: string) => void said.push(line),
  };
  ends.push(await reloadOnSave({ miniflare, runtime }, ports, [source]));
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

it('a save is reloaded once the old Worker has nothing left, and data stays', async () => {
  expect(await ask()).toEqual({ word: 'one', calls: 1 });
  save('two');
  await hears(/^Reloaded/);
  expect(await ask()).toEqual({ word: 'two', calls: 2 });
  // While it is built, and once more for what came meanwhile.
  expect(steps.splice(0)).toEqual(['drain', 'drain', 'swap']);
});

it('what does not build is said, and what ran before goes on', async () => {
  said.length = 0;
  save('three', 'const =');
  await hears(/^Not reloaded.*Build failed/);
  expect(await ask()).toEqual({ word: 'two', calls: 3 });
  expect(steps.splice(0)).toEqual(['drain']);
});

it('what does not start is said, and what ran before is started again', async () => {
  said.length = 0;
  save('three', 'throw new Error("at once");');
  await hears(/^Not reloaded/);
  expect(await ask()).toEqual({ word: 'two', calls: 4 });
  said.length = 0;
  save('three');
  await hears(/^Reloaded/);
  expect(await ask()).toEqual({ word: 'three', calls: 5 });
});

it('a save that changes nothing reloads nothing', async () => {
  said.length = 0;
  save('three', '// a remark');
  await sleep(300);
  save('four');
  await hears(/^Reloaded/);
  expect(said).toHaveLength(1);
});

it('a file that another takes the place of, as many editors save, is reloaded each time', async () => {
  for (const word of ['five', 'six']) {
    said.length = 0;
    save(word, '', `${entry}.new`);
    renameSync(`${entry}.new`, entry);
    await hears(/^Reloaded/);
    expect((await ask()).word).toBe(word);
  }
});
