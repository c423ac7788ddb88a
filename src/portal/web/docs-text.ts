// The documentation as Markdown: the one text of each page, for the page itself (docs-markdown.ts) and for its `.md` twin.

import { translated } from '../../catalog/document-words.ts';
import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import { CHANGELOG_PATH, CHANGELOGS, changelogText } from './changelog/changelog.ts';
import { type DocsFacts, type Reader, withData } from './docs-blocks.ts';
import { ENDPOINTS_PATH, endpointLink, endpointName, endpointsText } from './endpoints-text.ts';
import { errorExample, guideOfError } from './error-examples.ts';
import { guideOf, guidesFor } from './guides/guides.ts';
import { filled, SNIPPETS } from './guides/snippets.ts';

export const CODES = Object.keys(ERRORS) as ErrorCode[];

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text);

export interface DocsPage {
  title: string;
  text: string;
}

const ERRORS_PATH = '/docs/errors';

const COLON: Record<Reader['language'], string> = { en: ':', fr: '\u202f:' };

function indexText({ m, language }: Reader, { catalog }: DocsFacts): string {
  const guides = guidesFor(catalog).map(
    ({ slug, title, about }) => `- [${title[language]}](/docs/${slug})${COLON[language]} ${about[language]}`,
  );
  const apis = catalog.documents.map(({ info, paths }) => {
    const endpoints = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { summary = '' }]) =>
          `- [\`${endpointName(method, path)}\`](${endpointLink(method, path)})${COLON[language]} ${translated(catalog, summary, language)}`,
      ),
    );
    return `## ${info.title}\n\n[${m.docs.offered}](/docs/reference)\n\n${endpoints.join('\n')}`;
  });
  return [`# ${m.nav.docs}`, m.docs.intro, guides.join('\n'), ...apis].join('\n\n');
}

async function exampleText(code: ErrorCode, origin: string): Promise<string> {
  const { status, headers, body } = await errorExample(code, origin);
  const lines = [`HTTP/1.1 ${status}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return `\`\`\`http\n${lines.join('\n')}\n\n${JSON.stringify(body, null, 2)}\n\`\`\``;
}

async function errorsText({ m, origin }: Reader): Promise<string> {
  const rows = CODES.map((code) => `| [\`${code}\`](${ERRORS_PATH}/${code}) | ${ERRORS[code][0]} |`);
  return [
    `# ${m.docs.errors}`,
    m.docs.errorsText,
    await exampleText('daily_quota_exceeded', origin),
    [`| ${m.requests.error} | ${m.requests.status} |`, '| --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

async function errorText(code: ErrorCode, { m, language, origin }: Reader): Promise<string> {
  const [status] = ERRORS[code];
  const { what, fix } = m.errorGuide[code];
  const guide = guideOf(guideOfError(code));
  const isWorthRetrying = status >= 500 || status === 429;
  return [
    `# \`${code}\``,
    `**${status}** · [${m.docs.errors}](${ERRORS_PATH})`,
    `## ${m.docs.what}\n\n${what}`,
    `## ${m.docs.fix}\n\n${fix}`,
    `## ${m.docs.answer}\n\n${await exampleText(code, origin)}`,
    isWorthRetrying ? m.docs.retry : m.docs.noRetry,
    guide ? `${m.docsPages.more} [${guide.title[language]}](/docs/${guide.slug})` : '',
  ].join('\n\n');
}

/** The page at a path; undefined where there is none. `path`: of the page, not of its twin. */
export async function docsPage(
  path: string,
  reader: Reader,
  facts: DocsFacts,
): Promise<DocsPage | undefined> {
  if (path === '/docs') return { title: reader.m.nav.docs, text: indexText(reader, facts) };
  if (path === ENDPOINTS_PATH)
    return { title: reader.m.docsPages.endpointsTitle, text: endpointsText(reader, facts) };
  if (path === CHANGELOG_PATH)
    return { title: CHANGELOGS[reader.language].title, text: changelogText(reader) };
  if (path === ERRORS_PATH) return { title: reader.m.docs.errors, text: await errorsText(reader) };
  const code = path.startsWith(`${ERRORS_PATH}/`) ? path.slice(ERRORS_PATH.length + 1) : '';
  if (isCode(code)) return { title: code, text: await errorText(code, reader) };
  const guide = guideOf(path.slice('/docs/'.length));
  if (!guide || !guidesFor(facts.catalog).includes(guide)) return undefined;
  const { title, text } = guide;
  return {
    title: title[reader.language],
    text: await withData(text[reader.language], reader, facts),
  };
}

const SNIPPETS_BLOCK = /^```snippets (\S+)\n```$/gm;

/** What an assistant reads: with the programs in place, and links that lead here from anywhere. */
export const twinText = (text: string, reader: Pick<Reader, 'origin' | 'catalog'>): string =>
  `${text
    .replace(SNIPPETS_BLOCK, (_, name: string) =>
      (SNIPPETS.get(name) ?? [])
        .map(({ label, fence, code }) => `${label}:\n\n\`\`\`${fence}\n${filled(code, reader)}\n\`\`\``)
        .join('\n\n'),
    )
    .replaceAll('](/', `](${reader.origin}/`)
    .trim()}\n`;
