// Stands between the Worker and its SQL endpoint: every statement is also run by itself, explained, and rolled back. So what is
// explained is what the real code sends, with its parameters and with all that it calls in functions and triggers. What is
// written once only, events, is explained before it is handed on; all else after its answer, so that nobody waits for it.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { keepConnections } from '../../src/dev/keep-alive.ts';

/** Of EXPLAIN's JSON, what is read here. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

export interface Explained {
  /** What the Worker was doing. */
  stage: string;
  text: string;
  ms: number;
  plan: PlanNode;
}

interface Query {
  query: string;
  params?: unknown[];
}

export interface ExplainedEndpoint {
  url: string;
  /** Explains what comes from now on as of this stage, when what came before is; undefined: hands it on only. */
  explainAs(stage: string | undefined): Promise<void>;
  /** Where statements go, and whose role they have there. */
  open(target: string, databaseUrl: string): Promise<void>;
  explained: Explained[];
  close(): Promise<void>;
}

/** The stage whose statements find nothing to do the second time. */
export const WRITES_ONCE = 'fold';
const ROLE = 'passerelle_app';
/** As auto_explain says it. */
const NOTICE = /^duration: ([\d.]+) ms {2}plan:\n([\s\S]*)$/;
const SETTINGS = [
  "LOAD 'auto_explain'",
  'SET auto_explain.log_min_duration = 0',
  'SET auto_explain.log_analyze = on',
  'SET auto_explain.log_timing = off',
  'SET auto_explain.log_buffers = off',
  'SET auto_explain.log_nested_statements = on',
  "SET auto_explain.log_format = 'json'",
  "SET auto_explain.log_level = 'notice'",
  `SET ROLE ${ROLE}`,
];

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function startExplainedEndpoint(): Promise<ExplainedEndpoint> {
  const explained: Explained[] = [];
  let stage: string | undefined;
  /** Of what is being explained. */
  let of: string | undefined;
  let target = '';
  let client: pg.Client | undefined;
  /** One after the other: there is one client. */
  let turn: Promise<unknown> = Promise.resolve();

  async function explain(queries: readonly Query[], ofStage: string): Promise<void> {
    if (!client) return;
    of = ofStage;
    await client.query('BEGIN');
    try {
      for (const { query, params = [] } of queries) await client.query(query, params);
    } catch {
      // What Postgres refuses, it refuses the Worker, too, who knows what to do.
    } finally {
      await client.query('ROLLBACK');
    }
  }

  const server = createServer(async (request, response) => {
    try {
      const body = await bodyOf(request);
      const { queries, ...single } = JSON.parse(body.toString()) as Query & { queries?: Query[] };
      const asked = stage;
      const explainThem = () => {
        if (asked !== undefined) turn = turn.then(() => explain(queries ?? [single], asked));
        return turn;
      };
      if (asked === WRITES_ONCE) await explainThem();
      const headers = new Headers({ 'content-type': 'application/json' });
      for (const [name, value] of Object.entries(request.headers))
        if (name.startsWith('neon-') && typeof value === 'string') headers.set(name, value);
      const answer = await fetch(target, { method: 'POST', headers, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      if (asked !== WRITES_ONCE) await explainThem();
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ message: String(error) }));
    }
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never text.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`;
  return {
    url,
    explained,
    async explainAs(name) {
      await turn;
      stage = name;
    },
    async open(to, databaseUrl) {
      target = to;
      client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      for (const setting of SETTINGS) await client.query(setting);
      client.on('notice', ({ message = '' }) => {
        const [, ms, json] = NOTICE.exec(message) ?? [];
        if (of === undefined || json === undefined) return;
        const { 'Query Text': text, Plan: plan } = JSON.parse(json) as {
          'Query Text': string;
          Plan: PlanNode;
        };
        explained.push({ stage: of, text: text.replace(/\s+/g, ' ').trim(), ms: Number(ms), plan });
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await client?.end();
    },
  };
}
