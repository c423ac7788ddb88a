// What everybody sees: the front page, preferences, static assets, and your machine's outbox.

import { setCookie } from 'hono/cookie';
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { Public } from '../../web/components/layout.tsx';
import { Code, Empty, Time } from '../../web/components/parts.tsx';
import { safePath } from '../../web/redirects.ts';
import { cookieName, hasOutbox, PREFERENCE_SECONDS, readForm, render, signIn } from '../../web/web.ts';
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

const preferences = z.object({
  back: z.string().optional(),
  language: z.enum(['en', 'fr']).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  environment: z.enum(['test', 'live']).optional(),
});

portal.post('/preferences', async (context) => {
  const { data } = await readForm(context, preferences);
  const isSecure = context.var.view.origin.startsWith('https:');
  for (const name of ['language', 'theme', 'environment'] as const) {
    const value = data?.[name];
    if (value) {
      setCookie(context, cookieName(context.var.services.config, name), value, {
        path: '/',
        sameSite: 'Lax',
        httpOnly: true,
        secure: isSecure,
        maxAge: PREFERENCE_SECONDS,
      });
    }
  }
  return context.redirect(safePath(data?.back, '/'), 303);
});

portal.get('/outbox', async (context) => {
  const { services, view } = context.var;
  if (!hasOutbox(services.config)) throw new AppError('not_found');
  const { m } = view;
  const mails = await services.outbox.list(context.req.query('to'));
  const linked = (text: string) =>
    text.split(/(https?:\/\/\S+)/).map((part, index) => (index % 2 ? <a href={part}>{part}</a> : part));
  return render(
    context,
    <Public view={view} title={m.nav.outbox}>
      <h1>{m.nav.outbox}</h1>
      <p class="soft">{m.outbox.about}</p>
      {mails.length === 0 && (
        <div class="panel">
          <Empty title={m.outbox.empty} />
        </div>
      )}
      {mails.map((mail) => (
        <article class="panel">
          <header>
            <h2>{mail.subject}</h2>
            <span class="soft small">
              {mail.recipient} · <Time at={mail.createdAt} />
            </span>
          </header>
          <div class="pad prewrap">{linked(mail.body)}</div>
        </article>
      ))}
    </Public>,
  );
});
