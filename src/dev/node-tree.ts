// Reads PostgreSQL's own print of a statement that it analysed (`debug_print_parse`). Pure.
// The format is that of `nodeToString` in PostgreSQL's src/backend/nodes/outfuncs.c.

export interface Node {
  readonly kind: string;
  readonly fields: Readonly<Record<string, Value>>;
}
export type Value = Node | readonly Value[] | string | null;

const TOKEN = /[{}()]|"(?:[^"\\]|\\[\s\S])*"|(?:[^\s{}()\\]|\\[\s\S])+/g;

/** @throws where the text is no node */
export function readNode(text: string): Node {
  const tokens = text.match(TOKEN) ?? [];
  let at = 0;

  function readFields(): Record<string, Value> {
    const fields: Record<string, Value> = {};
    while (at < tokens.length && tokens[at] !== '}') {
      const token = tokens[at++] ?? '';
      // A constant's bytes follow its length, and say nothing here.
      if (token.startsWith(':')) fields[token.slice(1)] = readValue();
    }
    at++;
    return fields;
  }

  function readList(): Value[] {
    const list: Value[] = [];
    while (at < tokens.length && tokens[at] !== ')') list.push(readValue());
    at++;
    return list;
  }

  function readValue(): Value {
    const token = tokens[at++] ?? '';
    if (token === '{') return { kind: tokens[at++] ?? '', fields: readFields() };
    if (token === '(') return readList();
    if (token === '<>') return null;
    return token.startsWith('"')
      ? token.slice(1, -1).replace(/\\([\s\S])/g, '$1')
      : token.replace(/\\([\s\S])/g, '$1');
  }

  const node = readValue();
  if (!isNode(node)) throw new Error('no node of PostgreSQL');
  return node;
}

export const isNode = (value: Value | undefined): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value;

/** A field that is a list, or none. */
export function listOf(node: Node, field: string): readonly Value[] {
  const value = node.fields[field];
  return Array.isArray(value) ? value : [];
}
export const nodesOf = (node: Node, field: string): Node[] => listOf(node, field).filter(isNode);
export function nodeOf(node: Node, field: string): Node | undefined {
  const value = node.fields[field];
  return isNode(value) ? value : undefined;
}
export const numberOf = (node: Node, field: string): number => Number(node.fields[field]);
