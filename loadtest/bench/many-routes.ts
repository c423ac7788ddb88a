// What the size of the catalogue costs a call: the same gateway with some 20 routes and with 2,000, in one run.

import pg from 'pg';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { offeredApi } from '../../src/catalog/catalog.ts';
import type { Stack } from '../../src/dev/stack.ts';
import { startGateway } from './gateway.ts';
import { type Generator, measure, type RoundsOptions } from './rounds.ts';

const FEW = 6;
const MANY = 2000;

/** An API of so many routes, some of one text, others with parameters, as it is published. */
const withRoutes = (routes: number) => async (stack: Pick<Stack, 'databaseUrl'>) => {
  const get = { responses: { 200: { description: 'ok' } } };
  const paths = Object.fromEntries(
    Array.from({ length: routes }, (_, i) => [
      i % 2 === 0 ? `/part-${i % 50}/thing-${i}` : `/part-${i % 50}/{id}/thing-${i}`,
      { get },
    ]),
  );
  const text = JSON.stringify({ openapi: '3.1.0', info: { title: 'Many', version: '1' }, paths });
  const { document } = adoptDocument(text, { id: 'many' });
  const { version: _version, targets: _targets, ...offered } = offeredApi(document);
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO api_document (api, document, offered, created_by) VALUES ('many', $1, $2, 'bench')`,
    [JSON.stringify(document), JSON.stringify(offered)],
  );
  await client.end();
};

export async function measureRoutes(
  upstream: string,
  path: string,
  generator: Generator,
  options: RoundsOptions,
): Promise<object> {
  const few = await startGateway(upstream, { prepare: withRoutes(FEW) });
  const many = await startGateway(upstream, { prepare: withRoutes(MANY) });
  try {
    const target = (name: string, { url, key, cpuSeconds }: typeof few) => ({
      name,
      url: url + path,
      key,
      cpuSeconds,
    });
    const rounds = await measure([target('few', few), target('many', many)], generator, options);
    const { say } = options;
    const result = {
      routes: MANY,
      cpuRatioToFew: rounds.ratio('many', 'few', 'cpuMicros'),
      p50RatioToFew: rounds.ratio('many', 'few', 'p50Ms'),
    };
    say(`  ${MANY} routes, to some 20: CPU ${result.cpuRatioToFew}, p50 ${result.p50RatioToFew}`);
    return result;
  } finally {
    await few.stop();
    await many.stop();
  }
}
