// An error as a page: what happened, what to do, and the request id to copy.

import type { Child } from 'hono/jsx';
import { type AppError, PageError } from '../core/errors.ts';
import { Plain } from './components/layout.tsx';
import { Code, ContactLink } from './components/parts.tsx';
import { supportHref } from './contact.ts';
import { inFrench } from './messages/errors.fr.ts';
import type { View } from './view.ts';

/** In the language of whoever looks; nothing where the page's own words say it. */
function messageOf(error: AppError, { language, m }: View, status: number): string | undefined {
  if (error.code === 'partner_suspended') return m.errorGuide.partner_suspended.what;
  if (status >= 500 || status === 404 || status === 405) return undefined;
  return language === 'en' || error instanceof PageError ? error.message : inFrench(error.message);
}

/** What the pages of a surface stand in. */
export type Frame = (page: { view: View; title: string; children?: Child }) => Child;

const homeOf = ({ account, workspace }: View): string => {
  if (!account) return '/';
  return account.isOperator && !workspace ? '/operator' : '/portal';
};

export const errorPage = ({
  view,
  error,
  status,
  Frame = Plain,
}: {
  view: View;
  error: AppError;
  status: number;
  Frame?: Frame;
}) => {
  const { m } = view;
  const words = m.errorPages[status as keyof typeof m.errorPages] ?? m.errorPages[500];
  const message = messageOf(error, view, status);
  return (
    <Frame view={view} title={words.title}>
      <h1>{words.title}</h1>
      <p>{words.text}</p>
      {message && <p class="soft">{message}</p>}
      <div>
        <p class="label">{m.errors.requestId}</p>
        <Code text={view.requestId} />
      </div>
      <div class="row">
        <a class="button primary" href={homeOf(view)}>
          {m.errors.back}
        </a>
        {status === 404 && (
          <a class="button" href="/docs">
            {m.nav.docs}
          </a>
        )}
        {supportHref(view.contact) && <ContactLink kind="button" />}
      </div>
    </Frame>
  );
};
