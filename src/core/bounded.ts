// Keeps collections bounded.

/** Drops the entries that were added first, until at most `most` are left. */
export function dropOldest<Key>(collection: Map<Key, unknown> | Set<Key>, most: number): void {
  for (const key of collection.keys()) {
    if (collection.size <= most) return;
    collection.delete(key);
  }
}
