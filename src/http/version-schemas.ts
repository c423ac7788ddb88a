// The dated versions of APIs, as JSON.

import * as z from 'zod';
import type { VersionInUse } from '../versions/version-service.ts';

const moment = z.string().nullable();
export const versionView = z.object({
  api: z.string(),
  version: z.string().describe('A day'),
  newest: z.boolean(),
  deprecated_at: moment.describe('null: it is not'),
  sunset_at: moment.describe('From then on its calls are 410; null: no end'),
  brownouts: z.array(z.object({ from: z.string(), to: z.string() })),
  calls: z.number().describe('In the last thirty days, also of keys that are not listed'),
  used_by: z
    .array(
      z.object({
        partner_id: z.string(),
        partner: z.string().nullable(),
        key_id: z.string(),
        key: z.string().nullable(),
        calls: z.number(),
        last_day: z.string(),
      }),
    )
    .describe('Keys that called it in the last thirty days, at most 100: those that call most'),
});

export const versionList = z.object({ data: z.array(versionView) });

export const versionsSaid = (versions: readonly VersionInUse[]): z.infer<typeof versionList> => ({
  data: versions.map(({ api, date, isNewest, deprecatedAt, sunsetAt, brownouts, uses }) => ({
    api,
    version: date,
    newest: isNewest,
    deprecated_at: deprecatedAt,
    sunset_at: sunsetAt,
    brownouts,
    calls: uses[0]?.all_calls ?? 0,
    used_by: uses.map(({ api: _api, version: _version, all_calls: _all, ...use }) => use),
  })),
});
