// The Worker in workerd, through Miniflare, from wrangler.toml: what `npm start`, the API tests and the benchmark run.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { ASSETS_FOLDER, buildAssets } from '../web/build-assets.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);

export interface RuntimeOptions {
  port: number;
  /** Folder for KV, Durable Objects and the cache; in memory when left out. */
  persist?: string;
  variables: Record<string, string>;
  /** Lines that the Worker logs. */
  onLog(line: string): void;
  entry?: string;
  /** The module that stands for `#brand`; our own when left out. */
  brand?: string;
}

const OUR_BRAND = join(ROOT, 'src/brand/default.ts');

export const bundleOptions = (entry = 'src/worker.ts', brand = OUR_BRAND) =>
  ({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser', 'import'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.md': 'text' },
    alias: { '#brand': brand },
    // Names stay; a third less is handed to workerd at each reload.
    minifyWhitespace: true,
    logLevel: 'warning',
  }) satisfies BuildOptions;

export async function bundle(entry?: string, brand?: string): Promise<string> {
  const { outputFiles } = await build(bundleOptions(entry, brand));
  const [file] = outputFiles;
  if (!file) throw new Error('nothing was bundled');
  return file.text;
}

/** What the assets binding answers: the file of that path, or 404. */
function serveAsset(request: { url: string }): Response {
  const path = join(ASSETS_FOLDER, decodeURIComponent(new URL(request.url).pathname));
  if (!path.startsWith(ASSETS_FOLDER) || !existsSync(path)) return new Response(null, { status: 404 });
  return new Response(readFileSync(path));
}

/** Crons of wrangler.toml, top level. */
export function crons(): string[] {
  const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
  const list = /^crons = (\[.*\])$/m.exec(toml)?.[1] ?? '[]';
  return JSON.parse(list);
}

/** What Miniflare runs: the Worker of wrangler.toml with this text. */
export function miniflareOptions({ port, persist, variables, onLog }: RuntimeOptions, text: string) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'));
  // Not Miniflare's asset router: it would take each request first. The binding is all that the Worker asks for.
  const { modulesRules: _rules, assets: _assets, ...options } = workerOptions;
  return convertV4MiniflareOptions({
    ...options,
    name: 'passerelle',
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: text }],
    // wrangler.toml names no environment at its top: nothing that is deployed from it is your machine.
    bindings: { ...(options.bindings as Record<string, string>), ENVIRONMENT: 'development', ...variables },
    serviceBindings: { ASSETS: serveAsset },
    host: '127.0.0.1',
    port,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ message }) => onLog(message),
    ...(persist && { resourcePersistencePath: persist }),
  });
}

export async function startRuntime(options: RuntimeOptions): Promise<Miniflare> {
  await buildAssets();
  const miniflare = new Miniflare(miniflareOptions(options, await bundle(options.entry, options.brand)));
  await miniflare.ready;
  return miniflare;
}

/** Fires each cron of wrangler.toml at its minutes. Returns how to stop. */
export function startCron(fire: (cron: string, scheduledMs: number) => Promise<void>): () => void {
  const matches = (field: string, value: number) => field === '*' || Number(field) === value;
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(tick, 60_000 - (Date.now() % 60_000) + 50);
  };
  const tick = () => {
    const at = new Date(Math.floor(Date.now() / 60_000) * 60_000);
    for (const cron of crons()) {
      const [minute = '*', hour = '*'] = cron.split(' ');
      if (matches(minute, at.getUTCMinutes()) && matches(hour, at.getUTCHours()))
        void fire(cron, at.getTime());
    }
    wait();
  };
  wait();
  return () => clearTimeout(timer);
}
