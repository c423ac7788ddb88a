// The frame of the documentation: its guides and references beside what is read.

import type { Child } from 'hono/jsx';
import { Public } from '../../web/components/layout.tsx';
import type { View } from '../../web/view.ts';
import { signIn } from '../../web/web.ts';
import { GUIDES } from './guides/guides.tsx';
import type { PortalContext } from './portal-web.tsx';

export const Docs = ({
  view,
  title,
  scripts,
  children,
}: {
  view: View;
  title: string;
  scripts?: Child;
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
    <Public view={view} title={title} scripts={scripts}>
      <div class="docs">
        <nav aria-label={m.nav.docs}>
          <h2>{m.docs.guides}</h2>
          <ul>{GUIDES.map(({ slug, title: titles }) => link(`/docs/${slug}`, titles[view.language]))}</ul>
          <h2>{m.docs.reference}</h2>
          <ul>
            {link('/docs/reference', m.docs.offered)}
            {link('/docs/api', m.docs.all)}
            {link('/docs/errors', m.docs.errors)}
          </ul>
        </nav>
        <article class="prose">{children}</article>
      </div>
    </Public>
  );
};

/** Whoever reads, signed in or not. */
export async function viewer(context: PortalContext): Promise<View> {
  await signIn(context);
  return context.var.view;
}
