// The front page.

import { textIn } from '../../brand/brand.ts';
import { shownCalls } from '../../catalog/document-words.ts';
import { Public } from '../../web/components/layout.tsx';
import { Code } from '../../web/components/parts.tsx';
import { render, signIn } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

portal.get('/', async (context) => {
  await signIn(context);
  const { view } = context.var;
  const { m, brand, language } = view;
  const { read } = shownCalls(view.catalog);
  const path = brand.example ? textIn(brand.example, language) : read;
  return render(
    context,
    <Public view={view} title={m.home.title}>
      <div class="hero">
        <div>
          <h1>{textIn(brand.headline, language)}</h1>
          <p>{brand.intro ? textIn(brand.intro, language) : m.home.text}</p>
          <div class="row">
            <a class="button primary" href="/sign-up">
              {m.home.start}
            </a>
            <a class="button" href="/docs">
              {m.home.read}
            </a>
          </div>
        </div>
        <div class="stack">
          <Code
            label={m.home.example}
            text={`curl -H 'Authorization: Bearer pk_test_…' \\\n  '${view.origin}${path}'`}
          />
          <dl class="facts">
            {m.home.facts.map(([term, fact]) => (
              <>
                <dt>{term}</dt>
                <dd>{fact}</dd>
              </>
            ))}
          </dl>
        </div>
      </div>
    </Public>,
  );
});
