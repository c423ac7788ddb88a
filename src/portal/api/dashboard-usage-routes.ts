// /dashboard/usage and /dashboard/quota: what a partner used, and what is left.

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { DAY_MS, dayStart, isoDay, monthStart } from '../../core/time.ts';
import { errorAnswers, jsonAnswer } from '../../http/api.ts';
import { limitSubject } from '../../keys/key-record.ts';
import { type Gauge, isUnlimited, LEVELS } from '../../limits/limit.ts';
import { callerOf, dashboard } from './dashboard.ts';

const usageStat = z.object({
  date: z.string(),
  /** All calls, also those that were refused. */
  total_requests: z.number(),
  /** What of them is counted and billed. */
  units: z.number(),
  successful: z.number(),
  failed: z.number(),
  avg_response_time_ms: z.number(),
  cache_hits: z.number(),
  cache_hit_rate: z.number(),
  p50_response_time_ms: z.number().nullable(),
  p95_response_time_ms: z.number().nullable(),
  p99_response_time_ms: z.number().nullable(),
});

const usage = createRoute({
  method: 'get',
  path: '/usage',
  tags: ['Dashboard'],
  summary: 'Retrieve usage by day, newest first',
  request: { query: z.object({ days: z.coerce.number().int().min(1).max(90).default(30) }) },
  responses: {
    200: jsonAnswer(
      'Usage',
      z.object({
        period: z.object({ days: z.number(), from: z.string(), to: z.string() }),
        stats: z.array(usageStat),
      }),
    ),
    ...errorAnswers(400, 401, 503),
  },
});

dashboard.openapi(usage, async (context) => {
  const caller = callerOf(context);
  const { days } = context.req.valid('query');
  const nowMs = context.var.services.now();
  const period = { from: isoDay(nowMs - (days - 1) * DAY_MS), to: isoDay(nowMs) };
  const { partnerId, environment, keyId } = caller;
  // What was handed out to a program or an agent sees what it used itself.
  const isHandedOut = caller.kind === 'grant' || caller.budgets !== undefined;
  const scope = { partnerId, environment, keyId: isHandedOut ? keyId : undefined, ...period };
  const lines = await context.var.services.reports.lines(scope, 'day');
  return context.json(
    {
      period: { days, ...period },
      stats: lines.map((line) => ({
        date: line.group,
        total_requests: line.calls,
        units: line.units,
        successful: line.successful,
        failed: line.failed,
        avg_response_time_ms: line.avgLatencyMs,
        cache_hits: line.cacheHits,
        cache_hit_rate: line.calls === 0 ? 0 : Math.round((line.cacheHits / line.calls) * 10_000) / 10_000,
        p50_response_time_ms: line.p50,
        p95_response_time_ms: line.p95,
        p99_response_time_ms: line.p99,
      })),
    },
    200,
  );
});

/** Whose limit it is: the tightest is the one that is shown. */
const level = z.enum(LEVELS);
const limitRow = z.object({ limit: z.number(), used: z.number(), remaining: z.number(), level });
const quotaRow = z.object({
  requests: z.number(),
  successful: z.number(),
  failed: z.number(),
  limit: z.number(),
  remaining: z.number(),
  level,
});

const quota = createRoute({
  method: 'get',
  path: '/quota',
  tags: ['Dashboard'],
  summary: 'Retrieve quotas and rates, as the limiter counts them',
  responses: {
    200: jsonAnswer(
      'Quotas',
      z.object({
        tier: z.string(),
        daily: quotaRow,
        monthly: quotaRow,
        rate_limits: z.object({
          second: limitRow,
          burst: limitRow,
          day: limitRow,
          month: limitRow,
          budget: limitRow.optional().describe('Of keys with one: units in their whole life'),
        }),
      }),
    ),
    ...errorAnswers(401, 503),
  },
});

/** `used`: where nothing limits, so that there is nothing to reckon it from. */
const showLimit = ({ limit, remaining, level }: Gauge, used: number) => ({
  limit,
  used: isUnlimited(limit) ? used : limit - remaining,
  remaining,
  level,
});

dashboard.openapi(quota, async (context) => {
  const caller = callerOf(context);
  const { limiter, reports, now } = context.var.services;
  const { used } = await limiter.standing(limitSubject(caller));
  // What the next answer's headers will say: the tightest of the key's, the partner's and the cap.
  const gauges = await limiter.peek(limitSubject(caller));
  const failed = await reports.failedOf(
    caller.partnerId,
    caller.environment,
    isoDay(dayStart(now())),
    isoDay(monthStart(now())),
  );
  // The limiter's count is the count; how many of them failed is known once their events are folded.
  const counted = (requests: number, failures: number, { limit, remaining, level }: Gauge) => {
    const failedNow = Math.min(failures, requests);
    return { requests, successful: requests - failedNow, failed: failedNow, limit, remaining, level };
  };
  return context.json(
    {
      tier: caller.tier,
      daily: counted(used.day, failed.day, gauges.day),
      monthly: counted(used.month, failed.month, gauges.month),
      rate_limits: {
        second: showLimit(gauges.second, used.second),
        burst: showLimit(gauges.burst, 0),
        day: showLimit(gauges.day, used.day),
        month: showLimit(gauges.month, used.month),
        ...(gauges.budget && { budget: showLimit(gauges.budget, 0) }),
      },
    },
    200,
  );
});
