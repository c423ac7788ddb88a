// The Worker's own role on your machine's PostgreSQL: the migrations make it without a login, here it gets one.

import pg from 'pg';

const ROLE = 'passerelle_app';
/** As open as the server's own, which listens on loopback only. */
const PASSWORD = 'passerelle';

/** Address of the same database for the Worker. `ownerUrl`: of a database that is migrated. */
export async function openWorkerRole(ownerUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`ALTER ROLE ${ROLE} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`);
  } finally {
    await client.end();
  }
  const url = new URL(ownerUrl);
  url.username = ROLE;
  url.password = PASSWORD;
  return url.href;
}
