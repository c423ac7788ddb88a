// The APIs as an MCP server: its address, a line to copy for each of the usual clients, and the tools.

import { idOf } from '../../catalog/catalog.ts';
import { translated } from '../../catalog/document-words.ts';
import { Code, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { OWN_TOOLS } from '../mcp/own-tools.ts';
import { type ApiTool, toolsOf } from '../mcp/tools.ts';
import { endpointName } from './endpoints-text.ts';
import { member, Page, portal } from './portal-web.tsx';

const ADDRESS = '/portal/mcp';

/** What each client is told, by its own documentation. `name`: how it calls the server. */
const linesFor = (name: string, url: string): [client: string, text: string][] => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: editors read it from the environment
  const server = { type: 'http', url, headers: { Authorization: 'Bearer ${env:API_KEY}' } };
  return [
    [
      'Claude Code',
      `claude mcp add --transport http ${name} ${url} --header "Authorization: Bearer $API_KEY"`,
    ],
    ['Codex', `codex mcp add ${name} --url ${url} --bearer-token-env-var API_KEY`],
    ['Gemini CLI', `gemini mcp add --transport http -H "Authorization: Bearer $API_KEY" ${name} ${url}`],
    ['VS Code', `code --add-mcp '${JSON.stringify({ name, ...server })}'`],
    ['Cursor (.cursor/mcp.json)', JSON.stringify({ mcpServers: { [name]: server } }, null, 2)],
    [
      'MCP Inspector',
      `npx @modelcontextprotocol/inspector --cli ${url} --transport http --header "Authorization: Bearer $API_KEY" --method tools/list`,
    ],
  ];
};

const Clients = ({ name, url }: { name: string; url: string }) => {
  const { m } = useView();
  return (
    <Panel title={m.mcp.clients}>
      <div class="pad stack">
        {linesFor(name, url).map(([client, text]) => (
          <div>
            <p class="label">{client}</p>
            <Code text={text} label={client} />
          </div>
        ))}
        <div>
          <p class="label">{m.mcp.other}</p>
          <p>{m.mcp.otherText}</p>
        </div>
      </div>
    </Panel>
  );
};

const Tools = ({ tools }: { tools: readonly ApiTool[] }) => {
  const { m, catalog, language, format } = useView();
  const own = Object.entries(m.mcp.own).map(([name, does]) => ({
    name,
    does,
    calls: m.mcp.free,
    scope: OWN_TOOLS.get(name)?.scope ?? '–',
  }));
  const ofApis = tools.map(({ shape, method, path, scope }) => ({
    name: shape.name,
    does: translated(catalog, shape.title ?? '', language),
    calls: endpointName(method.toLowerCase(), path),
    scope: scope ?? '–',
  }));
  return (
    <Panel title={m.mcp.tools(format.number(tools.length + own.length))}>
      <p class="pad soft">{m.mcp.toolsText}</p>
      <Table
        rows={[...ofApis, ...own]}
        columns={[
          { title: m.mcp.tool, kind: 'mono tight', cell: ({ name }) => name },
          { title: m.mcp.does, cell: ({ does }) => does },
          { title: m.mcp.calls, kind: 'mono', cell: ({ calls }) => calls },
          { title: m.mcp.scope, kind: 'mono tight', cell: ({ scope }) => scope },
        ]}
      />
    </Panel>
  );
};

portal.get(ADDRESS, async (context) => {
  const view = shownAt(member(context), ADDRESS);
  const { m, origin, catalog, brand } = view;
  const url = `${origin}/mcp`;
  const name = brand.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const [first] = catalog.documents;
  return render(
    context,
    <Page view={view} title={m.mcp.title} about="both">
      <h1>{m.mcp.title}</h1>
      <p class="soft">
        {m.mcp.about} <a href="/docs/mcp">{m.mcp.read}</a>
      </p>
      <Panel title={m.mcp.address}>
        <div class="pad stack">
          <Code text={url} label={m.mcp.address} />
          {first && (
            <p class="hint">
              {m.mcp.oneApi} <code>{`${url}/${idOf(first)}`}</code>
            </p>
          )}
          <p>
            {m.mcp.key} <a href="/portal/apps">{m.mcp.newKey}</a>
          </p>
        </div>
      </Panel>
      <Clients name={name} url={url} />
      <Tools tools={toolsOf(catalog, [...OWN_TOOLS.keys()])} />
    </Page>,
  );
});
