// An invoice as PDF, A4, in the language of who asks. The library is loaded when the first one is asked for.

import type { PDFDocument, PDFFont, PDFPage, RGB } from 'pdf-lib';
import type { Invoice, Party } from '../../billing/invoice-service.ts';
import { type Contact, supportText } from '../contact.ts';
import {
  isOwed,
  lineText,
  notBilledTexts,
  quantityText,
  statusText,
  sumsText,
  unitPriceText,
  type Words,
} from './invoice-text.ts';

const PAGE = { width: 595, height: 842, margin: 56 } as const;
const LINE = 16;
const RIGHT = PAGE.width - PAGE.margin;
/** Right edges of the columns of numbers. */
const COLUMNS = { quantity: 350, price: 450, amount: RIGHT } as const;
const BOTTOM = 120;
const TEXT_WIDTH = 215;

/** The standard fonts know Windows-1252 only: narrow spaces become plain ones, what they lack becomes a question mark. */
export function printable(text: string): string {
  return text
    .replace(/[\u00a0\u202f\u2009]/g, ' ')
    .replace(/\u2212/g, '-')
    .replace(/[^\x20-\x7e\u00a1-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/g, '?');
}

function wrap(text: string, font: PDFFont, size: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && font.widthOfTextAtSize(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

const partyLines = ({ name, company, address, email, tax_id: taxId }: Party, words: Words): string[] => [
  company || name,
  ...(company && company !== name ? [name] : []),
  ...(address ?? '').split('\n').filter((line) => line.trim() !== ''),
  ...(email ? [email] : []),
  ...(taxId ? [`${words.m.invoice.taxId}${words.m.common.colon} ${taxId}`] : []),
];

interface Style {
  font?: PDFFont;
  size?: number;
  color?: RGB;
}

interface Inks {
  regular: PDFFont;
  bold: PDFFont;
  dark: RGB;
  soft: RGB;
}

/** Writes from the top of a page down, and goes on with the next. */
function createPen(document: PDFDocument, { regular, dark, soft }: Inks) {
  let page: PDFPage = document.addPage([PAGE.width, PAGE.height]);
  let y: number = PAGE.height - PAGE.margin;
  const put = (text: string, x: number, { font = regular, size = 10, color = dark }: Style = {}) =>
    page.drawText(printable(text), { x, y, size, font, color });
  return {
    put,
    putRight: (text: string, right: number, { font = regular, size = 10 }: Style = {}) =>
      put(text, right - font.widthOfTextAtSize(printable(text), size), { font, size }),
    rule: () =>
      page.drawLine({
        start: { x: PAGE.margin, y: y + 5 },
        end: { x: RIGHT, y: y + 5 },
        thickness: 0.5,
        color: soft,
      }),
    down(by: number = LINE) {
      y -= by;
      if (y > BOTTOM) return;
      page = document.addPage([PAGE.width, PAGE.height]);
      y = PAGE.height - PAGE.margin;
    },
  };
}

type Pen = ReturnType<typeof createPen>;

function writeFacts({ put, down }: Pen, { soft }: Inks, invoice: Invoice, words: Words): void {
  const { m, format } = words;
  const facts: [string, string][] = [
    [m.invoice.issued, format.date(invoice.issued_at)],
    [m.invoice.due, format.date(invoice.due_at)],
    [m.invoice.period, `${format.date(invoice.period_start)} – ${format.date(invoice.period_end)}`],
    [m.invoice.status, statusText(words, invoice)],
    ...(invoice.credits ? ([['', m.invoice.creditOf(invoice.credits)]] as [string, string][]) : []),
  ];
  for (const [label, value] of facts) {
    put(label, PAGE.margin, { color: soft });
    put(value, PAGE.margin + 90);
    down();
  }
}

/** Seller and buyer, side by side. */
function writeParties(
  { put, down }: Pen,
  { regular, bold, soft }: Inks,
  invoice: Invoice,
  words: Words,
): void {
  const sides = [partyLines(invoice.seller, words), partyLines(invoice.buyer, words)] as const;
  put(words.m.invoice.from, PAGE.margin, { color: soft });
  put(words.m.invoice.to, PAGE.width / 2, { color: soft });
  down();
  for (let row = 0; row < Math.max(sides[0].length, sides[1].length); row++) {
    const font = row === 0 ? bold : regular;
    put((sides[0][row] ?? '').slice(0, 45), PAGE.margin, { font });
    put((sides[1][row] ?? '').slice(0, 45), PAGE.width / 2, { font });
    down();
  }
}

function writeLines(
  { put, putRight, rule, down }: Pen,
  { regular, soft }: Inks,
  invoice: Invoice,
  words: Words,
): void {
  const { m, format } = words;
  put(m.invoice.what, PAGE.margin, { color: soft });
  putRight(m.invoice.quantity, COLUMNS.quantity);
  putRight(m.invoice.unitPrice, COLUMNS.price);
  putRight(m.invoice.amount, COLUMNS.amount);
  down(10);
  rule();
  down(12);
  for (const line of invoice.lines) {
    const [first = '', ...rest] = wrap(lineText(words, line), regular, 10, TEXT_WIDTH);
    put(first, PAGE.margin);
    putRight(quantityText(words, line), COLUMNS.quantity);
    putRight(unitPriceText(words, line, invoice.currency), COLUMNS.price, { size: 8 });
    putRight(format.money(line.amount_minor, invoice.currency), COLUMNS.amount);
    for (const more of rest) {
      down(13);
      put(more, PAGE.margin);
    }
    down(18);
  }
  rule();
  down(14);
}

function writeSums({ putRight, down }: Pen, { regular, bold }: Inks, invoice: Invoice, words: Words): void {
  const { m, format } = words;
  for (const [label, minor] of sumsText(words, invoice)) {
    const font = label === m.invoice.total || label === m.invoice.left ? bold : regular;
    putRight(label, COLUMNS.price, { font });
    putRight(format.money(minor, invoice.currency), COLUMNS.amount, { font });
    down();
  }
}

function writeNotBilled({ put, down }: Pen, { regular }: Inks, invoice: Invoice, words: Words): void {
  const texts = notBilledTexts(words, invoice);
  for (const line of texts.flatMap((text) => wrap(text, regular, 10, RIGHT - PAGE.margin))) {
    put(line, PAGE.margin);
    down(14);
  }
  if (texts.length > 0) down(10);
}

/** How to pay it, under which terms, and whom to ask. */
function writePayment(
  { put, down }: Pen,
  { regular, bold, soft }: Inks,
  invoice: Invoice,
  { m, contact }: PdfWords,
): void {
  const pay = isOwed(invoice) ? contact.paymentFor(invoice.currency) : undefined;
  if (pay) {
    put(m.invoice.howToPay, PAGE.margin, { font: bold });
    down();
    for (const line of [...pay.split('\n'), m.invoice.quote(invoice.number)].flatMap((each) =>
      wrap(each, regular, 10, RIGHT - PAGE.margin),
    )) {
      put(line, PAGE.margin);
      down(14);
    }
    down(10);
  }
  const ask = supportText(contact);
  const facts = [
    ...(contact.termsUrl ? [m.invoice.termsAt(contact.termsUrl)] : []),
    ...(ask ? [`${m.common.questions} ${ask}`] : []),
  ];
  for (const fact of facts) {
    put(fact, PAGE.margin, { size: 8, color: soft });
    down(12);
  }
}

interface PdfWords extends Words {
  contact: Contact;
}

export async function invoicePdf(invoice: Invoice, words: PdfWords): Promise<Uint8Array> {
  const { PDFDocument, rgb, StandardFonts } = await import('pdf-lib');
  const { m } = words;
  const document = await PDFDocument.create();
  const inks = {
    regular: await document.embedFont(StandardFonts.Helvetica),
    bold: await document.embedFont(StandardFonts.HelveticaBold),
    dark: rgb(0.1, 0.1, 0.1),
    soft: rgb(0.4, 0.4, 0.38),
  };
  const title = `${invoice.kind === 'invoice' ? m.invoice.invoice : m.invoice.creditNote} ${invoice.number}`;
  document.setTitle(title);
  document.setCreationDate(new Date(invoice.issued_at));
  document.setModificationDate(new Date(invoice.issued_at));
  const pen = createPen(document, inks);
  pen.put(title, PAGE.margin, { font: inks.bold, size: 18 });
  pen.down(34);
  writeFacts(pen, inks, invoice, words);
  pen.down(12);
  writeParties(pen, inks, invoice, words);
  pen.down(20);
  writeLines(pen, inks, invoice, words);
  writeSums(pen, inks, invoice, words);
  pen.down(24);
  writeNotBilled(pen, inks, invoice, words);
  writePayment(pen, inks, invoice, words);
  pen.put(m.invoice.final, PAGE.margin, { size: 8, color: inks.soft });
  return document.save();
}
