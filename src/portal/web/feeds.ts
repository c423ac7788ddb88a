// Atom feeds of the changelog and of incidents, in the language that `lang` names, otherwise in that of whoever asks.

import type { Incident } from '../../status/incident-service.ts';
import { atomText, escaped, type Feed } from '../../web/atom.ts';
import { CHANGELOG_PATH, CHANGELOGS } from './changelog/changelog.ts';
import type { Reader } from './docs-blocks.ts';
import { anchorOf, markdownHtml } from './docs-markdown.ts';
import { readerOf } from './docs-twins.ts';
import { type PortalContext, portal } from './portal-web.tsx';
import { STATUS_PATH } from './status-page.tsx';

/** Readers of feeds ask often; what is new may wait that long. */
const KEPT_SECONDS = 300;

function feed(context: PortalContext, of: Feed): Response {
  context.header('vary', 'Accept-Language, Cookie');
  context.header('cache-control', `private, max-age=${KEPT_SECONDS}`);
  return context.body(atomText(of), 200, { 'content-type': 'application/atom+xml; charset=utf-8' });
}

portal.get(`${CHANGELOG_PATH}.atom`, (context) => {
  const reader = readerOf(context);
  const { language, origin, product } = reader;
  const { title, changes } = CHANGELOGS[language];
  const page = `${origin}${CHANGELOG_PATH}`;
  return feed(context, {
    language,
    title: `${title} · ${product}`,
    author: product,
    page,
    self: `${page}.atom?lang=${language}`,
    entries: changes.map((change, index) => {
      const at = `${change.day}T00:00:00Z`;
      // Its title may be reworded; how many there were before it may not.
      const id = `${page}#${change.day}-${changes.length - index}`;
      const html = String(markdownHtml(change.text.replaceAll('](/', `](${origin}/`), reader));
      const url = `${page}#${anchorOf(change.title)}`;
      return { id, title: change.title, url, published: at, updated: at, html };
    }),
  });
});

/** Paragraphs of what was said, newest first. */
const saidHtml = ({ updates }: Incident, { m, language, format }: Reader): string =>
  updates
    .map(({ state, text, at }) => {
      const said = escaped(text[language]).replaceAll('\n', '<br>');
      return `<p><strong>${escaped(m.status.states[state])}</strong> · ${format.exact(at)}<br>${said}</p>`;
    })
    .join('');

portal.get(`${STATUS_PATH}.atom`, async (context) => {
  const reader = readerOf(context);
  const { m, language, origin, product } = reader;
  const page = `${origin}${STATUS_PATH}`;
  const incidents = await context.var.services.statusBoard.incidents();
  return feed(context, {
    language,
    title: `${m.status.title} · ${product}`,
    author: product,
    page,
    self: `${page}.atom?lang=${language}`,
    entries: incidents.map((incident) => ({
      id: `${page}#i-${incident.id}`,
      title: `${m.status.states[incident.state]} – ${incident.title[language]}`,
      url: `${page}#i-${incident.id}`,
      published: incident.startedAt,
      updated: incident.updates[0]?.at ?? incident.startedAt,
      html: saidHtml(incident, reader),
    })),
  });
});
