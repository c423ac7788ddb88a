// One MCP server for each request: the tools that its caller may call. Stateless, in the protocol of 2026-07-28 and, where
// the SDK serves them, its predecessors. A tool's call is a call of the API, by the caller of this request.

import {
  createMcpHandler,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { BRAND } from '../../brand/brand.ts';
import type { OwnCaller } from './own-tool.ts';
import { OWN_TOOLS } from './own-tools.ts';
import type { ToolRequest } from './tool-request.ts';
import { type Called, failed, type ToolResult, toolResult } from './tool-result.ts';
import type { ApiTool } from './tools.ts';

export interface McpCaller extends OwnCaller {
  /** Of the APIs that were asked for; also those that this caller may not call. */
  tools: readonly ApiTool[];
  /** The call that its message means, or what is wrong with it; undefined where it names no tool of an API. */
  wanted: ToolRequest | { problems: string[] } | undefined;
  callApi(request: ToolRequest): Promise<Called>;
}

/** How long a client may keep the list. */
const LIST_KEPT_MS = 60_000;

const INSTRUCTIONS =
  'Each tool is an operation of an API, and each call of one is counted and billed as that operation. Results say in _meta what is left of the limits. A refusal says which limit or rule it was and when to try again; explain_request says more, get_usage what was used, and search_docs searches the documentation.';

const mayCall = ({ scope }: Pick<ApiTool, 'scope'>, { record }: McpCaller): boolean =>
  scope === null || record.scopes.includes(scope);

async function callTool(
  name: string,
  given: Record<string, unknown>,
  caller: McpCaller,
): Promise<ToolResult> {
  const own = OWN_TOOLS.get(name);
  if (own) return own.call(given, caller);
  const { wanted } = caller;
  if (!wanted) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`);
  if ('problems' in wanted) return failed(`The arguments do not fit:\n${wanted.problems.join('\n')}`);
  return toolResult(await caller.callApi(wanted));
}

function createServer({ authInfo }: McpRequestContext): Server {
  const caller = authInfo?.extra?.caller as McpCaller;
  const server = new Server(
    { name: 'passerelle', title: BRAND.name, version: '1' },
    {
      capabilities: { tools: {} },
      instructions: INSTRUCTIONS,
      cacheHints: {
        'tools/list': { ttlMs: LIST_KEPT_MS, cacheScope: 'private' },
        'server/discover': { ttlMs: LIST_KEPT_MS, cacheScope: 'private' },
      },
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [
      ...caller.tools.filter((tool) => mayCall(tool, caller)).map(({ shape }) => shape),
      ...[...OWN_TOOLS.values()].filter((tool) => mayCall(tool, caller)).map(({ shape }) => shape),
    ],
  }));
  server.setRequestHandler('tools/call', ({ params }) =>
    callTool(params.name, params.arguments ?? {}, caller),
  );
  return server;
}

/** Answers one request of a caller. */
export const createMcp = (log: (line: Record<string, unknown>) => void, maxRequestBytes: number) => {
  const handler = createMcpHandler(createServer, {
    responseMode: 'json',
    maxRequestBodySize: maxRequestBytes,
    onerror: (error) => log({ message: 'mcp', level: 'warn', error: String(error) }),
  });
  return (request: Request, parsedBody: unknown, caller: McpCaller): Promise<Response> =>
    handler.fetch(request, {
      parsedBody,
      authInfo: {
        token: '',
        clientId: caller.record.keyId,
        scopes: [...caller.record.scopes],
        extra: { caller },
      },
    });
};
