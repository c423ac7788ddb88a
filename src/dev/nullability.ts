// Which columns of a statement can be null, from the tree that PostgreSQL made of it. Pure. What it does not know can be
// null: it errs towards that alone. Enumerations are those of PostgreSQL 18's headers (parsenodes.h, primnodes.h).

import { isNode, listOf, type Node, nodeOf, nodesOf, numberOf } from './node-tree.ts';
import { nameOf, presentIn } from './present-variables.ts';

/** What the tree names by number. */
export interface Catalog {
  /** Whether the column of a table is declared NOT NULL. */
  isNotNull(tableId: number, column: number): boolean;
  functionName(id: number): string | undefined;
  operatorName(id: number): string | undefined;
}

/** A query, those around it, and which of its variables its conditions hold to be there. */
interface Scope {
  query: Node;
  catalog: Catalog;
  outer?: Scope;
  present: Set<string>;
}

const COMMAND = { select: 1, update: 2, insert: 3, delete: 4 };
const TABLE = { relation: 0, subquery: 1, join: 2, function: 3, values: 5, cte: 6, group: 9 };
const SUBLINK = { exists: 0, expression: 4, array: 6 };
const CASTS = new Set([1, 2]);
const JSONB = '3802';

/** Whatever their arguments. */
const NEVER_NULL = new Set([
  'jsonb_build_object',
  'jsonb_build_array',
  'concat',
  'num_nulls',
  'num_nonnulls',
]);
/** Of arguments that are not. */
const KEEP = new Set(
  `abs array_append array_cat array_remove array_to_string btrim cardinality ceil clock_timestamp convert_to date_part
  date_trunc decode encode extract floor format gen_random_uuid hashtextextended host jsonb_array_length left length lower
  make_date make_interval md5 mod now octet_length overlay power repeat replace right round sha256 split_part starts_with
  strpos timezone to_char to_jsonb to_timestamp trunc upper`.split(/\s+/),
);
/** Of a group with a row at least, whose argument is never null; the second of a row at least. */
const AGGREGATES = new Set(
  'sum min max avg bool_and bool_or every string_agg percentile_disc percentile_cont'.split(' '),
);
const COLLECTIONS = new Set('array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg'.split(' '));
const COUNTS = new Set(['count', 'row_number', 'rank', 'dense_rank', 'ntile']);
/** Operators that find nothing in a value. */
const LOOKUPS = new Set(['->', '->>', '#>', '#>>']);
/** Functions of rows, and how many of their first columns are never null. */
const ROWS = new Map([
  ['generate_series', 1],
  ['jsonb_each', 1],
  ['jsonb_each_text', 1],
  ['jsonb_object_keys', 1],
]);

type Judge = (node: Node | undefined) => boolean;

const scopeOf = (query: Node, catalog: Catalog, outer?: Scope): Scope => ({
  query,
  catalog,
  outer,
  present: presentIn(query),
});
const inner = (query: Node, outer: Scope): Scope => scopeOf(query, outer.catalog, outer);

/** Of one query, by the number of the column from 1. `seen`: those that ask for it, where one asks for itself. */
function canColumnBeNull(scope: Scope, column: number, seen: ReadonlySet<Node>): boolean {
  const { query } = scope;
  if (seen.has(query)) return false;
  const within = new Set(seen).add(query);
  const set = nodeOf(query, 'setOperations');
  if (set) return canSetBeNull(set, scope, column, within);
  const entry = outputOf(query)[column - 1];
  const expression = entry && nodeOf(entry, 'expr');
  return !expression || canBeNull(expression, scope, within);
}

function canSetBeNull(set: Node, scope: Scope, column: number, seen: ReadonlySet<Node>): boolean {
  if (set.kind !== 'RANGETBLREF')
    return [nodeOf(set, 'larg'), nodeOf(set, 'rarg')].some(
      (part) => !part || canSetBeNull(part, scope, column, seen),
    );
  const part = nodesOf(scope.query, 'rtable')[numberOf(set, 'rtindex') - 1];
  const subquery = part && nodeOf(part, 'subquery');
  return !subquery || canColumnBeNull(inner(subquery, scope), column, seen);
}

