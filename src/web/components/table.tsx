// A table that becomes a list on a phone, where each cell carries its column's title.

import type { Child } from 'hono/jsx';

export interface Column<Row> {
  title: string;
  /** What a phone calls the cell, where that depends on the row. */
  labelOf?(row: Row): string;
  cell(row: Row): Child;
  /** Classes of its cells: `num` (right-aligned figures), `tight` (one line), `mono`, `small`. */
  kind?: string;
  /** Buttons: the title is for screen readers only. */
  isAction?: boolean;
}

/** Of the rows that follow it, until the next. `id`: by which a live tail finds one that is there already. */
export interface Heading {
  id: string;
  text: string;
}

export const Rows = <Row,>({
  columns,
  rows,
  idOf,
  headingOf,
}: {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf?(row: Row): string;
  headingOf?(row: Row): Heading;
}) => {
  let last: string | undefined;
  return (
    <>
      {rows.map((row) => {
        const heading = headingOf?.(row);
        const isNew = heading && heading.id !== last;
        last = heading?.id;
        return (
          <>
            {isNew && (
              <tr class="heading" data-heading={heading.id}>
                <th scope="rowgroup" colspan={columns.length}>
                  {heading.text}
                </th>
              </tr>
            )}
            <tr data-id={idOf?.(row)}>
              {columns.map(({ title, labelOf, cell, kind, isAction }, index) => (
                <td class={kind} data-label={index === 0 || isAction ? undefined : (labelOf?.(row) ?? title)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          </>
        );
      })}
    </>
  );
};

/** `hasHead`: small tables speak for themselves. `idOf`: rows that a live tail continues. */
export const Table = <Row,>({
  columns,
  rows,
  hasHead = true,
  idOf,
  headingOf,
}: {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  hasHead?: boolean;
  idOf?(row: Row): string;
  headingOf?(row: Row): Heading;
}) => (
  <table class="list">
    {hasHead && (
      <thead>
        <tr>
          {columns.map(({ title, kind, isAction }) => (
            <th scope="col" class={kind?.includes('num') ? 'num' : undefined}>
              {isAction ? <span class="visually-hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
    )}
    <tbody data-rows={idOf ? '' : undefined}>
      <Rows columns={columns} rows={rows} idOf={idOf} headingOf={headingOf} />
    </tbody>
  </table>
);
