// The offered APIs as a reference. Public; in both languages.

import { Public } from '../../web/components/layout.tsx';
import { referencePolicy, render } from '../../web/web.ts';
import { viewer } from './docs-parts.tsx';
import { Reference, referenceScripts } from './playground-page.tsx';
import { portal } from './portal-web.tsx';

portal.get('/docs/reference', async (context) => {
  const view = await viewer(context);
  context.header('content-security-policy', referencePolicy(view.nonce));
  return render(
    context,
    <Public view={view} title={view.m.docs.offered} scripts={referenceScripts(context)}>
      <div class="row">
        <a href="/docs">{view.m.nav.docs}</a>
        <a href="/docs/endpoints">{view.m.docsPages.endpointsTitle}</a>
        <a href="/docs/api">{view.m.docs.all}</a>
      </div>
      <Reference view={view} />
    </Public>,
  );
});
