// /docs/api: the OpenAPI document as a plain page, without scripts.

import { html, raw } from 'hono/html';

interface Operation {
  tags?: string[];
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string }[];
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2422; --soft: #5b6663; --ground: #fbfaf8; --line: #dedbd5; --accent: #0b6b63; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a3aba8; --ground: #161a19; --line: #33393a; --accent: #5cc4b8; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto; max-width: 60rem; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.125rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
a { color: var(--accent); } code { font: .875rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
ul { list-style: none; padding: 0; } li { padding: .5rem 0; border-bottom: 1px solid var(--line); }
.method { display: inline-block; min-width: 4.5rem; color: var(--accent); font-weight: 600; }
.soft { color: var(--soft); margin: 0; font-size: .875rem; } pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); }
`;

const operations = (document: { paths: Record<string, unknown> }) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  );

export function renderReference(document: {
  info: { title: string; description: string };
  paths: Record<string, unknown>;
}) {
  const all = operations(document);
  const tags = [...new Set(all.map(({ operation }) => operation.tags?.[0] ?? 'Other'))];
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Passerelle: reference</title><style>${raw(STYLE)}</style></head>
<body><main>
<h1>${document.info.title}</h1>
<p>${document.info.description} Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>
<p>Send your key with each call. Every answer says what is left of your limits.</p>
<pre><code>curl -H "Authorization: Bearer pk_test_…" "https://…/v2/stops/search?q=colobane"</code></pre>
${tags.map(
  (tag) =>
    html`<h2>${tag}</h2><ul>${all
      .filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
      .map(
        ({
          path,
          method,
          operation,
        }) => html`<li><code><span class="method">${method.toUpperCase()}</span>${path}</code>
<p class="soft">${operation.summary ?? ''}${operation.parameters?.length ? html` (${operation.parameters.map(({ name, required }) => name + (required ? '' : '?')).join(', ')})` : ''}</p></li>`,
      )}</ul>`,
)}
</main></body></html>`;
}
