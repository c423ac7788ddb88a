// Pages and APIs do the same: every command is done through each of its doors, in situations that are equal, and leaves the
// same rows, entries in the audit, events and mails. A route that changes something and is no door of a command fails.

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subjectOf } from '../../src/accounts/subject.ts';
import { ISSUER } from '../../src/dev/issuer.ts';
import { type Answer, control, query, sendJson, stack } from '../support/api.ts';
import { newAddress } from '../support/browser.ts';
import { about, inWords, openWatch, type Watch } from '../support/changed-rows.ts';
import type { Command } from '../support/command.ts';
import { CONSOLE_COMMANDS } from '../support/console-commands.ts';
import { operatorSignedIn, type Person, signedUp } from '../support/portal.ts';
import { PORTAL_COMMANDS } from '../support/portal-commands.ts';
import { CHANGING, filled } from '../support/routes.ts';
import { type Cast, endSituations, makeSituation, type Situation } from '../support/situation.ts';

const COMMANDS = [...PORTAL_COMMANDS, ...CONSOLE_COMMANDS];

/** Signing up and in, proving who one is, and one's own account: by a person, of themselves alone. */
const OF_THEMSELVES =
  /^POST \/(?:(?:operator|api\/admin)\/apis\/check$|api\/admin\/config\/plan$|sign-|verify|reset|prove$|email\/|mails\/|second-factor|two-factor|preferences$|portal\/settings\/(?!(?:partner|mails)$))/;

it('every route that changes something is a door of a command', () => {
  const { page, developer, operator, key } = CHANGING;
  const ours = [...page, ...developer, ...operator, ...key.filter((route) => route.includes(' /dashboard/'))];
  const doors = new Set(COMMANDS.flatMap((command) => Object.keys(command.doors)));
  expect([...doors].sort()).toEqual(ours.filter((route) => !OF_THEMSELVES.test(route)).sort());
});

it('a command has more than one door, or there is a reason why not', () => {
  const wrong = COMMANDS.filter(({ doors, only }) => Object.keys(doors).length > 1 === (only !== undefined));
  expect(wrong).toEqual([]);
});

interface Door {
  /** As the audit names whoever comes by it. */
  actor(at: Situation): string;
  send(at: Situation, method: string, path: string, fields: Record<string, unknown>): Promise<Answer>;
}

const client = new pg.Client({ connectionString: stack.databaseUrl });
let watch: Watch;
const cast: Cast = { me: { id: '', email: '' }, guest: { id: '', email: '' } };
const doors: Record<string, Door> = {};

const idOf = async ({ email }: Person): Promise<string> =>
  (await query<{ id: string }>('SELECT id FROM dev_accounts WHERE email = $1', [email]))[0]?.id ?? '';

const page = (person: Person, actor: string): Door => ({
  actor: () => actor,
  // What a page says is in its own language, whatever that of its reader's mails.
  send: (_at, _method, path, fields) =>
    person.post(path, fields as Record<string, string>, { 'accept-language': 'fr' }),
});
const api = (actor: Door['actor'], tokenOf: (at: Situation) => string): Door => ({
  actor,
  send: (at, method, path, fields) =>
    sendJson(path, method, fields, {
      headers: {
        authorization: `Bearer ${tokenOf(at)}`,
        'cf-connecting-ip': newAddress(),
        'idempotency-key': at.mark,
      },
    }),
});

beforeAll(async () => {
  await client.connect();
  watch = await openWatch(client);
  const [me, guest, operator] = await Promise.all([signedUp(), signedUp(), operatorSignedIn()]);
  cast.me = { id: await idOf(me), email: me.email };
  cast.guest = { id: await idOf(guest), email: guest.email };
  await query(`UPDATE dev_accounts SET language = 'fr' WHERE id = $1`, [cast.me.id]);
  // An identity of an issuer's that is linked to the account: its token is the same person.
  const sub = `me-${cast.me.id}`;
  await query('INSERT INTO dev_credential (id, account_id, provider_id, subject) VALUES ($1, $2, $3, $1)', [
    sub,
    cast.me.id,
    ISSUER,
  ]);
  const token = await control<string>('token', { sub, email: me.email });
  // What others left would hear of all that we do.
  await query(`UPDATE webhook_endpoint SET state = 'paused' WHERE partner_id IS NULL`);
  doors['/portal'] = page(me, `developer:${cast.me.id}`);
  doors['/invite'] = doors['/welcome'] = page(guest, `developer:${cast.guest.id}`);
  doors['/operator'] = page(operator, `operator:${await idOf(operator)}`);
  doors['/api/dev'] = api(
    () => `developer:${cast.me.id}`,
    () => token,
  );
  doors['/api/admin'] = api(
    () => `operator:${subjectOf(ISSUER, 'demo-operator')}`,
    () => stack.demo.operator.token,
  );
  doors['/dashboard'] = api(
    ({ caller }) => `key:${caller}`,
    ({ callerSecret }) => callerSecret,
  );
});

