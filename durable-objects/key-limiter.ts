// Atom: one API key, named by its id. Storage: one row (ledger, versions, the newest calls), segments of older calls, and
// the nonces of signed requests. Shell of key-counter.ts.

import { DurableObject } from 'cloudflare:workers';
import { isWorthRetrying, within } from '../src/core/object-errors.ts';
import type {
  LimitGauges,
  LimitSubject,
  Nonce,
  RecordVersions,
  Settle,
  Settled,
  TakeCall,
  TakeReply,
} from '../src/limits/protocol.ts';
import { alarmOf, logLine, objectStore } from './counter-ports.ts';
import { KeyCounter } from './key-counter.ts';
import type { PartnerLimiter } from './partner-limiter.ts';

type Bindings = { PARTNER_LIMITER: DurableObjectNamespace<PartnerLimiter> };

/** Shorter than the edge waits, so that it is told. */
const PARTNER_TIMEOUT_MS = 1500;

export class KeyLimiter extends DurableObject<Bindings> {
  private readonly counter: KeyCounter;

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    const { sql } = ctx.storage;
    sql.exec(
      'CREATE TABLE IF NOT EXISTS nonce (value TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) WITHOUT ROWID',
    );
    const partners = env.PARTNER_LIMITER;
    this.counter = new KeyCounter({
      now: () => Date.now(),
      sleep: (ms) => scheduler.wait(ms),
      chance: () => Math.random(),
      keepAlive: (work) => ctx.waitUntil(work),
      store: objectStore(ctx.storage),
      log: logLine,
      isWorthRetrying,
      wakeAt: alarmOf(ctx),
      partner: (name) => {
        const stub = partners.get(partners.idFromName(name));
        return {
          draw: (request) => within(PARTNER_TIMEOUT_MS, async () => stub.draw(request)),
          report: (report) => within(PARTNER_TIMEOUT_MS, async () => stub.report(report)),
          peek: (version, limits) => within(PARTNER_TIMEOUT_MS, async () => stub.peek(version, limits)),
        };
      },
      nonces: {
        isUsed: (value) => sql.exec('SELECT 1 FROM nonce WHERE value = ?', value).toArray().length > 0,
        use(value, expiresMs) {
          sql.exec('DELETE FROM nonce WHERE expires_ms < ?', Date.now());
          sql.exec('INSERT OR IGNORE INTO nonce VALUES (?, ?)', value, expiresMs);
        },
      },
    });
  }

  override alarm(): Promise<void> {
    return this.counter.wake();
  }
  take(call: TakeCall): TakeReply | Promise<TakeReply> {
    return this.counter.take(call);
  }
  useNonce(nonce: Nonce): boolean {
    return this.counter.useNonce(nonce);
  }
  settle(settle: Settle): Promise<Settled> {
    return this.counter.settle(settle);
  }
  peek(subject: LimitSubject): Promise<LimitGauges> {
    return this.counter.peek(subject);
  }
  report(isAlways?: boolean): Promise<void> {
    return this.counter.report(isAlways);
  }
  announce(versions: RecordVersions, ofBudgets?: Readonly<Record<string, number>>): void {
    this.counter.announce(versions, ofBudgets);
  }
  spentOf(ids: readonly string[]): number[] {
    return this.counter.spentOf(ids);
  }
  travel(subject: LimitSubject, to: 'spent' | 'new_day'): void {
    this.counter.travel(subject, to);
  }
}
