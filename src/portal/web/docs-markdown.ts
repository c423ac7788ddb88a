// Markdown of our own files -> the HTML of a page. HTML within Markdown is shown as text: nothing passes by the renderer.

import { raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { Marked, type RendererObject, type Tokens } from 'marked';
import type { Reader } from './docs-blocks.ts';
import { filled, SNIPPETS } from './guides/snippets.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (each) => ENTITIES[each] ?? each);

/** `Limits of a day` -> `limits-of-a-day`: where a heading can be linked to. */
export const anchorOf = (heading: string): string =>
  heading
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** The frame that code stands in on every page (components/parts.tsx): Marked asks for text. */
const codeBox = (code: string, { m }: Reader, label?: string): string => {
  const hasLines = code.includes('\n');
  const attributes = `${label === undefined ? '' : ` data-label="${escaped(label)}"`}${hasLines ? ' tabindex="0"' : ''}`;
  return (
    `<div class="code${hasLines ? ' lines' : ''}"><pre${attributes}><code>${escaped(code)}</code></pre>` +
    `<button type="button" class="button small" data-copy="${escaped(code)}" data-copied="${escaped(m.common.copied)}">` +
    `${escaped(m.common.copy)}</button></div>`
  );
};

/** One language is open at a time, without scripts. */
const snippetChoice = (name: string, reader: Reader): string =>
  (SNIPPETS.get(name) ?? [])
    .map(({ label, code }, i) => {
      const box = codeBox(filled(code, reader), reader, label);
      return `<details class="snippet" name="${escaped(name)}"${i === 0 ? ' open' : ''}><summary>${escaped(label)}</summary>${box}</details>`;
    })
    .join('');

const rendererFor = (reader: Reader): RendererObject => ({
  heading({ tokens, depth, text }) {
    return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
  },
  code({ text, lang = '' }) {
    const [kind, name = ''] = lang.split(' ');
    return kind === 'snippets' ? snippetChoice(name, reader) : codeBox(text, reader);
  },
  html: ({ text }) => escaped(text),
  /** As components/table.tsx: on a phone, a list whose cells carry their column's title. */
  table({ header, rows }) {
    const inline = (cell: Tokens.TableCell) => this.parser.parseInline(cell.tokens);
    const head = header.map((cell) => `<th scope="col">${inline(cell)}</th>`).join('');
    const cells = (row: Tokens.TableCell[]) =>
      row
        .map((cell, i) => {
          if (i === 0) return `<td>${inline(cell)}</td>`;
          const label = escaped(header[i]?.text.replace(/[`*]/g, '') ?? '');
          return `<td data-label="${label}"><span>${inline(cell)}</span></td>`;
        })
        .join('');
    const body = rows.map((row) => `<tr>${cells(row)}</tr>`).join('');
    return `<table class="list"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
  },
});

export function markdownHtml(text: string, reader: Reader): HtmlEscapedString {
  const marked = new Marked({ async: false, gfm: true, renderer: rendererFor(reader) });
  return raw(marked.parse(text, { async: false })) as HtmlEscapedString;
}