/** What was offered is retired by the API, which tells the edge. */
async function retireOffers(): Promise<void> {
  const offered = await query<{ api: string }>(
    `SELECT api FROM (SELECT DISTINCT ON (api) api, state FROM api_document ORDER BY api, version DESC) d
     WHERE state = 'live' AND length(api) = 36`,
  );
  const headers = { authorization: `Bearer ${stack.demo.operator.token}` };
  for (const { api } of offered) {
    const { status } = await sendJson(`/api/admin/apis/${api}`, 'DELETE', { reason: 'over' }, { headers });
    expect(status).toBe(200);
  }
}

afterAll(async () => {
  await retireOffers();
  await endSituations(client);
  await client.end();
});

/** The operators' own endpoints, beside those of partners. */
const OF_OPERATORS = / \/api\/admin\/(?:webhooks|deliveries)/;

type Words = Record<string, unknown>;
interface Left {
  rows: Words[];
  audit: Words[];
  events: Words[];
  mails: Words[];
}

/** What a command leaves when it is done by this door. */
async function doneBy(
  { of = 'partner', given = () => '', doors: wishes }: Command,
  route: string,
): Promise<Left> {
  const since = await watch.now();
  const isOperators = OF_OPERATORS.test(route);
  const at = await makeSituation(client, cast, { isOperators, given });
  const { method, path } = filled(route, at[of]);
  const door = Object.entries(doors).find(([prefix]) => path.startsWith(prefix))?.[1];
  if (!door) throw new Error(`${route} is opened by nobody`);
  const changes = await watch.changesOf(since, async () => {
    const { status, text } = await door.send(at, method, path, wishes[route]?.(at) ?? {});
    expect(status, text).toBeLessThan(400);
  });
  const actor = door.actor(at);
  // Longer ones first: a name may be part of another.
  const names: [value: string, name: string][] = [
    [actor, '<actor>'],
    ...Object.entries(at).map(([name, value]): [string, string] => [value, `<${name}>`]),
  ];
  if (isOperators)
    names.push(['"partner_id":null', '"partner_id":"<partner>"'], ['"operators"', '"<partner>"']);
  names.sort(([a], [b]) => b.length - a.length);
  const words = about(isOperators ? [...Object.values(at), '"operators"'] : Object.values(at), changes)
    .flatMap<Words>((change) => inWords(change, names) ?? [])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const ofTable = (name: string) => words.filter(({ table }) => table === name);
  return {
    rows: words.filter(
      ({ table }) => !/^(?:dev_portal_audit|webhook_event|outbox_mail)$/.test(String(table)),
    ),
    audit: ofTable('dev_portal_audit'),
    events: ofTable('webhook_event'),
    mails: ofTable('outbox_mail'),
  };
}

/** Of those who have an account: in its language. */
const GREETINGS: Record<string, string> = { '<myEmail>': 'Bonjour', '<guest>': 'Hello' };

describe('each door does the same', () => {
  it.each(COMMANDS)('$does', async (command) => {
    const [first = '', ...others] = Object.keys(command.doors);
    const left = await doneBy(command, first);
    const { audit, events = [], mails = { path: '', to: [] } } = command;
    expect(left.rows.length + left.audit.length === 0).toBe(command.isIdle === true);
    expect(left.audit.map(({ action }) => action).sort()).toEqual(audit);
    expect(left.audit.filter(({ actor }) => actor !== '<actor>')).toEqual([]);
    expect(left.events.map(({ type }) => type)).toEqual(events);
    expect(left.mails.map(({ recipient }) => recipient).sort()).toEqual(mails.to);
    for (const { recipient, body } of left.mails)
      expect(body, String(recipient)).toMatch(
        new RegExp(`^${GREETINGS[String(recipient)] ?? ''}[^]*https?://[\\w.:]+${mails.path}`),
      );
    for (const route of others) expect(await doneBy(command, route), route).toEqual(left);
  });
});
