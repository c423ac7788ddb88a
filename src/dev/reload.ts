// `npm run dev`: what is saved in src or durable-objects is built, and takes the place of the running Worker. Data is on
// disk, and what the old Worker still held is folded first. What does not build or start is said; the old Worker goes on.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { ASSETS_FOLDER, buildAssets } from '../web/build-assets.ts';
import { bundleOptions, miniflareOptions } from './runtime.ts';
import type { Stack } from './stack.ts';
import { watchFolder } from './watch-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
const FOLDERS = ['src', 'durable-objects'].map((name) => join(ROOT, name));
/** What stylesheets and islands are made of. Assets take as long as the Worker, and few saves change them. */
const FEEDS_ASSETS = /^(?:web|core|keys)\b/;
/** Editors write a file more than once, and a checkout writes many. */
const SETTLE_MS = 60;

export interface ReloadPorts {
  /** Folds what the old Worker holds. @returns what was left undone, in words */
  drain(): Promise<string | undefined>;
  /** Runs what ends one workerd and begins another. */
  swap(work: () => Promise<void>): Promise<void>;
  say(line: string): void;
}

/** Runs `work` after a burst of calls, once at a time, and once more for what came meanwhile. */
export function afterBursts(work: () => Promise<void>, settleMs = SETTLE_MS) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  return {
    call(): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        running = running.then(work);
      }, settleMs);
    },
    /** What runs comes to its end; nothing more begins. */
    async stop(): Promise<void> {
      clearTimeout(timer);
      await running;
    },
  };
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/** @returns how to stop watching */
export async function reloadOnSave(
  { miniflare, runtime }: Pick<Stack, 'miniflare' | 'runtime'>,
  { drain, swap, say }: ReloadPorts,
  folders: readonly string[] = FOLDERS,
): Promise<() => Promise<void>> {
  const builder = await context(bundleOptions(runtime.entry, runtime.brand));
  let hasOldAssets = false;
  /** The Worker's text, and the names of the assets, which carry a hash of what is in them. */
  const make = async (): Promise<{ text: string; assets: string }> => {
    const building = hasOldAssets ? buildAssets() : undefined;
    hasOldAssets = false;
    const [{ outputFiles }] = await Promise.all([builder.rebuild(), building]);
    return {
      text: outputFiles[0]?.text ?? '',
      assets: readFileSync(join(ASSETS_FOLDER, 'manifest.json'), 'utf8'),
    };
  };
  const put = ({ text }: { text: string }) => miniflare.setOptions(miniflareOptions(runtime, text));
  let current = await make();

  async function reload(): Promise<void> {
    const startMs = Date.now();
    let isEnded = false;
    try {
      // What was called just before is folded while the Worker is built: what is left to fold then is little.
      const [next] = await Promise.all([make(), drain()]);
      if (next.text === current.text && next.assets === current.assets) return;
      const left = await drain();
      isEnded = true;
      await swap(() => put(next));
      current = next;
      say(`Reloaded in ${Date.now() - startMs} ms.${left ? ` ${left}` : ''}`);
    } catch (error) {
      say(`Not reloaded; what ran before goes on. ${reasonOf(error)}`);
      if (isEnded)
        await swap(() => put(current)).catch((again) => say(`The Worker does not start: ${reasonOf(again)}`));
    }
  }

  const saves = afterBursts(reload);
  const ends = folders.map((folder) =>
    watchFolder(folder, {
      saved(file) {
        hasOldAssets ||= file === null || FEEDS_ASSETS.test(file);
        saves.call();
      },
      failed: (error) => say(`Not all of ${folder} is watched any more: ${reasonOf(error)}`),
    }),
  );
  return async () => {
    for (const end of ends) end();
    await saves.stop();
    await builder.dispose();
  };
}
