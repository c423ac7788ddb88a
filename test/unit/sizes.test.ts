// Files of at most 300 lines, functions of at most 70: what is longer holds two things. TypeScript parses, so that strings,
// comments and JSX mislead nobody.

import { globSync, readFileSync } from 'node:fs';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  isFunctionLikeDeclaration,
  isIdentifier,
  isPropertyAssignment,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { expect, it } from 'vitest';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 70;
const MAX_EXCEPTIONS = 5;

/** Data and texts in the form of code. */
const DATA = /^src\/(?:web\/messages\/[\w.-]+|accounts\/common-passwords)\.ts$/;

/** What may be longer (`file`, or `file function`), and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

const root = new URL('../..', import.meta.url).pathname;
const config = `${root}tsconfig.json`;

/** Every file of the Worker, parsed and nothing more: no libraries, no imports, no types. */
function parse(): Map<string, SourceFile> {
  const options = { noLib: true, noResolve: true, types: [], jsx: 'preserve' };
  const text = JSON.stringify({ compilerOptions: options, include: ['src', 'durable-objects'] });
  const api = new API({ cwd: root, fs: { readFile: (name) => (name === config ? text : undefined) } });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const files = new Map<string, SourceFile>();
    for (const name of project?.rootFiles ?? []) {
      const file = project?.program.getSourceFile(name);
      if (file) files.set(name.slice(root.length), file);
    }
    return files;
  } finally {
    api.close();
  }
}

function nameOf(node: Node): string {
  const { parent } = node;
  const named = isVariableDeclaration(parent) || isPropertyAssignment(parent) ? parent : node;
  const name = 'name' in named ? (named.name as Node | undefined) : undefined;
  return name && isIdentifier(name) ? name.text : 'unnamed';
}

/** Functions of every form with more lines than that, from their first to their last. */
function functionsOver(maxLines: number, file: SourceFile): { name: string; lines: number; line: number }[] {
  const found: { name: string; lines: number; line: number }[] = [];
  const lineAt = (position: number) => file.text.slice(0, position).split('\n').length;
  const visit = (node: Node): void => {
    if (isFunctionLikeDeclaration(node)) {
      const line = lineAt(node.getStart(file));
      const lines = lineAt(node.end) - line + 1;
      if (lines > maxLines) found.push({ name: nameOf(node), lines, line });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

const files = parse();
const judged = [...files];

it('sees every file, and functions of every form', () => {
  expect(files.size).toBeGreaterThan(300);
  const named = (path: string) => {
    const file = files.get(path);
    return file ? functionsOver(2, file).map(({ name }) => name) : [];
  };
  expect(named('src/gateway/pipeline.ts')).toContain('handle');
  expect(named('src/gateway/edge-counter.ts')).toContain('giveBack');
  expect(named('src/worker.ts')).toEqual(expect.arrayContaining(['fetch', 'queue', 'answerOwn']));
  expect(named('src/operator/console/console-web.tsx')).toEqual(
    expect.arrayContaining(['ConsolePage', 'unnamed']),
  );
  expect(named('src/web/islands/palette.ts')).not.toEqual([]);
});

it(`no file has more than ${MAX_FILE_LINES} lines`, () => {
  const styles = globSync('{src,durable-objects}/**/*.css', { cwd: root }).map(
    (path) => [path, { text: readFileSync(root + path, 'utf8') }] as const,
  );
  expect(styles.length).toBeGreaterThan(10);
  const long = [...judged, ...styles].flatMap(([path, { text }]) => {
    const lines = text.split('\n').length - 1;
    return lines <= MAX_FILE_LINES || DATA.test(path) || path in EXCEPTIONS ? [] : `${path}: ${lines}`;
  });
  expect(long).toEqual([]);
});

it(`no function has more than ${MAX_FUNCTION_LINES} lines`, () => {
  const long = judged.flatMap(([path, file]) =>
    functionsOver(MAX_FUNCTION_LINES, file)
      .filter(({ name }) => !(`${path} ${name}` in EXCEPTIONS))
      .map(({ name, lines, line }) => `${path}:${line} ${name}: ${lines}`),
  );
  expect(long).toEqual([]);
});

it('hardly anything may be longer, and each has its reason', () => {
  expect(Object.keys(EXCEPTIONS).length).toBeLessThanOrEqual(MAX_EXCEPTIONS);
  for (const [what, reason] of Object.entries(EXCEPTIONS)) expect(reason, what).toMatch(/\w{3,} \w/);
});
