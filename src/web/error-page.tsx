// An error as a page: what happened, what to do, and the request id to copy.

import type { AppError } from '../core/errors.ts';
import { Plain } from './components/layout.tsx';
import { Code } from './components/parts.tsx';
import type { View } from './view.ts';

export const errorPage = ({ view, error, status }: { view: View; error: AppError; status: number }) => {
  const { m } = view;
  const words = m.errorPages[status as keyof typeof m.errorPages] ?? m.errorPages[500];
  return (
    <Plain view={view} title={words.title}>
      <h1>{words.title}</h1>
      <p>{words.text}</p>
      {error.code === 'partner_suspended' ? (
        <p class="soft">{m.errorGuide.partner_suspended.what}</p>
      ) : (
        status < 500 && status !== 404 && view.language === 'en' && <p class="soft">{error.message}</p>
      )}
      <div>
        <p class="label">{m.errors.requestId}</p>
        <Code view={view} text={view.requestId} />
      </div>
      <div class="row">
        <a class="button primary" href={view.account ? '/portal' : '/'}>
          {m.errors.back}
        </a>
      </div>
    </Plain>
  );
};
