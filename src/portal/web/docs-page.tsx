// The documentation's pages: its front page, one for each guide and each error. Public; in both languages.

import { AppError } from '../../core/errors.ts';
import { render } from '../../web/web.ts';
import { CHANGELOG_PATH } from './changelog/changelog.ts';
import { factsOf } from './docs-facts.ts';
import { markdownHtml } from './docs-markdown.ts';
import { Docs, viewer } from './docs-parts.tsx';
import { docsPage } from './docs-text.ts';
import { FeedLink } from './feed-link.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

async function show(context: PortalContext): Promise<Response> {
  const view = await viewer(context);
  const page = await docsPage(view.path, view, factsOf(context.var.services));
  if (!page) throw new AppError('not_found');
  return render(
    context,
    <Docs view={view} title={page.title}>
      {markdownHtml(page.text, view)}
      {view.path === CHANGELOG_PATH && <FeedLink path={CHANGELOG_PATH} />}
    </Docs>,
  );
}

portal.get('/docs', show);
portal.get('/docs/errors', show);
portal.get('/docs/errors/:code', show);
portal.get('/docs/:guide', show);
