// Everything that is saved below a folder is heard, however it is saved.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchFolder } from '../../src/dev/watch-folder.ts';

let root: string;
let end: () => void;
const heard: (string | null)[] = [];
const failed: Error[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'passerelle-watch-'));
  mkdirSync(join(root, 'web/parts'), { recursive: true });
  end = watchFolder(root, { saved: (file) => heard.push(file), failed: (error) => failed.push(error) });
});
afterEach(() => {
  end();
  rmSync(root, { recursive: true });
  expect(failed.splice(0)).toEqual([]);
});

const save = (file: string) => writeFileSync(join(root, file), String(Math.random()));
async function hears(file: string, work: () => void): Promise<void> {
  heard.length = 0;
  work();
  await vi.waitFor(() => expect(heard).toContain(file), 10_000);
}

it('a file that is written, and one that takes its place, again and again', async () => {
  const file = 'web/parts/form.tsx';
  const replace = () => {
    save(`${file}.new`);
    renameSync(join(root, `${file}.new`), join(root, file));
  };
  for (const work of [() => save(file), replace, () => save(file), replace, replace]) await hears(file, work);
});

it('a file of a new folder, of a folder in it, and of one that takes its place', async () => {
  await hears('docs', () => mkdirSync(join(root, 'docs/deep'), { recursive: true }));
  await hears('docs/deep/page.ts', () => save('docs/deep/page.ts'));
  await hears('docs', () => renameSync(join(root, 'docs'), join(root, 'guides')));
  await hears('guides/deep/page.ts', () => save('guides/deep/page.ts'));
  await hears('docs', () => mkdirSync(join(root, 'docs')));
  await hears('docs/page.ts', () => save('docs/page.ts'));
});
