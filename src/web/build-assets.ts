// Makes the static assets: one stylesheet, the islands, and the reference's own bundle, into `.assets`. Runs before
// `npm start`, `npm test` and `wrangler deploy` (its `[build]`). Names carry a hash of the content, so that they can be
// cached for good; `manifest.json` says which name is current.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
export const ASSETS_FOLDER = join(ROOT, '.assets');
const ENTRIES = {
  'portal.css': 'src/web/portal.css',
  'portal.js': 'src/web/islands/portal.island.ts',
  'playground.js': 'src/web/islands/playground.island.ts',
};

const MANIFEST = 'manifest.json';

/** What is there already stays when it is the same: somebody else may be reading it. */
export async function buildAssets(): Promise<void> {
  const made = join(ROOT, 'node_modules/.cache', `passerelle-assets-${process.pid}`);
  rmSync(made, { recursive: true, force: true });
  const manifest = await buildInto(made);
  const current = join(ASSETS_FOLDER, MANIFEST);
  const isSame = existsSync(current) && readFileSync(current, 'utf8') === manifest;
  if (!isSame) {
    rmSync(ASSETS_FOLDER, { recursive: true, force: true });
    renameSync(made, ASSETS_FOLDER);
  }
  rmSync(made, { recursive: true, force: true });
}

/** The manifest, as it is written. */
async function buildInto(made: string): Promise<string> {
  const folder = join(made, 'assets');
  mkdirSync(folder, { recursive: true });
  const manifest: Record<string, string> = {};
  for (const [name, entry] of Object.entries(ENTRIES)) {
    const { outputFiles } = await build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: ['es2022', 'chrome110', 'firefox115', 'safari16'],
      external: ['/assets/*'],
      logLevel: 'warning',
    });
    const contents = outputFiles[0]?.contents ?? new Uint8Array();
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
    const file = name.replace('.', `.${hash}.`);
    writeFileSync(join(folder, file), contents);
    manifest[name] = `/assets/${file}`;
  }
  const scalar = join(ROOT, 'node_modules/@scalar/api-reference');
  const { version } = JSON.parse(readFileSync(join(scalar, 'package.json'), 'utf8')) as { version: string };
  const reference = `reference-${version}`;
  cpSync(join(scalar, 'dist/browser'), join(folder, reference), {
    recursive: true,
    filter: (path) => !path.endsWith('.map') && !path.endsWith('standalone.js'),
  });
  manifest['reference.js'] = `/assets/${reference}/standalone.esm.js`;
  const text = JSON.stringify(manifest);
  writeFileSync(join(made, MANIFEST), text);
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAssets();
