// Whoever owns the database can write any chain into it. What they cut, change, reckon anew or backdate is found the next
// night, against heads that are kept, signed, outside the database.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditStore } from '../../src/audit/audit-store.ts';
import { NOBODYS } from '../../src/audit/chain.ts';
import { type ChainStore, createChainStore } from '../../src/audit/chain-store.ts';
import { createHeadStore } from '../../src/audit/head-store.ts';
import { checkAudit } from '../../src/jobs/check-audit.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';

const keks = { current: 'a', keys: { a: Buffer.alloc(32, 1).toString('base64') } };
const kept = new Map<string, string>();
/** What KV does for one that reads what it wrote. */
const kv = {
  put: async (name: string, value: string) => void kept.set(name, value),
  get: async (name: string) => JSON.parse(kept.get(name) ?? 'null'),
  list: async () => ({ keys: [...kept.keys()].sort().map((name) => ({ name })) }),
} as unknown as KVNamespace;
const lines: Record<string, unknown>[] = [];
const log = (line: Record<string, unknown>) => void lines.push(line);

let own: OwnDatabase;
let chains: ChainStore;
const night = (keys = keks) => checkAudit({ chains, heads: createHeadStore(kv, keys, log), log });

/** As the owner, with no trigger in the way. */
async function tamper(statement: string, values: unknown[] = []): Promise<void> {
  await own.client.query("SET session_replication_role = 'replica'");
  await own.client.query(statement, values);
  await own.client.query("SET session_replication_role = 'origin'");
}

async function write(partner: string | null, times: number): Promise<void> {
  const audit = createAuditStore(own.database);
  for (let i = 0; i < times; i++)
    await audit.write(partner, { name: 'operator:x', ip: null, requestId: null }, 'sandbox.reset', { i });
}

/** One more entry that continues the chain as a true one would. */
const append = (partner: string, at: string, id = "nextval('dev_portal_audit_id_seq')") =>
  tamper(
    `WITH before AS (SELECT hash FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id DESC LIMIT 1),
       made AS (SELECT jsonb_populate_record(NULL::dev_portal_audit, jsonb_build_object('id', ${id}, 'partner_id', $1::uuid, 'actor', 'operator:x',
         'action', 'credit.given', 'target', '{}'::jsonb, 'details', '{}'::jsonb, 'created_at', ${at},
         'previous_hash', coalesce((SELECT hash FROM before), ''))) AS r)
     INSERT INTO dev_portal_audit SELECT (jsonb_populate_record(r, jsonb_build_object('hash', audit_hash(r)))).* FROM made`,
    [partner],
  );

/** Every hash from the beginning, as if the content had always been this. */
const reckonAnew = (partner: string) =>
  tamper(`DO $$ DECLARE entry dev_portal_audit; before text := ''; BEGIN
    FOR entry IN SELECT * FROM dev_portal_audit WHERE partner_id = '${partner}' ORDER BY id LOOP
      entry.previous_hash := before; entry.hash := audit_hash(entry); before := entry.hash;
      UPDATE dev_portal_audit SET previous_hash = entry.previous_hash, hash = entry.hash WHERE id = entry.id;
    END LOOP; END $$`);

const nth = (n: number) =>
  `id = (SELECT id FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id OFFSET ${n} LIMIT 1)`;

const DEEDS: Record<
  string,
  { reasons: string[]; isSeenByHashes: boolean; deed(partner: string): Promise<unknown> }
> = {
  'its end cut off': {
    reasons: ['cut'],
    isSeenByHashes: false,
    deed: (partner) => tamper(`DELETE FROM dev_portal_audit WHERE ${nth(4)}`, [partner]),
  },
  'all of it deleted': {
    reasons: ['cut'],
    isSeenByHashes: false,
    deed: (partner) => tamper('DELETE FROM dev_portal_audit WHERE partner_id = $1', [partner]),
  },
  'an entry taken out of it': {
    reasons: ['changed'],
    isSeenByHashes: true,
    deed: (partner) => tamper(`DELETE FROM dev_portal_audit WHERE ${nth(2)}`, [partner]),
  },
  'an entry changed': {
    reasons: ['changed'],
    isSeenByHashes: true,
    deed: (partner) => tamper(`UPDATE dev_portal_audit SET actor = 'operator:y' WHERE ${nth(1)}`, [partner]),
  },
  'an entry changed, and all hashes reckoned anew': {
    reasons: ['rewritten'],
    isSeenByHashes: false,
    async deed(partner) {
      await tamper(`UPDATE dev_portal_audit SET actor = 'operator:y' WHERE ${nth(1)}`, [partner]);
      await reckonAnew(partner);
    },
  },
  'an entry taken out of it, and all hashes reckoned anew': {
    reasons: ['rewritten'],
    isSeenByHashes: false,
    async deed(partner) {
      await tamper(`DELETE FROM dev_portal_audit WHERE ${nth(2)}`, [partner]);
      await reckonAnew(partner);
    },
  },
  'a backdated entry': {
    reasons: ['misdated'],
    isSeenByHashes: false,
    deed: (partner) => append(partner, "now() - interval '3 days'"),
  },
  'a backdated entry under an id that was left out': {
    reasons: ['misdated'],
    isSeenByHashes: false,
    deed: (partner) => append(partner, "now() - interval '3 days'", String(gap)),
  },
  'an entry from the future': {
    reasons: ['misdated'],
    isSeenByHashes: false,
    deed: (partner) => append(partner, "now() + interval '3 days'"),
  },
};

