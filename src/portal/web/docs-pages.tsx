// The guides, one page for each error code, and the reference. Public; in both languages.

import type { Child } from 'hono/jsx';
import { AppError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import { Public } from '../../web/components/layout.tsx';
import { Code } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { View } from '../../web/view.ts';
import { referencePolicy, render, signIn } from '../../web/web.ts';
import { GUIDES } from './guides/guides.tsx';
import { referenceScripts } from './playground-page.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

const Docs = ({
  view,
  title,
  scripts,
  wide,
  children,
}: {
  view: View;
  title: string;
  scripts?: Child;
  wide?: boolean;
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
        <article class={wide ? undefined : 'prose'}>{children}</article>
      </div>
    </Public>
  );
};

async function viewer(context: PortalContext): Promise<View> {
  await signIn(context);
  return context.var.view;
}

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

const CODES = Object.keys(ERRORS) as ErrorCode[];

portal.get('/docs/errors', async (context) => {
  const view = await viewer(context);
  const { m } = view;
  return render(
    context,
    <Docs view={view} title={m.docs.errors}>
      <h1>{m.docs.errors}</h1>
      <p>{m.docs.errorsText}</p>
      <Code text={JSON.stringify({ error: 'daily_quota_exceeded', message: '…', request_id: '…' })} />
      <Table
        hasHead={false}
        rows={CODES}
        columns={[
          {
            title: m.requests.error,
            kind: 'mono',
            cell: (code) => <a href={`/docs/errors/${code}`}>{code}</a>,
          },
          { title: m.requests.status, kind: 'num', cell: (code) => ERRORS[code][0] },
        ]}
      />
    </Docs>,
  );
});

portal.get('/docs/errors/:code', async (context) => {
  const code = CODES.find((each) => each === context.req.param('code'));
  if (!code) throw new AppError('not_found');
  const view = await viewer(context);
  const { m } = view;
  const [status, message] = ERRORS[code];
  const { what, fix } = m.errorGuide[code];
  return render(
    context,
    <Docs view={view} title={code}>
      <p class="crumbs">
        <a href="/docs/errors">{m.docs.errors}</a>
      </p>
      <h1 class="mono">{code}</h1>
      <p>
        <span class="badge">{status}</span>
      </p>
      <h2>{m.docs.what}</h2>
      <p>{what}</p>
      <h2>{m.docs.fix}</h2>
      <p>{fix}</p>
      <h2>{m.docs.answer}</h2>
      <Code text={JSON.stringify({ error: code, message, request_id: '…' })} />
      <p>{status >= 500 || status === 429 ? m.docs.retry : m.docs.noRetry}</p>
    </Docs>,
  );
});

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
