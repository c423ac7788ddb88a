// Every statement of `src` that yields rows, with the schema of its rows; and which of them no test has executed. What was
// executed was compared with its schema on the real Postgres (src/dev/row-check.ts).

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAst } from 'vitest/node';

const root = new URL('../..', import.meta.url).pathname;

export interface Statement {
  /** `src/keys/key-store.ts:146` */
  place: string;
  /** Of its rows; undefined where the call names none that is declared. */
  schema: string | undefined;
  /** The longest piece of its text that stands at the call, if any does: of two with one schema, which it is. */
  text: string;
}

interface Found {
  statements: Statement[];
  /** Names, in the order of their files. */
  schemas: string[];
  /** Columns that are never null for a reason that the statement does not prove. */
  reasons: number;
}

interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function* nodesIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* nodesIn(each);
  else if (isNode(value)) {
    yield value;
    for (const [field, inner] of Object.entries(value)) if (field !== 'parent') yield* nodesIn(inner);
  }
}

const nameOf = (node: unknown): string =>
  isNode(node) && node.type === 'Identifier' ? String(node.name) : '';
const argumentsOf = (call: Node): unknown[] => (Array.isArray(call.arguments) ? call.arguments : []);
/** `f` of `f(…)` and of `a.f(…)`. */
const calledBy = ({ callee }: Node): string =>
  isNode(callee) && callee.type === 'MemberExpression' ? `.${nameOf(callee.property)}` : nameOf(callee);
/** White space says nothing. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Of the template itself: what is put into it stands elsewhere. */
function longestPiece(template: unknown): string {
  const quasi = isNode(template) && template.type === 'TaggedTemplateExpression' ? template.quasi : undefined;
  const pieces = isNode(quasi) && Array.isArray(quasi.quasis) ? quasi.quasis : [];
  const texts = pieces.map(({ value }: { value: { cooked: string } }) => plain(value.cooked));
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/^src\/(dev|platform)\//.test(path) || path === 'src/platform/allowances.ts')
    .sort();

function declaredIn(program: unknown): Map<string, string> {
  const declared = new Map<string, string>();
  for (const { type, id, init } of nodesIn(program)) {
    if (type !== 'VariableDeclarator' || !isNode(init) || init.type !== 'CallExpression') continue;
    const [name] = argumentsOf(init);
    if (calledBy(init) === 'row' && isNode(name)) declared.set(nameOf(id), String(name.value));
  }
  return declared;
}

export function findStatements(): Found {
  const files = filesOf('src').map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const program = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' });
    return { path, text, program, declared: declaredIn(program) };
  });
  const everywhere = new Map(files.flatMap(({ declared }) => [...declared]));
  const found: Found = { statements: [], schemas: [], reasons: 0 };
  for (const { path, text, program, declared } of files) {
    found.schemas.push(...declared.values());
    for (const node of nodesIn(program)) {
      if (node.type !== 'CallExpression') continue;
      const called = calledBy(node);
      if (called === '.notNull') found.reasons++;
      if (called !== '.rows' && called !== 'query') continue;
      const [schema, statement] = argumentsOf(node);
      const line = text.slice(0, node.start).split('\n').length;
      const name = nameOf(schema);
      found.statements.push({
        place: `${path}:${line}`,
        schema: declared.get(name) ?? everywhere.get(name),
        text: longestPiece(statement),
      });
    }
  }
  return found;
}

/** As the SQL endpoint notes it (src/dev/row-check.ts). `wrong`: where its rows are not what their schema says. */
export interface Executed {
  name: string;
  statement: string;
  wrong: string[];
}

export const readExecuted = (lines: string): Executed[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Those of our schemas whose rows are not as they say, whoever hid that. */
export const mismatches = (schemas: readonly string[], executed: readonly Executed[]): Executed[] =>
  executed.filter(({ name, wrong }) => wrong.length > 0 && schemas.includes(name));

/** Those of which no test has executed one. */
export function notExecuted(statements: readonly Statement[], executed: readonly Executed[]): Statement[] {
  const texts = new Map<string, string[]>();
  for (const { name, statement } of executed) texts.set(name, [...(texts.get(name) ?? []), plain(statement)]);
  return statements.filter(({ schema, text }) => {
    const executedTexts = texts.get(schema ?? '') ?? [];
    return !executedTexts.some((each) => each.includes(text));
  });
}
