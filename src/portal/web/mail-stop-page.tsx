// What the link in the foot of an optional mail leads to. A GET changes nothing; a POST stops the mail's kind, by the link
// alone: from the page, or from a mail program (RFC 8058).

import type { Child } from 'hono/jsx';
import { actorOf } from '../../http/api.ts';
import type { StopLink } from '../../mail/stop-link.ts';
import { Post } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { type PortalContext, portal } from './portal-web.tsx';

/** `link`: the path that the mail led to. */
function show(context: PortalContext, link: string, title: string, content: Child, status: 200 | 404 = 200) {
  const view = shownAt(context.var.view, link);
  return render(
    context,
    <Plain view={view} title={title}>
      <h1>{title}</h1>
      {content}
      <p>
        <a href="/portal/settings">{view.m.mails.settings}</a>
      </p>
    </Plain>,
    status,
  );
}

function gone(context: PortalContext) {
  const { m, path } = context.var.view;
  return show(context, path, m.mails.goneTitle, <p>{m.mails.gone}</p>, 404);
}

interface Linked extends StopLink {
  partner: string;
  isOn: boolean;
}

async function linkedBy(context: PortalContext): Promise<Linked | undefined> {
  const { stopLinks, mailChoices } = context.var.services;
  const link = await stopLinks.read(context.req.param('token') ?? '');
  const found = link && (await mailChoices.of(link));
  return found && { ...link, partner: found.partner, isOn: found.choices[link.kind] };
}

function showLinked(context: PortalContext, { kind, partner, isOn }: Linked, action: 'ask' | 'done') {
  const { m, path } = context.var.view;
  const { mails } = m;
  const link = path.replace(/\/resume$/, '');
  const [title, text] = !isOn
    ? [mails.stoppedTitle, mails.stopped(partner)]
    : action === 'ask'
      ? [mails.stopTitle, mails.stopText(partner)]
      : [mails.resumedTitle, mails.resumed(partner)];
  return show(
    context,
    link,
    title,
    <>
      <p>
        <strong>{mails.kinds[kind]}</strong>
      </p>
      <p>{text}</p>
      <Post
        action={isOn ? link : `${link}/resume`}
        kind={action === 'ask' && isOn ? 'button primary' : 'button'}
      >
        {isOn ? mails.stop : mails.resume}
      </Post>
    </>,
  );
}

async function choose(context: PortalContext, isOn: boolean) {
  const linked = await linkedBy(context);
  if (!linked) return gone(context);
  const actor = actorOf(context, `developer:${linked.subject}`);
  await context.var.services.mailChoices.choose(linked, { [linked.kind]: isOn }, actor);
  return showLinked(context, { ...linked, isOn }, 'done');
}

portal.get('/mails/:token', async (context) => {
  const linked = await linkedBy(context);
  return linked ? showLinked(context, linked, 'ask') : gone(context);
});
portal.post('/mails/:token', (context) => choose(context, false));
portal.post('/mails/:token/resume', (context) => choose(context, true));
