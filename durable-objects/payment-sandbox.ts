// Atom: the simulated payments of one app, named by the app's id (or the partner's). Storage: objects, and by
// Idempotency-Key for a day the answer and what was asked, as a hash. Shell of src/sandbox/payments.

import { DurableObject } from 'cloudflare:workers';
import { sha256Hex } from '../src/core/encoding.ts';
import {
  type PaymentAnswer,
  type PaymentObject,
  type PaymentRequest,
  paymentSandbox,
} from '../src/sandbox/payments/payments.ts';

const KEPT_MS = 24 * 3600 * 1000;
const MAX_KEY_CHARS = 255;

const refusal = (status: number, error: string, message: string) => ({
  status,
  json: JSON.stringify({ error, message }),
  replayed: false,
});

export class PaymentSandbox extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS item (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, object TEXT, json TEXT);
      CREATE INDEX IF NOT EXISTS item_by_object ON item (object, seq);
      CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, request TEXT, status INTEGER, json TEXT, at_ms INTEGER);`);
  }

  /** The answer as `{status, json}`; the same Idempotency-Key gives the same answer. */
  async call(request: PaymentRequest): Promise<{ status: number; json: string; replayed: boolean }> {
    const key = request.method === 'POST' ? request.idempotencyKey : null;
    if (key !== null && (key === '' || key.length > MAX_KEY_CHARS))
      return refusal(400, 'invalid_request', `Idempotency-Key must have 1 to ${MAX_KEY_CHARS} characters`);
    // Before the storage is touched: from there on nothing else comes in between.
    const fingerprint =
      key === null ? '' : await sha256Hex(`${request.method} ${request.path} ${request.body}`);
    if (key !== null) {
      this.sql('DELETE FROM answer WHERE at_ms < ?', Date.now() - KEPT_MS);
      const [known] = this.sql('SELECT request, status, json FROM answer WHERE key = ?', key);
      if (known && known.request !== fingerprint)
        return refusal(422, 'idempotency_mismatch', 'This key was used with another request');
      if (known) return { status: Number(known.status), json: String(known.json), replayed: true };
    }
    const answer = this.run(request);
    const json = JSON.stringify(answer.body);
    if (key !== null) {
      this.sql(
        'INSERT INTO answer VALUES (?, ?, ?, ?, ?)',
        key,
        fingerprint,
        answer.status,
        json,
        Date.now(),
      );
    }
    return { status: answer.status, json, replayed: false };
  }

  /** Forgets everything. */
  reset(): void {
    this.sql('DELETE FROM item');
    this.sql('DELETE FROM answer');
  }

  private run(request: PaymentRequest): PaymentAnswer {
    let body: unknown;
    try {
      body = request.body === '' ? undefined : JSON.parse(request.body);
    } catch {
      return { status: 400, body: { error: 'invalid_request', message: 'The body is not valid JSON' } };
    }
    return paymentSandbox(
      {
        get: (id) => this.items('SELECT json FROM item WHERE id = ?', id)[0],
        put: (item) => {
          const json = JSON.stringify(item);
          this.sql(
            'INSERT INTO item (id, object, json) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
            item.id,
            item.object,
            json,
          );
        },
        list: (object, limit) =>
          this.items('SELECT json FROM item WHERE object = ? ORDER BY seq DESC LIMIT ?', object, limit),
      },
      {
        method: request.method,
        path: request.path,
        query: new URLSearchParams(request.query),
        body,
        now: new Date().toISOString(),
        newId: (prefix) => `${prefix}_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`,
      },
    );
  }

  private sql(query: string, ...values: (string | number)[]): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }

  private items(query: string, ...values: (string | number)[]): PaymentObject[] {
    return this.sql(query, ...values).map(({ json }) => JSON.parse(String(json)) as PaymentObject);
  }
}
