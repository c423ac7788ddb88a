// Arrows point down only: what may import what.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Import, importsOf } from '../support/syntax.ts';

const root = new URL('../..', import.meta.url).pathname;
const SURFACES = ['src/gateway', 'src/portal', 'src/operator', 'src/sandbox', 'src/jobs', 'durable-objects'];
/** Pure files that surfaces share: the objects are shells around them. */
const PURE = ['src/limits/', 'src/sandbox/payments/payments.ts'];

const files = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(join(root, path)).isDirectory() ? files(path) : /\.tsx?$/.test(name) ? [path] : [];
  });

const known = new Map<string, Import[]>();
const imports = (file: string): Import[] => {
  const found = known.get(file) ?? importsOf(file);
  known.set(file, found);
  return found;
};

/** What composes the rest, and is imported by itself and the doors alone. */
const COMPOSERS = ['src/compose.ts', 'src/services.ts', 'src/outgoing.ts', 'src/surfaces.ts'];

/** What runs on your machine alone may import anything. */
const isDev = (path: string): boolean => path.startsWith('src/dev/');
const all = [...files('src'), ...files('durable-objects')].filter((file) => !isDev(file));
const surfaceOf = (path: string) => SURFACES.find((surface) => path.startsWith(`${surface}/`));

it('sees imports of every form', () => {
  const seen = (file: string, path: string) => imports(file).filter((each) => each.path === path);
  const plain = { isType: false, isLater: false };
  expect(seen('src/surfaces.ts', 'src/http/path.ts')).toMatchObject([plain]);
  // For its effects alone.
  expect(seen('src/portal/web/pages.ts', 'src/portal/web/home-page.tsx')).toMatchObject([plain]);
  expect(seen('src/worker.ts', 'src/surfaces.ts')).toMatchObject([{ isLater: true }]);
  expect(seen('src/compose.ts', 'durable-objects/key-limiter.ts')).toMatchObject([{ isType: true }]);
});

it('nothing but itself imports what runs on your machine alone', () => {
  for (const file of all)
    expect(
      imports(file).filter(({ path }) => isDev(path)),
      file,
    ).toEqual([]);
});

it('core imports nothing of ours', () => {
  for (const file of all.filter((path) => path.startsWith('src/core/'))) {
    expect(
      imports(file).filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/core/')),
    ).toEqual([]);
  }
});

const IMPURE = /Date\.now|new Date\(\)|Math\.random|crypto\.|fetch\(/;

it('limits are pure: no platform, no Hono, no Drizzle, no clock, no randomness, no fetch', () => {
  for (const file of all.filter((path) => path.startsWith('src/limits/'))) {
    for (const { path } of imports(file)) expect(path).toMatch(/^src\/(limits|core)\//);
    expect(readFileSync(join(root, file), 'utf8')).not.toMatch(IMPURE);
  }
});

it('so is a simulation, and all that it runs: it is the code that limits and bills', () => {
  const run = new Set<string>();
  const load = (file: string): void => {
    if (run.has(file) || !file.startsWith('src/') || file.endsWith('.json')) return;
    run.add(file);
    for (const { path, isType } of imports(file)) if (!isType) load(path);
  };
  load('src/simulator/simulation.ts');
  load('src/simulator/scenario.ts');
  expect([...run]).toEqual(expect.arrayContaining(['src/limits/partner-draw.ts', 'src/billing/month.ts']));
  for (const file of run) {
    expect(file).not.toMatch(/-(store|service|reports)\.ts$|^src\/platform\/(?!database|row|query)/);
    if (/^src\/simulator\//.test(file)) expect(readFileSync(join(root, file), 'utf8')).not.toMatch(IMPURE);
  }
});

/** `src/keys` of `src/keys/key-store.ts`; a file of `src` itself stands for itself. */
const folderOf = (path: string): string | undefined => /^(?:src\/[^/]+|durable-objects)/.exec(path)?.[0];

it('no folders import each other, not even their types, nor in a ring', () => {
  const imported = new Map<string, Map<string, string>>();
  for (const file of all)
    for (const { path } of imports(file)) {
      const [from, to] = [folderOf(file), folderOf(path)];
      if (!from || !to || from === to) continue;
      imported.set(from, (imported.get(from) ?? new Map()).set(to, `${file} -> ${path}`));
    }
  // Whoever imports nothing that is left is taken away, until nobody is, or only rings are.
  for (let before = -1; before !== imported.size; ) {
    before = imported.size;
    for (const [from, to] of imported)
      if ([...to.keys()].every((folder) => !imported.has(folder))) imported.delete(from);
  }
  expect([...imported.values()].flatMap((to) => [...to].filter(([folder]) => imported.has(folder)))).toEqual(
    [],
  );
});

it('surfaces never import each other', () => {
  for (const file of all) {
    const own = surfaceOf(file);
    if (!own) continue;
    const foreign = imports(file).filter(({ path }) => {
      const other = surfaceOf(path);
      return other && other !== own && !PURE.some((pure) => path.startsWith(pure));
    });
    expect(foreign, file).toEqual([]);
  }
});

it('domains and platform import no surface but for types, and nothing imports the doors', () => {
  for (const file of all) {
    const paths = imports(file);
    const isComposer = file === 'src/worker.ts' || COMPOSERS.includes(file);
    if (!isComposer) expect(paths.filter(({ path }) => COMPOSERS.includes(path))).toEqual([]);
    expect(
      paths.map(({ path }) => path),
      file,
    ).not.toContain('src/worker.ts');
    if (surfaceOf(file) || isComposer) continue;
    expect(
      paths.filter(({ path, isType }) => surfaceOf(path) && !isType),
      file,
    ).toEqual([]);
  }
});

it('only stores, services and platform know Drizzle', () => {
  for (const file of all.filter(
    (path) => !/-(store|service|reports)\.ts$|^src\/platform\/|machine-routes/.test(path),
  )) {
    expect(
      imports(file).filter(({ path }) => path.startsWith('drizzle')),
      file,
    ).toEqual([]);
  }
});

it('calls of the offered API load nothing of the portal, the console, accounts or documents', () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    if (!existsSync(join(root, file)) || file.endsWith('.json')) return;
    for (const { path, isType, isLater } of imports(file)) if (!isType && !isLater) load(path);
  };
  load('src/worker.ts');
  expect(loaded).toContain('src/gateway/pipeline.ts');
  const foreign = [...loaded].filter((path) =>
    /^src\/(portal|operator|web|accounts|jobs|webhooks|mail)\/|better-auth|pdf-lib|marked|zod-openapi|^hono$/.test(
      path,
    ),
  );
  expect(foreign).toEqual([]);
});
