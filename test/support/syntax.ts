// The syntax of our files, parsed: strings, comments and line breaks mislead nobody.

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseAst } from 'vitest/node';

const root = new URL('../..', import.meta.url).pathname;

export interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** All that is in it, from the outside in. */
export function* nodesIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* nodesIn(each);
  else if (isNode(value)) {
    yield value;
    for (const [field, inner] of Object.entries(value)) if (field !== 'parent') yield* nodesIn(inner);
  }
}

/** `path`: from the root. */
export function parsed(path: string): { text: string; program: unknown } {
  const text = readFileSync(join(root, path), 'utf8');
  return { text, program: parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }) };
}

/** Where an import of this file leads: from the root, or a package. */
export const resolved = (file: string, from: string): string =>
  from.startsWith('.') ? relative(root, join(root, dirname(file), from)) : from;

export interface Import {
  path: string;
  isType: boolean;
  /** `import(…)`: loaded when it is come to. */
  isLater: boolean;
}

/** Every import of a file: of names, of all, of effects, re-exported, of types, and those to come. */
export function importsOf(file: string): Import[] {
  return [...nodesIn(parsed(file).program)].flatMap((node) => {
    const { type, source, argument, importKind, exportKind } = node;
    if (!/^(?:Import|Export|TSImport)/.test(type)) return [];
    const from = isNode(source) ? source : argument;
    if (!isNode(from) || typeof from.value !== 'string') return [];
    const isType = type === 'TSImportType' || importKind === 'type' || exportKind === 'type';
    return [{ path: resolved(file, from.value), isType, isLater: type === 'ImportExpression' }];
  });
}
