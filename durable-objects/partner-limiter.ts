// Atom: one partner in one environment, named `<partner id>:<test|live>`. Storage: a row for each key that was called
// lately, and one for the rest. Shell of partner-counter.ts.

import { DurableObject } from 'cloudflare:workers';
import { within } from '../src/core/object-errors.ts';
import type { PartnerLimits } from '../src/limits/limit.ts';
import type { DrawReply, DrawRequest } from '../src/limits/partner-draw.ts';
import type { PartnerGauges } from '../src/limits/partner-ledger.ts';
import type { Report, ReportReply } from '../src/limits/partner-report.ts';
import type { PartnerStanding } from '../src/limits/protocol.ts';
import { alarmOf, logLine, MOVED, objectStore } from './counter-ports.ts';
import type { KeyLimiter } from './key-limiter.ts';
import { PartnerCounter } from './partner-counter.ts';

type Bindings = { KEY_LIMITER: DurableObjectNamespace<KeyLimiter> };

const HOLDER_TIMEOUT_MS = 1500;

export class PartnerLimiter extends DurableObject<Bindings> {
  private readonly counter: PartnerCounter;

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    const keys = env.KEY_LIMITER;
    this.counter = new PartnerCounter({
      now: () => Date.now(),
      sleep: (ms) => scheduler.wait(ms),
      keepAlive: (work) => ctx.waitUntil(work),
      store: objectStore(ctx.storage),
      wakeAt: alarmOf(ctx),
      log: logLine,
      holder: (name) => {
        const [keyId = ''] = name.split(MOVED);
        return {
          report: (isAlways) =>
            within(HOLDER_TIMEOUT_MS, async () => keys.get(keys.idFromName(keyId)).report(isAlways)),
        };
      },
    });
  }

  override alarm(): Promise<void> {
    return this.counter.wake();
  }
  draw(request: DrawRequest): DrawReply {
    return this.counter.draw(request);
  }
  report(report: Report): ReportReply {
    return this.counter.report(report);
  }
  peek(version: number, limits: PartnerLimits): PartnerGauges {
    return this.counter.peek(version, limits);
  }
  standing(version: number, limits: PartnerLimits): Promise<PartnerStanding> {
    return this.counter.standing(version, limits);
  }
  unitsOfDay(dayMs: number): Promise<number> {
    return this.counter.unitsOfDay(dayMs);
  }
  noteDegraded(dayMs: number, units: number): void {
    this.counter.noteDegraded(dayMs, units);
  }
  correct(dayMs: number, expected: number, billed: number): boolean {
    return this.counter.correct(dayMs, expected, billed);
  }
  announce(version: number): void {
    this.counter.announce(version);
  }
  announceCatalog(version: number): void {
    this.counter.announceCatalog(version);
  }
}
