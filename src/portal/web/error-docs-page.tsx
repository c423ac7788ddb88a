// Every error code, and one page for each: what it means, what to do. Public; in both languages.

import { AppError, docUrl, ERRORS, type ErrorCode } from '../../core/errors.ts';
import { Code } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { Docs, viewer } from './docs-parts.tsx';
import { portal } from './portal-web.tsx';

const CODES = Object.keys(ERRORS) as ErrorCode[];

const exampleOf = ({ origin }: View, code: ErrorCode, message: string): string =>
  JSON.stringify({ error: code, message, request_id: '…', doc_url: docUrl(origin, code) }, null, 2);

portal.get('/docs/errors', async (context) => {
  const view = await viewer(context);
  const { m } = view;
  return render(
    context,
    <Docs view={view} title={m.docs.errors}>
      <h1>{m.docs.errors}</h1>
      <p>{m.docs.errorsText}</p>
      <Code text={exampleOf(view, 'daily_quota_exceeded', '…')} />
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
      <Code text={exampleOf(view, code, message)} />
      <p>{status >= 500 || status === 429 ? m.docs.retry : m.docs.noRetry}</p>
    </Docs>,
  );
});
