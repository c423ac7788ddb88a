// A partner with one of everything that a command may be about. Made by SQL alone, so that any two of them are equal, and
// named by one mark, so that what is said of one is found.

import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { newBearerKey } from '../../src/keys/key-format.ts';

/** Accounts that situations share: to sign up takes longer than all the rest. */
export interface Cast {
  /** An owner of every partner. */
  me: { id: string; email: string };
  /** Somebody who is invited, and works for nobody. */
  guest: { id: string; email: string };
}

export interface Situation {
  mark: string;
  partner: string;
  /** The other owner: a person of an issuer. */
  other: string;
  me: string;
  myEmail: string;
  guest: string;
  app: string;
  key: string;
  /** A key that may make keys. */
  caller: string;
  callerSecret: string;
  endpoint: string;
  /** One that failed. */
  delivery: string;
  invitation: string;
  token: string;
  invoice: string;
  /** For what a command is given besides. */
  spare: string;
  /** A plan of the partner's own, where one is made. */
  tier: string;
  partnerRule: string;
  rule: string;
}

/** Addresses that are nobody's. */
export const BLOCKED = '2001:db8:b10c::/48';
export const RECEIVER = 'http://127.0.0.1:9/situation/';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let chosen = 60;
/** `owner`: whose the endpoint is; null is the operators'. `given`: SQL that makes it ready for the command. */
export async function makeSituation(
  client: pg.Client,
  { me, guest }: Cast,
  { isOperators, given }: { isOperators: boolean; given: (at: Situation) => string },
): Promise<Situation> {
  const mark = randomBytes(6).toString('hex');
  const [partner, app, key, caller, endpoint, event, delivery, invitation, invoice, spare] = Array.from(
    { length: 10 },
    uuidv7,
  ) as [string, string, string, string, string, string, string, string, string, string];
  const callerSecret = newBearerKey('test', randomBytes);
  const token = randomBytes(32).toString('base64url');
  const at: Situation = {
    mark,
    partner,
    other: `other-${mark}`,
    me: me.id,
    myEmail: me.email,
    guest: guest.email,
    app,
    key,
    caller,
    callerSecret,
    endpoint,
    delivery,
    invitation,
    token,
    invoice,
    spare,
    tier: `own-${mark}`,
    partnerRule: 'error_rate',
    rule: 'gateway_error_rate',
  };
  const owner = isOperators ? 'NULL' : `'${partner}'`;
  await client.query(`
    INSERT INTO partner (id, name, email, tier, status, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
      SELECT '${partner}', 'Partner ${mark}', 'partner-${mark}@example.com', tier, 'active', rate_limit_per_second,
        rate_limit_per_day, rate_limit_per_month FROM tier_config WHERE tier = 'starter';
    INSERT INTO partner_member (partner_id, subject, email, role, created_at, chosen_at) VALUES
      ('${partner}', '${me.id}', '${me.email}', 'owner', now() - interval '1 hour', now() + interval '${++chosen} seconds'),
      ('${partner}', '${at.other}', 'other-${mark}@example.com', 'owner', now(), now());
    INSERT INTO dev_apps (id, partner_id, name) VALUES ('${app}', '${partner}', 'App ${mark}');
    INSERT INTO api_key (id, key_id, partner_id, app_id, environment, key_hash, key_prefix, name, scopes) VALUES
      ('${key}', '${key}', '${partner}', '${app}', 'test', '${sha256(key)}', 'pk_test_', 'Key ${mark}', '{read:routes}'),
      ('${caller}', '${caller}', '${partner}', '${app}', 'test', '${sha256(callerSecret)}', 'pk_test_', 'Caller ${mark}', '{read:routes,keys:write}');
    -- Somebody waits for its answer, so that nothing is sent to it while we look; and it hears of nothing that we do.
    INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope, busy_since)
      VALUES ('${endpoint}', ${owner}, '${RECEIVER}${mark}', '{key.expiring}', 'sealed', now());
    INSERT INTO webhook_event (id, partner_id, type, data, only_endpoint_id)
      VALUES ('${event}', '${partner}', 'webhook.test', '{}', '${app}');
    INSERT INTO webhook_delivery (id, event_id, endpoint_id, state, tries)
      VALUES ('${delivery}', '${event}', '${endpoint}', 'failed', 8);
    INSERT INTO partner_invitation (id, partner_id, email, role, token_hash, invited_by, expires_at)
      VALUES ('${invitation}', '${partner}', '${guest.email}', 'viewer', '${sha256(token)}', 'developer:${me.id}', now() + interval '7 days');
    SELECT issue_invoice(jsonb_build_object('id', '${invoice}', 'kind', 'invoice', 'partner_id', '${partner}', 'period_start',
      '2026-10-01', 'period_end', '2026-10-31', 'currency', 'EUR', 'subtotal_minor', 500, 'tax_bps', 1800, 'tax_minor', 90,
      'total_minor', 590, 'status', 'open', 'issued_at', now(), 'due_at', now(), 'seller', '{"name": "S"}'::jsonb, 'buyer',
      '{"name": "B"}'::jsonb, 'lines', jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', 'starter', 'from_at',
      now(), 'to_at', now(), 'quantity', 0, 'amount_minor', 500))));
    ${given(at)}`);
  return at;
}

/** What stays would be seen by others: an operators' rule, a block, and endpoints that wait. */
export const endSituations = (client: pg.Client): Promise<unknown> =>
  client.query(`
    DELETE FROM alert_setting WHERE owner = 'operator' AND rule = 'gateway_error_rate';
    DELETE FROM address_block WHERE range = '${BLOCKED}';
    UPDATE webhook_endpoint SET state = 'paused', deleted_at = now() WHERE starts_with(url, '${RECEIVER}')`);
