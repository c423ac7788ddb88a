// Path templates -> what a path matches: segment by segment, in time that grows with the path and not with the routes. Pure.
// Text goes before templates with text around them, and those before bare ones (OpenAPI 3.1, 4.8.8.2), at each segment; where
// that leads nowhere, the others are tried.

/** A segment with templates and text: what lies around each template. */
type Pattern = readonly string[];

interface Node<T> {
  readonly fixed: Map<string, Node<T>>;
  readonly patterns: { pattern: Pattern; node: Node<T> }[];
  any?: Node<T>;
  value?: T;
}

const newNode = <T>(): Node<T> => ({ fixed: new Map(), patterns: [] });

/** Text around the templates of a segment: one more than there are templates. */
const textsOf = (segment: string): string[] => segment.split(/\{[^{}]*\}/);

/** Each template takes at least one character, and as few as it can. */
function fits(pattern: Pattern, segment: string): boolean {
  const first = pattern[0] ?? '';
  const last = pattern[pattern.length - 1] ?? '';
  if (!segment.startsWith(first)) return false;
  let at = first.length;
  for (let i = 1; i < pattern.length - 1; i++) {
    const text = pattern[i] ?? '';
    const found = segment.indexOf(text, at + 1);
    if (found < 0) return false;
    at = found + text.length;
  }
  return segment.length > at + last.length && segment.endsWith(last);
}

function childFor<T>(node: Node<T>, segment: string): Node<T> {
  if (!segment.includes('{')) {
    const child = node.fixed.get(segment) ?? newNode<T>();
    node.fixed.set(segment, child);
    return child;
  }
  const pattern = textsOf(segment);
  if (pattern.length === 2 && pattern[0] === '' && pattern[1] === '') {
    node.any ??= newNode();
    return node.any;
  }
  const name = JSON.stringify(pattern);
  const known = node.patterns.find((each) => JSON.stringify(each.pattern) === name);
  if (known) return known.node;
  const child = newNode<T>();
  node.patterns.push({ pattern, node: child });
  // More text says more.
  node.patterns.sort((a, b) => b.pattern.join('').length - a.pattern.join('').length);
  return child;
}

/** `start`: of the segment, after its slash. */
function find<T>(node: Node<T>, path: string, start: number): T | undefined {
  const slash = path.indexOf('/', start);
  const segment = slash < 0 ? path.slice(start) : path.slice(start, slash);
  const below = (child: Node<T>): T | undefined => (slash < 0 ? child.value : find(child, path, slash + 1));
  const fixed = node.fixed.get(segment);
  const found = fixed && below(fixed);
  if (found !== undefined || segment === '') return found;
  for (const { pattern, node: child } of node.patterns)
    if (fits(pattern, segment)) {
      const value = below(child);
      if (value !== undefined) return value;
    }
  return node.any && below(node.any);
}

export class RouteTree<T> {
  private readonly root = newNode<T>();

  /** What is at a template, or what `make` makes. Templates that differ in their names alone are one. */
  at(template: string, make: () => T): T {
    let node = this.root;
    for (const segment of template.slice(1).split('/')) node = childFor(node, segment);
    node.value ??= make();
    return node.value;
  }

  match(path: string): T | undefined {
    return find(this.root, path, 1);
  }
}
