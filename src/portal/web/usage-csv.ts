// The days of a range as CSV.

import { AppError } from '../../core/errors.ts';
import { csv } from '../../web/csv.ts';
import { member, portal } from './portal-web.tsx';
import { rangeOf } from './usage-range.ts';
import { scopeOf } from './usage-scope.ts';

const COLUMNS = [
  'calls',
  'successful',
  'failed',
  'units',
  'cacheHits',
  'bytesIn',
  'bytesOut',
  'avgLatencyMs',
  'p50',
  'p95',
  'p99',
  'uniqueIps',
] as const;

portal.get('/portal/usage.csv', async (context) => {
  const view = member(context);
  const range = rangeOf(context.req.query(), view.nowMs, '30d');
  // A file cannot say that it has other days than those that were asked for.
  if (range.wrong && range.wrong.what !== 'order')
    throw new AppError('invalid_request', 'A range is two days, from and to, at most 400 days apart');
  const lines = await context.var.services.reports.lines(scopeOf(context, range), 'day');
  const rows = lines.map((line) => [line.group, ...COLUMNS.map((column) => line[column])]);
  return csv(`usage-${view.environment}-${range.from}-${range.to}.csv`, ['day', ...COLUMNS], rows);
});
