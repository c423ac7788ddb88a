// The outbox: a CTE that writes an event in the statement that makes the change. A trigger makes its deliveries with it.

import { SQL, sql } from 'drizzle-orm';

/**
 * For each row of `changed` (a CTE before it that returns `partner_id`). `data`: what the event's receivers get,
 * as it is, or reckoned from `changed`.
 */
export const eventRow = (
  type: string,
  data: Record<string, unknown> | SQL,
  appId: string | null = null,
): SQL => sql`
  INSERT INTO webhook_event (partner_id, app_id, type, data)
  SELECT partner_id, ${appId}::uuid, ${type}, ${data instanceof SQL ? data : sql`${JSON.stringify(data)}::jsonb`} FROM changed`;