function canBeNull(node: Node, scope: Scope, seen: ReadonlySet<Node>): boolean {
  const can: Judge = (each) => !each || canBeNull(each, scope, seen);
  const args = nodesOf(node, 'args');
  switch (node.kind) {
    case 'VAR':
      return canVariableBeNull(node, scope, seen);
    case 'CONST':
      return node.fields.constisnull !== 'false';
    case 'NULLTEST':
    case 'BOOLEANTEST':
    case 'DISTINCTEXPR':
    case 'SQLVALUEFUNCTION':
    case 'ARRAYEXPR':
    case 'ROWEXPR':
    case 'GROUPINGFUNC':
      return false;
    case 'COALESCEEXPR':
    case 'MINMAXEXPR':
      return args.every(can);
    case 'CASEEXPR':
      return [...args.map((when) => nodeOf(when, 'result')), nodeOf(node, 'defresult')].some(can);
    case 'RELABELTYPE':
    case 'COERCEVIAIO':
    case 'ARRAYCOERCEEXPR':
    case 'COLLATEEXPR':
      return can(nodeOf(node, 'arg'));
    case 'BOOLEXPR':
      return args.some(can);
    case 'OPEXPR':
      return LOOKUPS.has(operatorOf(node, scope)) || args.some(can);
    case 'SCALARARRAYOPEXPR':
      return args.some(can) || !isListed(args[1], can);
    case 'FUNCEXPR':
      return canCallBeNull(node, scope, can);
    case 'AGGREF':
      return canAggregateBeNull(node, scope, can);
    case 'WINDOWFUNC':
      return !COUNTS.has(functionOf(node, 'winfnoid', scope));
    case 'SUBLINK':
      return canSublinkBeNull(node, scope, seen);
    default:
      return true;
  }
}

function canCallBeNull(node: Node, scope: Scope, can: Judge): boolean {
  const name = functionOf(node, 'funcid', scope);
  if (NEVER_NULL.has(name)) return false;
  const args = nodesOf(node, 'args');
  // A cast of jsonb makes NULL of its null.
  const isCast = CASTS.has(numberOf(node, 'funcformat')) && !isJsonb(args[0], scope);
  return !(isCast || KEEP.has(name)) || args.some(can);
}

const isJsonb = (node: Node | undefined, scope: Scope): boolean =>
  node?.fields.vartype === JSONB || (node?.kind === 'OPEXPR' && LOOKUPS.has(operatorOf(node, scope)));

function canAggregateBeNull(node: Node, scope: Scope, can: Judge): boolean {
  const name = functionOf(node, 'aggfnoid', scope);
  if (COUNTS.has(name)) return false;
  const { query } = scope;
  const isGrouped = listOf(query, 'groupClause').length > 0 && listOf(query, 'groupingSets').length === 0;
  const hasRows = isGrouped || isCounted(nodeOf(query, 'havingQual'), scope);
  if (!hasRows || node.fields.aggfilter !== null) return true;
  if (COLLECTIONS.has(name)) return false;
  return !AGGREGATES.has(name) || nodesOf(node, 'args').some((arg) => can(nodeOf(arg, 'expr')));
}

/** `HAVING count(*) > 0` */
function isCounted(having: Node | undefined, scope: Scope): boolean {
  if (having?.kind !== 'OPEXPR' || operatorOf(having, scope) !== '>') return false;
  const [left, right] = nodesOf(having, 'args');
  const isCount = left?.kind === 'AGGREF' && functionOf(left, 'aggfnoid', scope) === 'count';
  return isCount && left.fields.aggfilter === null && right?.kind === 'CONST';
}

function canSublinkBeNull(node: Node, scope: Scope, seen: ReadonlySet<Node>): boolean {
  const type = numberOf(node, 'subLinkType');
  if (type === SUBLINK.exists || type === SUBLINK.array) return false;
  const query = nodeOf(node, 'subselect');
  if (type !== SUBLINK.expression || !query) return true;
  // Only where there is always a row: all rows in one.
  const isOneRow =
    query.fields.hasAggs === 'true' &&
    listOf(query, 'groupClause').length === 0 &&
    listOf(query, 'groupingSets').length === 0 &&
    query.fields.havingQual === null &&
    query.fields.limitCount === null &&
    query.fields.limitOffset === null;
  return !isOneRow || canColumnBeNull(inner(query, scope), 1, seen);
}

