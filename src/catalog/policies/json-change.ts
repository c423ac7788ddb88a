// Changes of a JSON value at places that pointers name (RFC 6901); `*` is every member or item. Pure: what is given stays as it
// is. Places that are not there are left alone, but for `set`, which makes the last of them.

import { partsOf } from '../../core/json-pointer.ts';
import { isWritten } from './exact-json.ts';
import type { JsonChange } from './policy.ts';

const REDACTED = '[redacted]';

type Members = Record<string, unknown>;
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isWritten(value);

/** At the last part of a pointer. */
function changed(parent: unknown, part: string, change: JsonChange): unknown {
  if (Array.isArray(parent)) {
    if (part === '*') return change.op === 'remove' ? [] : parent.map((item) => put(item, change));
    const at = Number(part);
    if (!/^\d+$/.test(part) || at >= parent.length || change.op === 'rename') return parent;
    return change.op === 'remove'
      ? parent.filter((_, i) => i !== at)
      : parent.map((item, i) => (i === at ? put(item, change) : item));
  }
  if (!isMembers(parent)) return parent;
  if (part === '*')
    return change.op === 'remove'
      ? {}
      : Object.fromEntries(Object.entries(parent).map(([name, value]) => [name, put(value, change)]));
  if (!Object.hasOwn(parent, part)) return change.op === 'set' ? { ...parent, [part]: change.value } : parent;
  if (change.op === 'set' || change.op === 'redact') return { ...parent, [part]: put(parent[part], change) };
  return Object.fromEntries(
    Object.entries(parent).flatMap(([name, value]): [string, unknown][] => {
      if (name !== part) return change.op === 'rename' && name === change.to ? [] : [[name, value]];
      return change.op === 'rename' ? [[change.to, value]] : [];
    }),
  );
}

const put = (value: unknown, change: JsonChange): unknown => {
  if (change.op === 'set') return change.value;
  return change.op === 'redact' ? REDACTED : value;
};

function at(value: unknown, parts: readonly string[], change: JsonChange): unknown {
  const [part = '', ...rest] = parts;
  if (rest.length === 0) return changed(value, part, change);
  if (Array.isArray(value))
    return value.map((item, i) => (part === '*' || part === String(i) ? at(item, rest, change) : item));
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      part === '*' || part === name ? at(each, rest, change) : each,
    ]),
  );
}

export const changeJson = (value: unknown, changes: readonly JsonChange[]): unknown =>
  changes.reduce((whole, change) => at(whole, partsOf(change.pointer), change), value);
