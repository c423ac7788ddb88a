// The operators whom an issuer's token may name: rows that SQL made, never a claim. Operators with an account of ours are
// `dev_accounts.is_operator`.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';

export const createOperatorStore = (database: Database) => ({
  async isNamed({ issuer, sub }: { issuer: string; sub: string }): Promise<boolean> {
    const found = await database.run(
      sql`SELECT 1 FROM operator_identity WHERE issuer = ${issuer} AND subject = ${sub}`,
    );
    return found > 0;
  },
});

export type OperatorStore = ReturnType<typeof createOperatorStore>;
