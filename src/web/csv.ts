// Tables as CSV (RFC 4180). No text in them begins a formula, in any spreadsheet: not at its beginning, not after what some
// take for the end of a cell (French Excel splits at semicolons, others at tabs and lines), not behind blanks that are
// skipped, and not with the wide and small forms that East Asian spreadsheets read as `= + - @`.

type Cell = string | number | boolean | null;

/** Where such a text begins: an apostrophe goes in front. Numbers in text stay what they are. */
const FORMULA = String.raw`(?=[\s\p{C}\p{Z}"]*[=+\-@＝＋－＠﹦﹢﹣﹫])`;
const WITHIN = new RegExp(String.raw`[;|\t\r\n]${FORMULA}`, 'gu');
const AT_THE_BEGINNING = new RegExp(`^${FORMULA}`, 'u');
const NUMBER = /^[+-]?\d+([.,]\d+)?$/;

function cell(value: Cell): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const safe = NUMBER.test(value) ? value : value.replace(WITHIN, "$&'").replace(AT_THE_BEGINNING, "'");
  return `"${safe.replaceAll('"', '""')}"`;
}

export const toCsv = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  `${[header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;

export const csv = (name: string, header: readonly string[], rows: readonly (readonly Cell[])[]): Response =>
  new Response(toCsv(header, rows), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
      'cache-control': 'no-store',
    },
  });
