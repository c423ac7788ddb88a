// Sign-ups whose address nobody has confirmed yet. Each stands by itself, with the password that its own browser chose:
// however many others begin with the same address, none ends or changes an earlier one, and none is an account.

import { sql } from 'drizzle-orm';
import * as z from 'zod';
import { sha256Hex } from '../core/encoding.ts';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { row, text } from '../platform/row.ts';
import { ASKED_SECONDS } from './address-link.ts';

const signUp = z.object({ email: z.string(), name: z.string(), passwordHash: z.string() });
export type SignUp = z.infer<typeof signUp>;

const Kept = row('sign-up', { value: text });

const identifierOf = (id: string): Promise<string> => sha256Hex(`sign-up-${id}`);

export const createSignUpStore = (database: Database) => ({
  keep: async (id: string, wanted: SignUp): Promise<unknown> =>
    database.run(sql`
      INSERT INTO dev_verification (id, identifier, value, expires_at)
      VALUES (${newId()}, ${await identifierOf(id)}, ${JSON.stringify(wanted)}, now() + make_interval(secs => ${ASKED_SECONDS}))`),
  /** While it is open: not too old, and its address has no account. */
  async open(id: string): Promise<SignUp | undefined> {
    const [kept] = await database.rows(
      Kept,
      sql`
      SELECT v.value FROM dev_verification v WHERE v.identifier = ${await identifierOf(id)} AND v.expires_at > now()
        AND NOT EXISTS (SELECT 1 FROM dev_accounts a WHERE a.email = v.value::jsonb->>'email' AND a.email_verified)`,
    );
    return kept && signUp.parse(JSON.parse(kept.value));
  },
  /** Its address is confirmed: it is over, and so is an account that an earlier version made before that was proven. */
  end: async (id: string, email: string): Promise<unknown> =>
    database.run(sql`
      WITH used AS (DELETE FROM dev_verification WHERE identifier = ${await identifierOf(id)})
      DELETE FROM dev_accounts WHERE email = ${email} AND NOT email_verified`),
  /** The address is proven without a link: an account that an earlier version made before that is over. */
  replace: (email: string): Promise<unknown> =>
    database.run(sql`DELETE FROM dev_accounts WHERE email = ${email} AND NOT email_verified`),
  async hasAccount(email: string): Promise<boolean> {
    const known = await database.run(
      sql`SELECT 1 FROM dev_accounts WHERE email = ${email} AND email_verified`,
    );
    return known > 0;
  },
});

export type SignUpStore = ReturnType<typeof createSignUpStore>;
