// Every statement of `src` that yields rows, with the schema of its rows; and which of them no test has executed. What was
// executed was compared with its schema on the real Postgres (src/dev/row-check.ts).

import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isNode, type Node, nodesIn, parsed, resolved } from './syntax.ts';

const root = new URL('../..', import.meta.url).pathname;

export interface Statement {
  /** `src/keys/key-store.ts:146` */
  place: string;
  /** Of its rows; undefined where the call names none that is declared. */
  schema: string | undefined;
  /** The longest piece of its text: of two with one schema, which it is. */
  text: string;
}

interface Found {
  statements: Statement[];
  /** Names, in the order of their files. */
  schemas: string[];
  /** Columns that are never null for a reason that the statement does not prove. */
  reasons: number;
}

const nameOf = (node: unknown): string =>
  isNode(node) && node.type === 'Identifier' ? String(node.name) : '';
const argumentsOf = (call: Node): unknown[] => (Array.isArray(call.arguments) ? call.arguments : []);
/** `f` of `f(…)` and of `a.f(…)`. */
const calledBy = ({ callee }: Node): string =>
  isNode(callee) && callee.type === 'MemberExpression' ? `.${nameOf(callee.property)}` : nameOf(callee);
const longest = (texts: readonly string[]): string =>
  texts.reduce((found, text) => (text.length > found.length ? text : found), '');
/** White space says nothing. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

type Named = Map<string, unknown>;

/** The longest piece of a template, or of what a call is given, or of what it names in this file: what is put in stands elsewhere. */
function textOf(statement: unknown, named: Named): string {
  if (!isNode(statement)) return '';
  const { type, quasi } = statement;
  if (type === 'TaggedTemplateExpression' && isNode(quasi) && Array.isArray(quasi.quasis))
    return longest(quasi.quasis.map(({ value }: { value: { cooked: string } }) => plain(value.cooked)));
  if (type === 'CallExpression') {
    const given = longest(argumentsOf(statement).map((each) => textOf(each, named)));
    return given || textOf(statement.callee, named);
  }
  const [template] = [...nodesIn(named.get(nameOf(statement)))].filter(
    (each) => each.type === 'TaggedTemplateExpression',
  );
  return textOf(template, named);
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/^src\/(dev|platform)\//.test(path) || path === 'src/platform/allowances.ts')
    .sort();

/** Constants and functions of a file, by name. */
function namedIn(program: unknown): Named {
  const named: Named = new Map();
  for (const node of nodesIn(program)) {
    if (node.type === 'VariableDeclarator') named.set(nameOf(node.id), node.init);
    if (node.type === 'FunctionDeclaration') named.set(nameOf(node.id), node.body);
  }
  return named;
}

function declaredIn(named: Named): Map<string, string> {
  const declared = new Map<string, string>();
  for (const [id, init] of named) {
    if (!isNode(init) || init.type !== 'CallExpression') continue;
    const [name] = argumentsOf(init);
    if (calledBy(init) === 'row' && isNode(name)) declared.set(id, String(name.value));
  }
  return declared;
}

/** What a file calls by another file's name for it. */
function importedIn(path: string, program: unknown): Map<string, { from: string; name: string }> {
  const imported = new Map<string, { from: string; name: string }>();
  for (const { type, source, specifiers } of nodesIn(program)) {
    if (type !== 'ImportDeclaration' || !isNode(source) || !Array.isArray(specifiers)) continue;
    for (const { local, imported: name } of specifiers)
      imported.set(nameOf(local), { from: resolved(path, String(source.value)), name: nameOf(name) });
  }
  return imported;
}

export function findStatements(): Found {
  const files = filesOf('src').map((path) => {
    const { text, program } = parsed(path);
    const named = namedIn(program);
    return { path, text, program, named, declared: declaredIn(named), imported: importedIn(path, program) };
  });
  const declaredBy = new Map(files.map(({ path, declared }) => [path, declared]));
  const found: Found = { statements: [], schemas: [], reasons: 0 };
  for (const { path, text, program, named, declared, imported } of files) {
    found.schemas.push(...declared.values());
    for (const node of nodesIn(program)) {
      if (node.type !== 'CallExpression') continue;
      const called = calledBy(node);
      if (called === '.notNull') found.reasons++;
      if (called !== '.rows' && called !== 'query') continue;
      const [schema, statement] = argumentsOf(node);
      const line = text.slice(0, node.start).split('\n').length;
      const name = nameOf(schema);
      const elsewhere = imported.get(name);
      found.statements.push({
        place: `${path}:${line}`,
        schema: declared.get(name) ?? declaredBy.get(elsewhere?.from ?? '')?.get(elsewhere?.name ?? ''),
        text: textOf(statement, named),
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
