// Speaks Neon's SQL-over-HTTP contract over a local PostgreSQL, so that the Worker uses the driver of production.
// Compares each statement with the schema of its rows. Also serves the JWKS of the local issuer. Loopback only.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { keepConnections } from './keep-alive.ts';
import { checkValues, createRowCheck, type RowCheck, RowMismatch } from './row-check.ts';

interface Query {
  query: string;
  params?: unknown[];
}

export interface NeonEndpoint {
  url: string;
  jwksUrl: string;
  /** SQL statements answered so far. */
  statements(): number;
  /** Requests: a batch is one. */
  trips(): number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** SQLSTATE of "datatype mismatch". */
const MISMATCH = '42804';
const ISOLATION: Record<string, string> = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
};
/** Values stay the text that Postgres sent: the driver parses them. */
const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

async function run(client: pg.ClientBase, { query, params = [] }: Query, rowCheck: RowCheck) {
  const { statement, declared } = rowCheck.split(query);
  const result = await client.query<unknown[]>({
    text: statement,
    values: params,
    rowMode: 'array',
    types: AS_TEXT,
  });
  if (declared) checkValues(declared, result.fields, result.rows);
  return {
    fields: result.fields,
    rows: result.rows,
    rowCount: result.rowCount,
    command: result.command,
    rowAsArray: true,
  };
}

async function runBatch(
  client: pg.ClientBase,
  queries: Query[],
  isolation: string | undefined,
  rowCheck: RowCheck,
) {
  const level = isolation ? ISOLATION[isolation] : undefined;
  await client.query(`BEGIN${level ? ` ISOLATION LEVEL ${level}` : ''}`);
  try {
    const results = [];
    for (const query of queries) results.push(await run(client, query, rowCheck));
    await client.query('COMMIT');
    return { results };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function readJson(request: IncomingMessage): Promise<Query & { queries?: Query[] }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** For one of its connections: longer than who asks waits. On a busy machine many ask at once. */
const MAX_WAIT_MS = 10_000;

export async function startNeonEndpoint(databaseUrl: string, jwks: object): Promise<NeonEndpoint> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 8, connectionTimeoutMillis: MAX_WAIT_MS });
  // Connections break when the database stops; the next query gets a new one.
  pool.on('error', () => undefined);
  const rowCheck = createRowCheck(databaseUrl);
  let statements = 0;
  let trips = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    let client: pg.PoolClient | undefined;
    try {
      // Before there is a connection: none is held while others are compared.
      for (const { query } of body.queries ?? [body]) await rowCheck.check(rowCheck.split(query));
      client = await pool.connect();
      client.removeAllListeners('error').on('error', () => undefined);
      statements += body.queries?.length ?? 1;
      trips++;
      const isolation = request.headers['neon-batch-isolation-level'];
      const result = body.queries
        ? await runBatch(
            client,
            body.queries,
            typeof isolation === 'string' ? isolation : undefined,
            rowCheck,
          )
        : await run(client, body, rowCheck);
      client.release();
      send(response, 200, result);
    } catch (error) {
      if (error instanceof RowMismatch) {
        client?.release();
        return send(response, 400, { message: error.message, code: MISMATCH });
      }
      const isSqlError = error instanceof pg.DatabaseError;
      client?.release(!isSqlError || undefined);
      const { message, code, severity, detail, hint, schema, table, column, constraint } =
        error as pg.DatabaseError;
      if (isSqlError)
        send(response, 400, { message, code, severity, detail, hint, schema, table, column, constraint });
      else send(response, 500, { message: `database: ${message}` });
    }
  }

  const server = createServer((request, response) => {
    if (request.url === '/.well-known/jwks.json') return send(response, 200, jwks);
    answer(request, response).catch((error: Error) => send(response, 500, { message: error.message }));
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never text.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/sql`,
    jwksUrl: `${origin}/.well-known/jwks.json`,
    statements: () => statements,
    trips: () => trips,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([pool.end(), rowCheck.close()]);
    },
  };
}
