// Every place that shows how much a partner has used, read from outside as whoever reads it: a program, a developer, a
// person with a browser, an operator with psql. After quiet they are one number.

import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { subjectOf } from '../../src/accounts/subject.ts';
import { ensureAccount } from '../../src/dev/demo.ts';
import { ISSUER } from '../../src/dev/issuer.ts';

const PASSWORD = 'passerelle-count';

/** Whose numbers, and how to get at them. */
export interface Subject {
  url: string;
  client: pg.Client;
  /** A developer's token for that person. */
  tokenOf(claims: { sub: string; email: string }): Promise<string>;
  partnerId: string;
  environment: 'live' | 'test';
  key: string;
}

export interface Reader {
  read(): Promise<Record<string, number>>;
}

/** A person with an account of the portal, of this partner alone. */
async function memberOf({ client, partnerId }: Subject): Promise<{ id: string; email: string }> {
  const email = `count-${randomBytes(6).toString('hex')}@example.com`;
  const id = await ensureAccount(client, { email, password: PASSWORD, name: 'Count', isOperator: false });
  // As whoever signs in here, and as whom the token names.
  for (const who of [id, subjectOf(ISSUER, id)])
    await client.query(
      `INSERT INTO partner_member (partner_id, subject, email, role) VALUES ($1, $2, $3, 'owner')`,
      [partnerId, who, email],
    );
  return { id, email };
}

async function signIn(url: string, email: string): Promise<string[]> {
  const answer = await fetch(`${url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url },
    body: new URLSearchParams({ email, password: PASSWORD }),
  });
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  if (cookies.length === 0) throw new Error(`sign-in was answered ${answer.status}, without a cookie`);
  return cookies;
}

/** Answers are JSON of many shapes; each reader says what it expects. */
async function json<Shape>(url: string, authorization: string): Promise<Shape> {
  const answer = await fetch(url, { headers: { authorization } });
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  return (await answer.json()) as Shape;
}

interface Quota {
  daily: { requests: number };
  monthly: { requests: number };
}
interface Usage {
  stats: { units: number }[];
}

const STORED = `
  SELECT coalesce((SELECT sum(units) FROM api_usage_events WHERE partner_id = $1 AND environment = $2 AND day = $3), 0)::int AS "raw events",
    coalesce((SELECT sum(units) FROM api_usage_rollups_day WHERE partner_id = $1 AND environment = $2 AND day = $3), 0)::int AS "rollups",
    coalesce((SELECT units FROM quota_usage WHERE partner_id = $1 AND environment = $2 AND period_type = 'daily' AND period_start = $3), 0)::int AS "quota_usage",
    coalesce((SELECT units FROM quota_usage WHERE partner_id = $1 AND environment = $2 AND period_type = 'monthly'
      AND period_start = date_trunc('month', $3::date)), 0)::int AS "quota_usage, month"`;

export async function openReader(subject: Subject): Promise<Reader> {
  const { url, client, partnerId, environment, key } = subject;
  const member = await memberOf(subject);
  const cookies = await signIn(url, member.email);
  const token = await subject.tokenOf({ sub: member.id, email: member.email });
  // Preferences have a suffix of their own where two checkouts run.
  const suffix = /session[^=]*?(-[0-9a-f]+)?=/.exec(cookies.join(';'))?.[1] ?? '';
  const page = async (path: string): Promise<string> => {
    const cookie = [...cookies, `environment=${environment}`, `environment${suffix}=${environment}`].join(
      '; ',
    );
    const answer = await fetch(url + path, { headers: { cookie } });
    return answer.text();
  };
  // A partner that was never called is shown no meter.
  const meters = (html: string) =>
    [...html.matchAll(/data-meter="[^"]*" data-used="(\d+)"/g)].map(([, used]) => Number(used));

  return {
    async read() {
      const today = new Date().toISOString().slice(0, 10);
      const stored = await client.query<Record<string, number>>(STORED, [partnerId, environment, today]);
      const quota = await json<Quota>(`${url}/dashboard/quota`, `Bearer ${key}`);
      const usage = await json<Usage>(`${url}/dashboard/usage?days=1`, `Bearer ${key}`);
      const [overviewDay, overviewMonth] = meters(await page('/portal'));
      const [usageDay, usageMonth] = meters(await page('/portal/usage'));
      const numbers: Record<string, number> = {
        ...stored.rows[0],
        '/dashboard/quota': quota.daily.requests,
        '/dashboard/quota, month': quota.monthly.requests,
        '/dashboard/usage': usage.stats[0]?.units ?? 0,
        'overview page': overviewDay ?? 0,
        'overview page, month': overviewMonth ?? 0,
        'usage page': usageDay ?? 0,
        'usage page, month': usageMonth ?? 0,
      };
      if (environment === 'live') {
        const preview = await json<{ units: number }>(`${url}/api/dev/billing/preview`, `Bearer ${token}`);
        numbers['coming invoice, month'] = preview.units;
      }
      return numbers;
    },
  };
}

/** What differs from what was admitted: of the day, and of the month where the name says so. */
export function differences(
  numbers: Record<string, number>,
  admitted: { day: number; month: number },
): string[] {
  return Object.entries(numbers).flatMap(([name, value]) => {
    const expected = name.endsWith(', month') ? admitted.month : admitted.day;
    return value === expected ? [] : [`${name}: ${value}, admitted ${expected}`];
  });
}
