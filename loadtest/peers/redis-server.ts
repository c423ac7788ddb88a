// Redis behind a REST endpoint that speaks Upstash's contract, in processes of their own. Prints {url, pids}.

import { startRedisRest } from '../../test/support/redis-rest.ts';

const store = await startRedisRest();
console.log(JSON.stringify({ url: store.url, pids: [process.pid, store.pid()] }));
process.on('disconnect', () => void store.stop().finally(() => process.exit(0)));
