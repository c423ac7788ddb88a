// Says what is saved below a folder. Every folder is watched by itself: of a file that an editor puts in the place of another,
// Node's own recursive watching hears nothing afterwards (Linux).

import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join, relative, sep } from 'node:path';

interface Heard {
  /** `file`: from the folder; null where the system does not say. */
  saved(file: string | null): void;
  failed(error: Error): void;
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** @returns how to stop watching */
export function watchFolder(root: string, { saved, failed }: Heard): () => void {
  const watchers = new Map<string, FSWatcher>();

  function forget(folder: string): void {
    for (const [path, watcher] of watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue;
      watcher.close();
      watchers.delete(path);
    }
  }

  function add(folder: string): void {
    watchers.set(folder, watch(folder, (_, name) => hear(folder, name)).on('error', failed));
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) add(join(folder, entry.name));
  }

  function hear(folder: string, name: string | null): void {
    if (name === null) {
      saved(null);
      return;
    }
    const path = join(folder, name);
    // A folder that came, went, or is another of that name.
    if (watchers.has(path) || isFolder(path)) {
      forget(path);
      try {
        if (isFolder(path)) add(path);
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    }
    saved(relative(root, path));
  }

  add(root);
  return () => forget(root);
}
