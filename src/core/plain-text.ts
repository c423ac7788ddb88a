// Markdown or HTML of others as one line of plain text, for a name or a cell of a table. Pure.

/** Cut between words where it is longer. */
export function plainLine(text: string, maxChars: number): string {
  const line = text
    .replace(/<[^<>]*>/g, ' ')
    .replace(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replace(/[*`]+|^#+\s/gm, '')
    .replace(/\s+/g, ' ')
    .replace(/ ([.,;:])(?=\s|$)/g, '$1')
    .trim();
  if (line.length <= maxChars) return line;
  const cut = line.slice(0, maxChars - 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), maxChars / 2)).trimEnd()}…`;
}
