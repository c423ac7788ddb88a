// better-auth's way into Postgres: its models are our tables. Without transactions, which HTTP does not have.

import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import {
  devAccounts,
  devCredential,
  devSession,
  devTwoFactor,
  devVerification,
} from '../../drizzle/schema.ts';
import type { Drizzle } from './database.ts';

export const authDatabase = (database: Drizzle) =>
  drizzleAdapter(database, {
    provider: 'pg',
    transaction: false,
    schema: {
      user: devAccounts,
      session: devSession,
      account: devCredential,
      verification: devVerification,
      twoFactor: devTwoFactor,
    },
  });
