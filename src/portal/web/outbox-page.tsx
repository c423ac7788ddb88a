// Your machine's outbox: what would have been mailed.

import { AppError } from '../../core/errors.ts';
import { Public } from '../../web/components/layout.tsx';
import { Empty, Time } from '../../web/components/parts.tsx';
import { hasOutbox, render } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

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
