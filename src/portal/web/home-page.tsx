// The front page.

import { Public } from '../../web/components/layout.tsx';
import { Code } from '../../web/components/parts.tsx';
import { render, signIn } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

portal.get('/', async (context) => {
  await signIn(context);
  const { view } = context.var;
  const { m } = view;
  return render(
    context,
    <Public view={view} title={m.home.title}>
      <div class="hero">
        <div>
          <h1>{m.home.headline}</h1>
          <p>{m.home.text}</p>
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
            text={`curl -H 'Authorization: Bearer pk_test_…' \\\n  '${view.origin}/v2/stops/search?q=colobane'`}
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
