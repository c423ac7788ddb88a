// Your machine's outbox: what would have been mailed, in both its parts.

import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { Public } from '../../web/components/layout.tsx';
import { Empty, Time } from '../../web/components/parts.tsx';
import { hasOutbox, pagePolicy, render } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

/** A mail in a frame of ours: no script, nothing from elsewhere; links open beside it. */
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

portal.get('/outbox', async (context) => {
  const { services, view } = context.var;
  if (!hasOutbox(services.config)) throw new AppError('not_found');
  const { m } = view;
  context.header('content-security-policy', pagePolicy(view.nonce, "frame-src 'self'"));
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
          {mail.hasHtml && (
            <details class="pad">
              <summary class="small">{m.outbox.html}</summary>
              <iframe class="mail" src={`/outbox/${mail.id}`} title={mail.subject} loading="lazy" />
            </details>
          )}
        </article>
      ))}
    </Public>,
  );
});

portal.get('/outbox/:id', async (context) => {
  const { services } = context.var;
  if (!hasOutbox(services.config)) throw new AppError('not_found');
  const html = await services.outbox.htmlOf(idOr404(context.req.param('id'), 'mail'));
  if (html === undefined) throw new AppError('not_found');
  context.header('content-security-policy', MAIL_POLICY);
  return context.html(html.replace('<head>', '<head><base target="_blank">'));
});
