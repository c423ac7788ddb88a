// The first operator of a deployment: one command by the owner of the database, without SQL, and without email.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ISSUER } from '../../src/dev/issuer.ts';
import { query, stack } from '../support/api.ts';
import { PASSWORD, signedUp, visitor } from '../support/portal.ts';

const COMMAND = fileURLToPath(new URL('../../src/dev/operator.ts', import.meta.url).href);

function run(args: string[], databaseUrl: string | undefined = stack.databaseUrl) {
  const env = { ...process.env, DATABASE_URL: databaseUrl, PORTAL_ORIGIN: undefined };
  return new Promise<{ code: number; said: string }>((resolve) =>
    execFile(process.execPath, [COMMAND, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, said: out + err }),
    ),
  );
}

const newEmail = () => `first-${randomBytes(6).toString('hex')}@example.com`;
const isOperator = async (email: string) =>
  (await query<{ is: boolean }>('SELECT is_operator AS is FROM dev_accounts WHERE email = $1', [email]))[0]
    ?.is;

it('is made, chooses a password by the link that the command prints, and is asked for a second factor', async () => {
  const email = newEmail();
  const made = await run([email, '--name', 'Fatou', '--origin', stack.url]);
  expect(made).toMatchObject({ code: 0, said: expect.stringContaining(`${email} is now an operator`) });
  const path = new URL(/https?:\/\/\S+/.exec(made.said)?.[0] ?? '').pathname;
  const person = visitor(email);
  expect((await person.post(path, { password: PASSWORD })).status).toBe(200);
  expect((await person.post(path, { password: `${PASSWORD} 2` })).status).toBe(400);
  await person.post('/sign-in', { email, password: PASSWORD });
  const { status, headers } = await person.get('/operator/partners');
  expect(status).toBe(303);
  expect(headers.location).toMatch(/^\/second-factor/);
  const setUp = { back: '/operator/partners', proof: PASSWORD };
  expect((await person.post('/second-factor', setUp)).text).toContain('action="/second-factor/confirm"');
});

it('twice is once; a link that nobody used is replaced by the next', async () => {
  const email = newEmail();
  const [first, second] = [await run([email]), await run([email])];
  expect(second).toMatchObject({ code: 0, said: expect.stringContaining('already') });
  const [old, link] = [first, second].map(({ said }) => /\/reset\/\S+/.exec(said)?.[0] ?? 'none');
  expect((await visitor().post(String(old), { password: PASSWORD })).status).toBe(400);
  expect((await visitor().post(String(link), { password: PASSWORD })).status).toBe(200);
  expect(await query('SELECT 1 FROM dev_accounts WHERE email = $1', [email])).toHaveLength(1);
});

it('may be an account that signed up, which keeps its password; removed, its sessions end', async () => {
  const person = await signedUp();
  const named = await run([person.email.toUpperCase()]);
  expect(named.said).not.toContain('/reset/');
  expect(await isOperator(person.email)).toBe(true);
  expect((await person.get('/portal/settings')).status).toBe(200);
  expect((await run([person.email, '--remove'])).said).toContain('no operator any more');
  expect(await isOperator(person.email)).toBe(false);
  expect((await person.get('/portal/settings')).status).toBe(303);
  expect((await run([person.email, '--remove'])).code).toBe(0);
});

it('may be whom the tokens of an issuer identify', async () => {
  const subject = `first-${randomBytes(6).toString('hex')}`;
  const found = () =>
    query('SELECT 1 FROM operator_identity WHERE issuer = $1 AND subject = $2', [ISSUER, subject]);
  for (const changed of ['now', 'already']) {
    expect((await run(['--issuer', ISSUER, '--subject', subject])).said).toContain(
      `is ${changed} an operator`,
    );
    expect(await found()).toHaveLength(1);
  }
  expect((await run(['--issuer', ISSUER, '--subject', subject, '--remove'])).code).toBe(0);
  expect(await found()).toHaveLength(0);
});

it.each([
  ['nothing', []],
  ['no address', ['fatou']],
  ['two', ['a@example.com', 'b@example.com']],
  ['half an identity', ['--issuer', 'https://id.example.com']],
  ['an unknown option', ['--admin', 'a@example.com']],
])('says how it is used when it is given %s', async (_, args) => {
  expect(await run(args)).toMatchObject({
    code: 1,
    said: expect.stringContaining('Usage: npm run operator'),
  });
});

it('says what is wrong with the database', async () => {
  expect(await run([newEmail()], '')).toMatchObject({
    code: 1,
    said: expect.stringContaining('DATABASE_URL'),
  });
  const closed = await run([newEmail()], 'postgres://nobody@127.0.0.1:1/none');
  expect(closed).toMatchObject({ code: 1, said: expect.stringContaining('That did not work') });
});

it('is not what the Worker’s role can do', async () => {
  const [row] = await query<{ may: boolean }>(
    `SELECT has_table_privilege('passerelle_app', 'operator_identity', 'INSERT') AS may`,
  );
  expect(row?.may).toBe(false);
});
