// The portal without a browser: a person with cookies who gets pages and sends forms, as a browser would.

import { randomBytes } from 'node:crypto';
import { hashPassword } from 'better-auth/crypto';
import { uuidv7 } from 'uuidv7';
import { totp } from '../../src/dev/totp.ts';
import { type Answer, call, eventually, query, stack } from './api.ts';
import { newAddress } from './browser.ts';
import { makeOperator, type Operator } from './operator.ts';

export interface Person {
  email: string;
  cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A form of our own page; `headers` to forge it. */
  post(
    path: string,
    fields?: Record<string, string> | URLSearchParams,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

export const PASSWORD = 'correct horse battery';

export function visitor(email = `p-${randomBytes(6).toString('hex')}@example.com`): Person {
  const cookies = new Map<string, string>();
  const address = newAddress();
  async function send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ) {
    const answer = await call(path, {
      method,
      body,
      headers: {
        'cf-connecting-ip': address,
        ...(cookies.size > 0 && {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        }),
        ...headers,
      },
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  }
  return {
    email,
    cookies,
    get: (path, headers = {}) => send('GET', path, undefined, headers),
    post: (path, fields = {}, headers = {}) =>
      send('POST', path, new URLSearchParams(fields).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        origin: stack.url,
        ...headers,
      }),
  };
}

/** The path of a link in the latest mail to this address whose text has `containing`: of one that has it, or the first. */
export async function mailedPath(email: string, containing = ''): Promise<string> {
  const [mail] = await eventually(
    () =>
      query<{ body: string }>(
        'SELECT body FROM outbox_mail WHERE recipient = $1 AND strpos(body, $2) > 0 ORDER BY id DESC LIMIT 1',
        [email, containing],
      ),
    (rows) => rows.length > 0,
  );
  const links = mail?.body.match(/https?:\/\/\S+/g) ?? [];
  const link = links.find((each) => each.includes(containing)) ?? links[0] ?? '';
  return link.slice(new URL(link).origin.length);
}

/** What a link's page would send, in the browser that signed up; with the password in any other. */
export async function confirmAddress(person: Person, fields: Record<string, string> = {}): Promise<Answer> {
  const path = await mailedPath(person.email, '/verify');
  const token = new URLSearchParams(path.split('?')[1]).get('token') ?? '';
  return person.post('/verify/confirm', { token, ...fields });
}

/** Someone who has signed up and confirmed the address. */
export async function signedUp(email?: string): Promise<Person> {
  const person = visitor(email);
  await person.post('/sign-up', { name: 'Person', email: person.email, password: PASSWORD });
  await confirmAddress(person);
  return person;
}

/** Of everybody here: made once, as a hash takes a tenth of a second. */
const passwordHash = hashPassword(PASSWORD);

/** Someone whose portal works for this partner, with this role: with an account as sign-up leaves it, and signed in. */
export async function memberOf(partnerId: string, role = 'owner'): Promise<Person> {
  const person = visitor();
  await query(
    `WITH account AS (INSERT INTO dev_accounts (id, name, email, email_verified) VALUES ($1, 'Person', $2, true) RETURNING *),
       credential AS (INSERT INTO dev_credential (id, account_id, provider_id, subject, password)
         SELECT $3, id, 'credential', id, $4 FROM account)
     INSERT INTO partner_member (partner_id, subject, email, role, chosen_at)
     SELECT $5, id, email, $6, now() + interval '1 minute' FROM account`,
    [uuidv7(), person.email, uuidv7(), await passwordHash, partnerId, role],
  );
  await person.post('/sign-in', { email: person.email, password: PASSWORD });
  return person;
}

export async function operatorSignedIn(operator?: Operator): Promise<Person> {
  const { email, password, factor } = operator ?? (await makeOperator());
  const person = visitor(email);
  await person.post('/sign-in', { email, password });
  await person.post('/two-factor', { code: await totp(factor, Date.now()) });
  return person;
}
