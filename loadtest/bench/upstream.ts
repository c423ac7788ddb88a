// The upstream of the benchmark, in a process of its own. Prints its origin.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepConnections } from '../../src/dev/keep-alive.ts';

const body = JSON.stringify({ stops: [], filler: 'x'.repeat(500) });
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
});
keepConnections(server);
server.listen(0, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
process.on('disconnect', () => process.exit(0));
