// How much? From what was lent to this isolate, or by one call to the key's Durable Object; a refusal is remembered here
// until its retryAt.
// When the object does not answer: rates degrade to a small allowance, quotas that block are refused with 503.

import { type Denied, deny, replayed } from '../../core/denied.ts';
import { LimiterUnavailable } from '../../core/object-errors.ts';
import type { Soon } from '../../core/soon.ts';
import { dayStart, rfc3339 } from '../../core/time.ts';
import { isOlder, limitSubject } from '../../keys/key-record.ts';
import { type Denial, isUnlimited } from '../../limits/limit.ts';
import type { LimitSubject } from '../../limits/protocol.ts';
import { bucketWaitMs, fullBucket, refill, spendTokens } from '../../limits/token-bucket.ts';
import type { Admission } from '../edge-counter.ts';
import { type Admitted, type Authenticated, admit, type Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** A refusal is asked about again after this long, so that a raised limit or a revoked key is noticed. */
const MAX_REMEMBERED_MS = 1000;
const MAX_REMEMBERED = 10_000;
/** Without the limiter, an older record is read afresh before its caller is given an allowance. */
const TRUSTED_ALONE_MS = 120_000;

export function limit(exchange: Authenticated, gateway: GatewayPorts): Soon<Denied | 'stale' | Admitted> {
  const { caller, route, nonce, nowMs, keepAlive } = exchange;
  const subject = limitSubject(caller, exchange.catalogVersion);
  const isAskedAlone = nonce !== undefined || subject.budgets !== undefined;
  const lent = isAskedAlone ? undefined : gateway.limits.spend(subject, route.cost, nowMs, keepAlive);
  return lent ? admitAsked(exchange, lent) : ask(exchange, subject, gateway);
}

async function ask(
  exchange: Authenticated,
  subject: LimitSubject,
  gateway: GatewayPorts,
): Promise<Denied | 'stale' | Admitted> {
  const { caller, route } = exchange;
  const { refusals } = gateway.memory;
  const version = caller.versions.key + caller.versions.partner;
  const remembered = refusals.get(caller.id);
  const sentMs = gateway.now();
  if (remembered && route.cost >= remembered.cost && version === remembered.version) {
    if (sentMs < remembered.untilMs) {
      exchange.gauges = remembered.gauges;
      return refuseWith(exchange, remembered.denial, remembered.deniedMs, sentMs);
    }
    // One asks again; the others wait for what it hears, where the refusal still holds by itself.
    if (sentMs < remembered.deniedMs + remembered.denial.retryAfterMs)
      refusals.set(caller.id, { ...remembered, untilMs: sentMs + MAX_REMEMBERED_MS });
  }
  try {
    const call = { ...subject, id: exchange.id, cost: route.cost, nonce: exchange.nonce };
    // Test keys are asked about one by one: their developers watch each of their calls. So are budgets.
    const isLent = caller.environment === 'live' && !subject.budgets;
    const reply = await gateway.limits.take(call, isLent, exchange.keepAlive);
    if (reply.outcome === 'stale') {
      exchange.newestCatalog = reply.versions.catalog;
      return 'stale';
    }
    if (reply.outcome === 'replayed') {
      // Whoever saw a request can repeat it: that proves nothing.
      exchange.isProven = false;
      return replayed(exchange.signatureForm !== undefined);
    }
    if (reply.outcome === 'settled') return deny('limiter_unavailable', undefined, 'settled_before_taken');
    if (reply.outcome === 'admit') {
      refusals.delete(caller.id);
      return admitAsked(exchange, reply);
    }
    const { denial, gauges } = reply;
    exchange.gauges = gauges;
    const untilMs = sentMs + Math.min(denial.retryAfterMs, MAX_REMEMBERED_MS);
    if (refusals.size >= MAX_REMEMBERED) refusals.clear();
    refusals.set(caller.id, { untilMs, cost: route.cost, version, denial, deniedMs: sentMs, gauges });
    return refuseWith(exchange, denial, sentMs, sentMs);
  } catch (error) {
    if (!(error instanceof LimiterUnavailable)) throw error;
    // Nobody else tells that the record is old.
    if (isOlder(caller, TRUSTED_ALONE_MS, gateway.now())) return 'stale';
    exchange.reason = 'limiter_unavailable';
    exchange.cause = error.message;
    return degrade(exchange, gateway, sentMs);
  }
}

function admitAsked(exchange: Authenticated, { grant, atMs, dayStartMs, over, gauges }: Admission): Admitted {
  exchange.gauges = gauges;
  admit(exchange, { atMs, dayStartMs, units: exchange.route.cost, over, grant });
  return exchange;
}

const UNCOUNTED =
  'The budget of this key is in money that its plan has no price in: it is to be made with another budget';

const CODES = {
  per_second: 'rate_limit_exceeded',
  burst: 'rate_limit_exceeded',
  per_day: 'daily_quota_exceeded',
  per_month: 'monthly_quota_exceeded',
  budget: 'budget_exceeded',
} as const;

function refuseWith(
  exchange: Exchange,
  { type, limit, used, level, retryAfterMs }: Denial,
  deniedMs: number,
  nowMs: number,
): Denied {
  if (type === 'budget') {
    exchange.violated = {
      type,
      limit,
      used,
      level,
      retryAtMs: deniedMs + retryAfterMs,
      retryAfter: undefined,
    };
    // No budget is of nothing: it is one that cannot be counted.
    const message = limit === 0 ? UNCOUNTED : undefined;
    return deny(CODES[type], { message, fields: { limit_type: type, budget_of: level, limit, used } });
  }
  const isQuota = type === 'per_day' || type === 'per_month';
  // Days and months begin at whole seconds, and the object's clock is not ours.
  const retryAtMs = isQuota ? Math.round((deniedMs + retryAfterMs) / 1000) * 1000 : deniedMs + retryAfterMs;
  const retryAfter = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
  exchange.violated = { type, limit, used, level, retryAtMs, retryAfter };
  return deny(CODES[type], {
    fields: {
      limit_type: type,
      limit,
      ...(isQuota && { used }),
      retry_after: retryAfter,
      ...(isQuota && { reset_at: rfc3339(retryAtMs) }),
    },
    headers: { 'retry-after': String(retryAfter) },
  });
}

/** A tenth of the partner's rate, in this isolate only. Quotas that block fail closed, unless the tier says otherwise; budgets always do. */
function degrade(exchange: Authenticated, gateway: GatewayPorts, nowMs: number): Denied | Admitted {
  const { caller, route } = exchange;
  const { allowances } = gateway.memory;
  const { keyLimits, partnerLimits, degraded, budgets } = caller;
  const blocks = [keyLimits, partnerLimits].some(
    ({ day, month, overage }) => overage === 'block' && !(isUnlimited(day) && isUnlimited(month)),
  );
  if (exchange.nonce || budgets || degraded.rate === 'refuse' || (blocks && degraded.quota === 'refuse')) {
    return deny('limiter_unavailable');
  }
  const perSecond = isUnlimited(partnerLimits.second) ? 100 : Math.ceil(partnerLimits.second / 10);
  const allowance = { burst: perSecond, sustained: perSecond * 60 };
  const bucket = refill(allowances.get(caller.id) ?? fullBucket(allowance, nowMs), allowance, nowMs);
  if (bucketWaitMs(bucket, allowance, route.cost) > 0) return deny('limiter_unavailable');
  if (allowances.size >= MAX_REMEMBERED) allowances.clear();
  allowances.set(caller.id, spendTokens(bucket, route.cost));
  const dayStartMs = dayStart(nowMs);
  admit(exchange, { atMs: nowMs, dayStartMs, units: route.cost, over: false, grant: undefined });
  return exchange;
}

/** The caller's limits as they stand, for answers that take nothing. Fails open: without them. */
export async function peekLimits(exchange: Exchange, gateway: GatewayPorts): Promise<void> {
  if (!exchange.caller || exchange.gauges) return;
  try {
    const subject = limitSubject(exchange.caller);
    const known = subject.budgets ? undefined : gateway.limits.gauges(subject.keyId);
    exchange.gauges = known ?? (await gateway.peek(subject));
  } catch (error) {
    if (!(error instanceof LimiterUnavailable)) throw error;
  }
}

/**
 * What an admitted call came to: `used` units of those that it reserved are counted and billed, the rest goes back. A call
 * that the upstream failed used none.
 */
export function settle(exchange: Exchange, gateway: GatewayPorts, used: number): void {
  const { admission } = exchange;
  if (!admission || used === admission.units) return;
  exchange.admission = { ...admission, units: used };
  // What comes back may be what another call was refused for.
  if (exchange.caller) gateway.memory.refusals.delete(exchange.caller.id);
  if (admission.grant) gateway.limits.giveBack(admission.grant, admission.units - used, exchange.keepAlive);
}