function canVariableBeNull(node: Node, from: Scope, seen: ReadonlySet<Node>): boolean {
  const scope = outward(from, numberOf(node, 'varlevelsup'));
  const column = numberOf(node, 'varattno');
  if (!scope) return true;
  if (scope.present.has(nameOf(node)) && !isWritten(node, scope.query)) return false;
  if (listOf(node, 'varnullingrels').length > 1 || isOfNoRow(node, scope.query)) return true;
  const table = nodesOf(scope.query, 'rtable')[numberOf(node, 'varno') - 1];
  if (!table) return true;
  const within = (each: Node | undefined) => !each || canBeNull(each, scope, seen);
  const nth = (field: string) => nodesOf(table, field)[column - 1];
  switch (numberOf(table, 'rtekind')) {
    case TABLE.relation:
      return column > 0 && !scope.catalog.isNotNull(numberOf(table, 'relid'), column);
    case TABLE.subquery: {
      const subquery = nodeOf(table, 'subquery');
      return !subquery || column < 1 || canColumnBeNull(inner(subquery, scope), column, seen);
    }
    case TABLE.join:
      return within(nth('joinaliasvars'));
    case TABLE.group:
      return within(nth('groupexprs'));
    case TABLE.values:
      return listOf(table, 'values_lists').some((row) => {
        const value = Array.isArray(row) ? row[column - 1] : undefined;
        return !isNode(value) || within(value);
      });
    case TABLE.cte:
      return canCteBeNull(table, scope, column, seen);
    case TABLE.function:
      return canFunctionsRowBeNull(table, column, scope);
    default:
      return true;
  }
}

function canCteBeNull(table: Node, from: Scope, column: number, seen: ReadonlySet<Node>): boolean {
  const scope = outward(from, numberOf(table, 'ctelevelsup'));
  const cte =
    scope && nodesOf(scope.query, 'cteList').find((each) => each.fields.ctename === table.fields.ctename);
  const query = cte && nodeOf(cte, 'ctequery');
  return !query || column < 1 || canColumnBeNull(inner(query, scope), column, seen);
}

function canFunctionsRowBeNull(table: Node, column: number, scope: Scope): boolean {
  const [only, another] = nodesOf(table, 'functions');
  if (!only || another) return true;
  if (table.fields.funcordinality === 'true' && column > numberOf(only, 'funccolcount')) return false;
  const call = nodeOf(only, 'funcexpr');
  const name = call?.kind === 'FUNCEXPR' ? functionOf(call, 'funcid', scope) : '';
  return column > (ROWS.get(name) ?? 0);
}

/** By column, in their order: names, and whether null can come. */
export const nullabilityOf = (query: Node, catalog: Catalog): { name: string; canBeNull: boolean }[] => {
  const scope = scopeOf(query, catalog);
  return outputOf(query).map((entry, i) => ({
    name: String(entry.fields.resname),
    canBeNull: canColumnBeNull(scope, i + 1, new Set()),
  }));
};

const functionOf = (node: Node, field: string, { catalog }: Scope): string =>
  catalog.functionName(numberOf(node, field)) ?? '';
/** One that is not known may find nothing. */
const operatorOf = (node: Node, { catalog }: Scope): string =>
  catalog.operatorName(numberOf(node, 'opno')) ?? '->';

const outputOf = (query: Node): Node[] =>
  nodesOf(query, numberOf(query, 'commandType') === COMMAND.select ? 'targetList' : 'returningList').filter(
    ({ fields }) => fields.resjunk !== 'true',
  );

function outward(scope: Scope, levels: number): Scope | undefined {
  let found: Scope | undefined = scope;
  for (let level = 0; level < levels; level++) found = found?.outer;
  return found;
}

/** `old` of a row that is new, `new` of one that is gone. */
function isOfNoRow(variable: Node, query: Node): boolean {
  const version = numberOf(variable, 'varreturningtype');
  const command = numberOf(query, 'commandType');
  return (version === 1 && command === COMMAND.insert) || (version === 2 && command === COMMAND.delete);
}

/** What an update left there need not be what its conditions found. */
const isWritten = (variable: Node, query: Node): boolean =>
  numberOf(query, 'commandType') === COMMAND.update && variable.fields.varno === query.fields.resultRelation;

/** `IN (…)` of values that are all there. */
const isListed = (list: Node | undefined, can: Judge): boolean =>
  list?.kind === 'CONST' || (list?.kind === 'ARRAYEXPR' && !nodesOf(list, 'elements').some(can));
