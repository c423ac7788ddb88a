// A deployment whose settings are missing or wrong, as `wrangler dev` and a forgotten secret make it.

import { rmSync } from 'node:fs';
import type { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntime } from '../../src/dev/runtime.ts';
import { throwawayFolder } from '../support/folder.ts';

const SECRET = 'not-json-and-nobody-elses-business';
const lines: string[] = [];
const folder = throwawayFolder('unconfigured');
let miniflare: Miniflare;

beforeAll(async () => {
  miniflare = await startRuntime({
    port: 0,
    persist: folder,
    onLog: (line) => lines.push(line),
    variables: {
      KEY_ENCRYPTION_KEYS: SECRET,
      IDENTITY_KEYS: 'short',
      AUTH_SECRET: 'a'.repeat(32),
      METRICS_TOKEN: 'm'.repeat(16),
    },
  });
});
afterAll(async () => {
  await miniflare.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const call = async (path: string) => {
  const answer = await fetch(new URL(path, await miniflare.ready));
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Record<string, string>,
  };
};

describe('a deployment with missing settings', () => {
  it.each(['/v2/stops/search?q=x', '/sign-in', '/', '/api/dev/apps', '/healthz', '/metrics'])(
    'answers %s with 503 and their names',
    async (path) => {
      const { status, headers, body } = await call(path);
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('60');
      expect(body).toEqual({
        error: 'service_unavailable',
        message: expect.stringContaining('DATABASE_URL is not set'),
        request_id: headers.get('x-request-id'),
        doc_url: expect.stringMatching(/^http:\/\/[^/]+\/docs\/errors\/service_unavailable$/),
      });
      expect(body.message).toContain('IDENTITY_KEYS is wrong');
      expect(body.message).toContain('KEY_ENCRYPTION_KEYS is wrong');
      expect(body.message).not.toMatch(/AUTH_SECRET|METRICS_TOKEN/);
    },
  );

  it('logs one line for each request, and no value anywhere', async () => {
    lines.length = 0;
    const { body } = await call('/v2/stops/search?q=x');
    await expect.poll(() => lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      message: 'not configured',
      level: 'error',
      request_id: body.request_id,
      reason: expect.stringContaining('DATABASE_URL is not set'),
    });
    for (const text of [body.message, ...lines]) expect(text).not.toMatch(/not-json|short/);
  });

  it('fails jobs and batches, so that messages come again', async () => {
    const worker = await miniflare.getWorker();
    expect((await worker.scheduled({ cron: '* * * * *' })).outcome).toBe('exception');
    const message = { id: '1', timestamp: new Date(), body: {}, attempts: 1 };
    const { outcome, explicitAcks, ackAll } = await worker.queue('passerelle-usage', [message]);
    expect({ outcome, explicitAcks, ackAll }).toEqual({
      outcome: 'exception',
      explicitAcks: [],
      ackAll: false,
    });
  });
});
