// The frame of the documentation: its guides and references beside what is read.

import type { Child } from 'hono/jsx';
import { Public } from '../../web/components/layout.tsx';
import type { View } from '../../web/view.ts';
import { signIn } from '../../web/web.ts';
import { CHANGELOG_PATH, CHANGELOGS } from './changelog/changelog.ts';
import { AsText, SearchField } from './docs-tools.tsx';
import { guidesFor } from './guides/guides.ts';
import type { PortalContext } from './portal-web.tsx';

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
          {view.path !== '/docs/search' && <SearchField id="nav-search" />}
          <h2>{m.docs.guides}</h2>
          <ul>
            {guidesFor(view.catalog).map(({ slug, title: titles }) =>
              link(`/docs/${slug}`, titles[view.language]),
            )}
          </ul>
          <h2>{m.docs.reference}</h2>
          <ul>
            {link('/docs/reference', m.docs.offered)}
            {link('/docs/endpoints', m.docsPages.endpointsTitle)}
            {link('/docs/api', m.docs.all)}
            {link('/docs/errors', m.docs.errors)}
            {link(CHANGELOG_PATH, CHANGELOGS[view.language].title)}
          </ul>
        </nav>
        <article class="prose">
          {hasTwin && <AsText />}
          {children}
        </article>
      </div>
    </Public>
  );
};

/** Whoever reads, signed in or not. */
export async function viewer(context: PortalContext): Promise<View> {
  await signIn(context);
  return context.var.view;
}
