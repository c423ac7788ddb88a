// /docs/api: all endpoints of partners' programs and of developers, as a plain list. Public; in both languages; without scripts.

import { translated } from '../../catalog/document-words.ts';
import type { OpenApiDocument, Operation } from '../../openapi/types.ts';
import { endpointInFrench } from '../../web/messages/endpoints.fr.ts';
import { render } from '../../web/web.ts';
import { developerDocument, partnerDocument } from '../api/openapi.ts';
import { Docs, viewer } from './docs-parts.tsx';
import { portal } from './portal-web.tsx';

interface Endpoint {
  method: string;
  path: string;
  operation: Operation;
}

const endpointsOf = ({ paths }: OpenApiDocument): Endpoint[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );

/** `limit?`: what need not be given. Headers are for all alike. */
const parametersOf = ({ parameters = [] }: Operation): string =>
  parameters
    .flatMap((each) =>
      'name' in each && each.in === 'query' ? [each.name + (each.required ? '' : '?')] : [],
    )
    .join(', ');

portal.get('/docs/api', async (context) => {
  const view = await viewer(context);
  const { m, language, product } = view;
  const { catalog } = context.var.services.gateway;
  const ours = language === 'fr' ? endpointInFrench : (text: string) => text;
  const inLanguage = (text: string) => ours(translated(catalog, text, language));
  const files = [
    { href: '/openapi.json', text: m.docs.forPrograms },
    { href: '/openapi/developer.json', text: m.docs.forDevelopers },
    ...catalog.documents.map(({ info, 'x-passerelle': { id } }) => ({
      href: `/openapi/${id}.json`,
      text: info.title,
    })),
  ];
  return render(
    context,
    <Docs view={view} title={m.docs.all} hasTwin={false}>
      <h1>{m.docs.all}</h1>
      <p>{m.docs.allText}</p>
      <ul>
        {files.map(({ href, text }) => (
          <li>
            <a href={href}>
              <code>{href}</code>
            </a>{' '}
            <span class="soft">{text}</span>
          </li>
        ))}
      </ul>
      {[partnerDocument(catalog, product), developerDocument(product)].flatMap((document) => {
        const all = endpointsOf(document);
        return document.tags.flatMap(({ name, description }) => {
          const own = all.filter(({ operation }) => operation.tags?.includes(name));
          if (own.length === 0) return [];
          return [
            <section class="stack">
              <h2>{inLanguage(name)}</h2>
              <p class="soft">{inLanguage(description)}</p>
              <ul class="endpoints">
                {own.map(({ method, path, operation }) => (
                  <li id={operation.operationId}>
                    <code>
                      <b>{method.toUpperCase()}</b> {path}
                    </code>
                    <br />
                    {inLanguage(operation.summary ?? '')}
                    {parametersOf(operation) && <span class="soft"> ({parametersOf(operation)})</span>}
                  </li>
                ))}
              </ul>
            </section>,
          ];
        });
      })}
    </Docs>,
  );
});
