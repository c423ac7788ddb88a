// `npm run operator -- you@example.com`: names an operator of the console, in DATABASE_URL, as the owner of the database.
// Who has no account yet gets one, and a link that works for an hour, once, to choose its password: no email is needed.
// `--remove` takes it away; `--issuer … --subject …` names whom an issuer's tokens identify, for `/api/admin`.
// Idempotent.

import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import * as z from 'zod';

const USAGE = `Usage: npm run operator -- <email> [--name <name>] [--origin https://developers.example.com] [--remove]
       npm run operator -- --issuer <iss> --subject <sub> [--remove]
DATABASE_URL is the database's address, as its owner (the one that you migrate with).`;
const LINK_HOURS = 1;
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

export interface Wanted {
  email: string;
  name?: string | undefined;
}

/** `token`: of the link by which a new account chooses its password. */
export type Named = { was: 'operator' | 'account' | 'nobody'; token?: string };

const knownHere = z.array(
  z.object({
    id: z.string(),
    is_operator: z.boolean(),
    email_verified: z.boolean(),
    can_sign_in: z.boolean(),
  }),
);

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Makes an operator of the account of this address, and the account where there is none that anybody can sign in to. */
export async function nameOperator(client: pg.Client, { email, name = 'Operator' }: Wanted): Promise<Named> {
  await client.query('BEGIN');
  try {
    const { rows } = await client.query(
      `SELECT id, is_operator, email_verified, EXISTS (SELECT 1 FROM dev_credential c WHERE c.account_id = a.id) AS can_sign_in
       FROM dev_accounts a WHERE email = $1 FOR UPDATE`,
      [email],
    );
    const [known] = knownHere.parse(rows);
    // Whoever signed up with it may be anybody.
    if (known && !known.email_verified)
      throw new Error(`the account of ${email} has not confirmed its address yet`);
    const id = known?.id ?? uuidv7();
    if (known)
      await client.query(
        'UPDATE dev_accounts SET is_operator = true, updated_at = now() WHERE id = $1 AND NOT is_operator',
        [id],
      );
    else
      await client.query(
        'INSERT INTO dev_accounts (id, name, email, email_verified, is_operator) VALUES ($1, $2, $3, true, true)',
        [id, name, email],
      );
    const token = known?.can_sign_in ? undefined : await makeLink(client, id);
    await client.query('COMMIT');
    const was = known?.is_operator ? 'operator' : known ? 'account' : 'nobody';
    return { was, ...(token && { token }) };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The link of a forgotten password; an earlier one ends. */
async function makeLink(client: pg.Client, accountId: string): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await client.query('DELETE FROM dev_verification WHERE value = $1', [accountId]);
  await client.query(
    `INSERT INTO dev_verification (id, identifier, value, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(hours => ${LINK_HOURS}))`,
    [uuidv7(), sha256Hex(`reset-password:${token}`), accountId],
  );
  return token;
}

/** Its sessions end with it. @returns whether it was one */
export async function removeOperator(client: pg.Client, email: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `WITH removed AS (UPDATE dev_accounts SET is_operator = false, updated_at = now()
       WHERE email = $1 AND is_operator RETURNING id),
     ended AS (DELETE FROM dev_session WHERE account_id IN (SELECT id FROM removed))
     SELECT id FROM removed`,
    [email],
  );
  return rowCount === 1;
}

/** Whom a token's `iss` and `sub` identify. @returns whether that changed anything */
async function setIdentity(
  client: pg.Client,
  identity: [string, string],
  isRemoved: boolean,
): Promise<boolean> {
  const { rowCount } = await client.query(
    isRemoved
      ? 'DELETE FROM operator_identity WHERE issuer = $1 AND subject = $2'
      : 'INSERT INTO operator_identity (issuer, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    identity,
  );
  return rowCount === 1;
}

function linkSaid(token: string, origin: string | undefined): string {
  const path = `/reset/${token}`;
  return origin
    ? `Choose its password within the hour: ${new URL(path, origin)}`
    : `Choose its password within the hour, at this path of your portal: ${path}`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        origin: { type: 'string' },
        issuer: { type: 'string' },
        subject: { type: 'string' },
        remove: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = read();
  const { name, issuer, subject, remove } = values;
  const origin = values.origin ?? process.env.PORTAL_ORIGIN;
  const email = positionals[0]?.toLowerCase();
  const isIdentity = issuer !== undefined || subject !== undefined;
  if (isIdentity ? !issuer || !subject || email : !email || !EMAIL.test(email) || positionals.length > 1)
    fail(USAGE);
  if (origin && !/^https?:\/\//.test(origin))
    fail(`--origin ${origin} is no web address, such as https://developers.example.com`);
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) fail(`DATABASE_URL is not set.\n\n${USAGE}`);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    if (issuer && subject) {
      const isChanged = await setIdentity(client, [issuer, subject], remove);
      const now = remove ? 'no operator' : 'an operator';
      console.log(`${subject} of ${issuer} is ${isChanged ? 'now' : 'already'} ${now}.`);
    } else if (email && remove) {
      const wasOne = await removeOperator(client, email);
      console.log(
        wasOne ? `${email} is no operator any more; its sessions ended.` : `${email} is no operator.`,
      );
    } else if (email) {
      const { was, token } = await nameOperator(client, { email, name });
      console.log(`${email} is ${was === 'operator' ? 'already' : 'now'} an operator.`);
      if (token) console.log(linkSaid(token, origin));
      console.log('Sign in, and open /operator: it has a new operator turn on a second factor first.');
    }
  } finally {
    await client.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main().catch((error: Error) => fail(`That did not work: ${error.message || String(error)}`));
