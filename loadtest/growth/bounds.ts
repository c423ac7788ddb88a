// What bounds the maps that an isolate remembers things in, read from the source.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url).href);
/** `dropOldest(map, MAX_…)`, or `if (map.size >= MAX_…) map.clear()`. */
const BOUNDED = /dropOldest\((?:this\.)?(\w+), ((?:MAX|MOST)_\w+)\)|(\w+)\.size >= ((?:MAX|MOST)_\w+)/g;

/** Every map in the source that is bounded by how many entries it has. */
export function boundsInSource(): Record<string, number> {
  const bounds: Record<string, number> = {};
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(SOURCE, file), 'utf8');
    for (const [, dropped, most = '', cleared, size = ''] of text.matchAll(BOUNDED)) {
      const name = most || size;
      const value = new RegExp(`const ${name} = ([\\d_]+)`).exec(text)?.[1];
      if (value) bounds[`${file} ${dropped ?? cleared}`] = Number(value.replaceAll('_', ''));
    }
  }
  return bounds;
}