const partnerOf = new Map(Object.keys(DEEDS).map((deed) => [deed, randomUUID()]));
const untouched = randomUUID();
const newcomer = randomUUID();
const madeUp = randomUUID();
let gap = 0;

const broken = async () =>
  new Map((await chains.broken(100)).map(({ chain, reasons, since }) => [chain, { reasons, since }]));

beforeAll(async () => {
  own = await openDatabaseOfItsOwn('audit_chains');
  chains = createChainStore(own.database);
  await Promise.all([...partnerOf.values(), untouched].map((partner) => write(partner, 5)));
  const { rows } = await own.client.query(`SELECT nextval('dev_portal_audit_id_seq')::int AS id`);
  gap = rows[0].id;
  await write(null, 3);
});
afterAll(() => own.close());

it('the first night finds all chains whole, and keeps a signed head of each outside the database', async () => {
  expect(await night()).toEqual({
    chains: partnerOf.size + 2,
    entries: 5 * (partnerOf.size + 1) + 3,
    broken: 0,
  });
  expect([...kept.keys()]).toEqual([expect.stringMatching(/^audit-head:\d{4}-\d\d-\d\d$/)]);
  const { text } = JSON.parse([...kept.values()][0] ?? '');
  expect(JSON.parse(text)).toContainEqual({
    chain: NOBODYS,
    count: 3,
    id: expect.any(Number),
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    atMs: expect.any(Number),
  });
  expect(lines).toContainEqual(expect.objectContaining({ message: 'audit heads', mac: expect.any(String) }));
  expect(await chains.state(untouched)).toMatchObject({ brokenSince: null, checkedAt: expect.any(String) });
});

describe('the next night reports', () => {
  beforeAll(async () => {
    await write(untouched, 2);
    await write(newcomer, 2);
    for (const [deed, partner] of partnerOf) await DEEDS[deed]?.deed(partner);
    await append(madeUp, "now() - interval '3 days'");
    await night();
  });

  it.for(Object.entries(DEEDS))('%s', async ([deed, { reasons, isSeenByHashes }]) => {
    const partner = partnerOf.get(deed) ?? '';
    expect((await broken()).get(partner)?.reasons).toEqual(reasons);
    expect((await chains.state(partner)).brokenSince).not.toBeNull();
    // What the hashes by themselves say.
    const { rows } = await own.client.query('SELECT * FROM audit_breaks($1)', [partner]);
    expect(rows.length > 0).toBe(isSeenByHashes);
  });

  it('a chain that was made up, with a past', async () => {
    expect((await broken()).get(madeUp)?.reasons).toEqual(['misdated']);
  });

  it('nothing else: chains that went on, or began, are whole', async () => {
    expect([...(await broken()).keys()].sort()).toEqual([...partnerOf.values(), madeUp].sort());
    const [check] = await chains.checks(1);
    expect(check?.broken).toBe(partnerOf.size + 1);
  });
});

it('what is broken stays broken, since the same moment, until it is as it was', async () => {
  const before = await broken();
  await night();
  expect(await broken()).toEqual(before);
  await tamper(
    `DELETE FROM dev_portal_audit WHERE created_at < now() - interval '1 day' OR created_at > now()`,
  );
  await night();
  const dated = Object.entries(DEEDS).filter(([, { reasons }]) => reasons[0] === 'misdated');
  expect((await broken()).size).toBe(before.size - dated.length - 1);
});

it('heads that others wrote are no heads; those under a key that was rotated are', async () => {
  const rotated = { current: 'b', keys: { ...keks.keys, b: Buffer.alloc(32, 2).toString('base64') } };
  await night(rotated);
  expect((await broken()).has('heads')).toBe(false);
  const [[name = '', value = ''] = []] = [...kept];
  kept.set(name, JSON.stringify({ ...JSON.parse(value), text: '[]' }));
  await night(rotated);
  expect((await broken()).get('heads')?.reasons).toEqual(['forged']);
});
