// The documentation for programs: a Markdown twin of every page, at its path with `.md`; /llms.txt (llmstxt.org), which lists
// them; and /robots.txt. Public; reads nothing but what the pages read.

import { textIn } from '../../brand/brand.ts';
import { AppError } from '../../core/errors.ts';
import { createFormat } from '../../web/format.ts';
import { messagesOf } from '../../web/messages/messages.ts';
import { CHANGELOG_PATH, CHANGELOGS } from './changelog/changelog.ts';
import type { Reader } from './docs-blocks.ts';
import { factsOf } from './docs-facts.ts';
import { CODES, docsPage, twinText } from './docs-text.ts';
import { ENDPOINTS_PATH } from './endpoints-text.ts';
import { guidesFor } from './guides/guides.ts';
import { type PortalContext, portal } from './portal-web.tsx';

const SUFFIX = '.md';

/** In the language that `lang` names, otherwise in that of whoever asks. */
export function readerOf(context: PortalContext): Reader {
  const { view } = context.var;
  const wanted = context.req.query('lang');
  if (wanted !== 'en' && wanted !== 'fr') return view;
  const { origin, product, catalog, nowMs } = view;
  return {
    language: wanted,
    m: messagesOf(wanted),
    format: createFormat(wanted, nowMs),
    origin,
    product,
    catalog,
  };
}

function text(context: PortalContext, body: string, type: string): Response {
  context.header('vary', 'Accept-Language, Cookie');
  return context.body(body, 200, { 'content-type': `${type}; charset=utf-8` });
}

async function twin(context: PortalContext): Promise<Response> {
  const reader = readerOf(context);
  const path = context.req.path.slice(0, -SUFFIX.length);
  const page = await docsPage(path, reader, factsOf(context.var.services));
  if (!page) throw new AppError('not_found');
  context.header('content-language', reader.language);
  return text(context, twinText(page.text, reader), 'text/markdown');
}

portal.get('/docs.md', twin);
portal.get('/docs/:file{.+\\.md}', twin);

portal.get('/llms.txt', (context) => {
  const { m, language, origin, product, catalog } = readerOf(context);
  const { about } = context.var.view.brand;
  const link = (title: string, path: string, about?: string) =>
    `- [${title}](${origin}${path})${about === undefined ? '' : `: ${about}`}`;
  const twinLink = (title: string, path: string, about?: string) =>
    link(title, `${path}${SUFFIX}?lang=${language}`, about);
  const absolute = (markdown: string) => markdown.replaceAll('](/', `](${origin}/`);
  const guides = guidesFor(catalog).map(({ slug, title, about }) =>
    twinLink(title[language], `/docs/${slug}`, absolute(about[language])),
  );
  const errors = CODES.map((code) => twinLink(code, `/docs/errors/${code}`, m.errorGuide[code].what));
  const body = [
    `# ${product}`,
    `> ${about ? textIn(about, language) : m.docsPages.about}`,
    `## ${m.docs.guides}`,
    [twinLink(m.nav.docs, '/docs'), ...guides].join('\n'),
    `## ${m.docs.reference}`,
    [
      twinLink(m.docsPages.endpointsTitle, ENDPOINTS_PATH),
      twinLink(CHANGELOGS[language].title, CHANGELOG_PATH, absolute(CHANGELOGS[language].about)),
      link('OpenAPI', '/openapi.json', m.docsPages.openapi),
    ].join('\n'),
    `## ${m.docs.errors}`,
    [twinLink(m.docs.errors, '/docs/errors'), ...errors].join('\n'),
  ];
  return text(context, `${body.join('\n\n')}\n`, 'text/plain');
});

/** Where there is nothing to be found: behind a sign-in, links that work once, results. */
const PRIVATE = [
  '/docs/search',
  '/portal',
  '/operator',
  '/api/',
  '/dashboard/',
  '/invite/',
  '/reset/',
  '/verify/',
];

portal.get('/robots.txt', (context) =>
  text(
    context,
    ['User-agent: *', ...PRIVATE.map((path) => `Disallow: ${path}`), ''].join('\n'),
    'text/plain',
  ),
);
