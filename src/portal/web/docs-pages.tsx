// The guides, one page for each error code, and the reference. Public; in both languages.

import type { Next } from 'hono';
import type { Child } from 'hono/jsx';
import { Public } from '../../web/components/layout.tsx';
import type { View } from '../../web/view.ts';
import { referencePolicy, render, signIn } from '../../web/web.ts';
import { factsOf } from './docs-facts.ts';
import { markdownHtml } from './docs-markdown.ts';
import { docsPage } from './docs-text.ts';
import { AsText, SearchField } from './docs-tools.tsx';
import { GUIDES } from './guides/guides.ts';
import { referenceScripts } from './playground-pages.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

export const Docs = ({
  view,
  title,
  hasTwin = true,
  children,
}: {
  view: View;
  title: string;
  /** Whether the page is there as Markdown, too. */
  hasTwin?: boolean;
  children?: Child;
}) => {
  const { m } = view;
  const link = (href: string, text: string) => (
    <li>
      <a href={href} aria-current={view.path === href ? 'page' : undefined}>
        {text}
      </a>
    </li>
  );
  return (
    <Public view={view} title={title}>
      <div class="docs">
        <nav aria-label={m.nav.docs}>
          {view.path !== '/docs/search' && <SearchField view={view} id="nav-search" />}
          <h2>{m.docs.guides}</h2>
          <ul>{GUIDES.map(({ slug, title: titles }) => link(`/docs/${slug}`, titles[view.language]))}</ul>
          <h2>{m.docs.reference}</h2>
          <ul>
            {link('/docs/reference', m.docs.offered)}
            {link('/docs/api', m.docs.all)}
            {link('/docs/errors', m.docs.errors)}
          </ul>
        </nav>
        <article class="prose">
          {hasTwin && <AsText view={view} />}
          {children}
        </article>
      </div>
    </Public>
  );
};

export async function viewer(context: PortalContext): Promise<View> {
  await signIn(context);
  return context.var.view;
}

/** What is no page of the documentation is somebody else's. */
async function showPage(context: PortalContext, next: Next): Promise<Response | undefined> {
  const { view } = context.var;
  const page = await docsPage(view.path, view, factsOf(context.var.services));
  if (!page) {
    await next();
    return undefined;
  }
  await signIn(context);
  return render(
    context,
    <Docs view={view} title={page.title}>
      {markdownHtml(page.text, view)}
    </Docs>,
  );
}

for (const path of ['/docs', '/docs/errors', '/docs/errors/:code']) portal.get(path, showPage);

portal.get('/docs/reference', async (context) => {
  const view = await viewer(context);
  context.header('content-security-policy', referencePolicy(view.nonce));
  return render(
    context,
    <Public view={view} title={view.m.docs.offered} scripts={referenceScripts(context)}>
      <div class="row">
        <a href="/docs">{view.m.nav.docs}</a>
        <a href="/docs/api">{view.m.docs.all}</a>
      </div>
      <div id="reference" class="reference" />
      <noscript>
        <p>
          {view.m.playground.noScript} <a href="/docs/api">/docs/api</a>
        </p>
      </noscript>
    </Public>,
  );
});

portal.get('/docs/:guide', showPage);
