// What stands for Cloudflare's KV, Queues, cache and assets beside a Worker on workerd itself: values in memory, messages
// taken and dropped. It is in the process whose memory is measured, so it keeps few.

import { dropOldest } from '../../src/core/bounded.ts';

const MOST_KEPT = 1000;
const values = new Map<string, ArrayBuffer>();

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === 'PUT') {
      values.set(pathname, await request.arrayBuffer());
      dropOldest(values, MOST_KEPT);
      return new Response(null, { status: 204 });
    }
    if (request.method === 'DELETE') {
      values.delete(pathname);
      return new Response(null, { status: 204 });
    }
    if (request.method === 'POST') {
      await request.arrayBuffer();
      // As Queues answers, and the binding reads: anything else is an error, and is sent again and again.
      return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } });
    }
    const value = values.get(pathname);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
};
