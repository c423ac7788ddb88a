// Which variables of a query are never null in its rows, because its conditions let no other row pass. Pure.

import { type Node, nodeOf, nodesOf, numberOf } from './node-tree.ts';

const JOIN = { inner: 0, left: 1 };
const IS_NOT_NULL = 1;

export const nameOf = ({ fields }: Node): string => `${fields.varno}.${fields.varattno}`;

/** Variables that are not null in any row that the query's conditions let pass: those of inner joins too. */
export function presentIn(query: Node): Set<string> {
  const present = new Set<string>();
  const add = (node: Node | undefined): void => {
    const inner = node?.kind === 'RELABELTYPE' ? nodeOf(node, 'arg') : node;
    if (inner?.kind === 'VAR' && numberOf(inner, 'varlevelsup') === 0) present.add(nameOf(inner));
  };
  const hold = (condition: Node | undefined): void => {
    if (!condition) return;
    const args = nodesOf(condition, 'args');
    if (condition.kind === 'BOOLEXPR' && condition.fields.boolop === 'and') args.forEach(hold);
    else if (condition.kind === 'OPEXPR') args.forEach(add);
    else if (condition.kind === 'SCALARARRAYOPEXPR' && condition.fields.useOr === 'true') add(args[0]);
    else if (condition.kind === 'VAR') add(condition);
    else if (condition.kind === 'NULLTEST' && numberOf(condition, 'nulltesttype') === IS_NOT_NULL)
      add(nodeOf(condition, 'arg'));
  };
  const walk = (from: Node | undefined): void => {
    if (!from) return;
    if (from.kind === 'FROMEXPR') {
      nodesOf(from, 'fromlist').forEach(walk);
      hold(nodeOf(from, 'quals'));
    } else if (from.kind === 'JOINEXPR') {
      const type = numberOf(from, 'jointype');
      if (type === JOIN.inner) hold(nodeOf(from, 'quals'));
      if (type === JOIN.inner || type === JOIN.left) walk(nodeOf(from, 'larg'));
      if (type === JOIN.inner) walk(nodeOf(from, 'rarg'));
    }
  };
  walk(nodeOf(query, 'jointree'));
  return present;
}
