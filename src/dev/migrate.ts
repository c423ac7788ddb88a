// `npm run migrate`: applies the migrations that are missing, to DATABASE_URL (Neon or any PostgreSQL), and grants the
// Worker's role what it may do with what is there; functions keep to their own search path.

import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url).href);

export async function migrate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await runMigrations(drizzle(client), { migrationsFolder: FOLDER });
    await client.query('SELECT grant_worker_role(), pin_search_path()');
  } finally {
    await client.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = process.env.DATABASE_URL;
  if (!url) {
    console.error('Set DATABASE_URL to the database to migrate, for example the one that Neon shows you.');
    process.exit(1);
  }
  await migrate(url).then(
    () => console.log('The database is up to date.'),
    (error: Error) => {
      console.error(`Migration failed: ${error.message}`);
      process.exit(1);
    },
  );
}
