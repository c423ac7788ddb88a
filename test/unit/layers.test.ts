// Arrows point down only: what may import what.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const SURFACES = ['src/gateway', 'src/portal', 'src/operator', 'src/sandbox', 'src/jobs', 'durable-objects'];
/** Pure files that surfaces share: the objects are shells around them. */
const PURE = ['src/limits/', 'src/sandbox/payments/payments.ts'];

const files = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(join(root, path)).isDirectory() ? files(path) : /\.tsx?$/.test(name) ? [path] : [];
  });

const imports = (file: string): { path: string; isType: boolean }[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^(?:import|export)(.*?) from '(.+?)';/gms)].map(
    ([, what = '', from = '']) => ({
      path: from.startsWith('.') ? relative(root, join(root, dirname(file), from)) : from,
      isType: what.trimStart().startsWith('type'),
    }),
  );

const all = [...files('src'), ...files('durable-objects')].filter((file) => !file.startsWith('src/dev/'));
const surfaceOf = (path: string) => SURFACES.find((surface) => path.startsWith(`${surface}/`));

it('core imports nothing of ours', () => {
  for (const file of all.filter((path) => path.startsWith('src/core/'))) {
    expect(
      imports(file).filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/core/')),
    ).toEqual([]);
  }
});

it('limits are pure: no platform, no Hono, no Drizzle, no clock, no randomness, no fetch', () => {
  for (const file of all.filter((path) => path.startsWith('src/limits/'))) {
    for (const { path } of imports(file)) expect(path).toMatch(/^src\/(limits|core)\//);
    expect(readFileSync(join(root, file), 'utf8')).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|crypto\.|fetch\(/,
    );
  }
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
    if (file !== 'src/worker.ts')
      expect(
        paths.map(({ path }) => path),
        file,
      ).not.toContain('src/compose.ts');
    expect(
      paths.map(({ path }) => path),
      file,
    ).not.toContain('src/worker.ts');
    if (surfaceOf(file) || file === 'src/worker.ts' || file === 'src/compose.ts') continue;
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
