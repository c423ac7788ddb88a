// The documentation: its front page, and one page for each guide. Public; in both languages.

import { AppError } from '../../core/errors.ts';
import { render } from '../../web/web.ts';
import { Docs, viewer } from './docs-parts.tsx';
import { GUIDES } from './guides/guides.tsx';
import { portal } from './portal-web.tsx';

portal.get('/docs', async (context) => {
  const view = await viewer(context);
  const { m, language } = view;
  return render(
    context,
    <Docs view={view} title={m.nav.docs}>
      <h1>{m.nav.docs}</h1>
      <p>{m.docs.intro}</p>
      <ul>
        {GUIDES.map(({ slug, title, about }) => (
          <li>
            <a href={`/docs/${slug}`}>{title[language]}</a>: {about[language]}
          </li>
        ))}
      </ul>
      {context.var.services.gateway.catalog.documents.map(({ info, paths }) => (
        <>
          <h2>{info.title}</h2>
          <ul>
            {Object.entries(paths).flatMap(([path, operations]) =>
              Object.entries(operations).map(([method, operation]) => (
                <li>
                  <code>
                    {method.toUpperCase()} {path}
                  </code>
                  : {operation.summary}
                </li>
              )),
            )}
          </ul>
        </>
      ))}
    </Docs>,
  );
});

portal.get('/docs/:guide', async (context) => {
  const guide = GUIDES.find(({ slug }) => slug === context.req.param('guide'));
  if (!guide) throw new AppError('not_found');
  const view = await viewer(context);
  return render(
    context,
    <Docs view={view} title={guide.title[view.language]}>
      <h1>{guide.title[view.language]}</h1>
      {guide.body[view.language](view)}
    </Docs>,
  );
});
