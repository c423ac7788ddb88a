// Each event is judged alone: one that cannot be folded is set aside, as bytes, and every other is billed once, wherever
// the consumer dies.

import { randomBytes, randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { DatabaseRejected, openDatabase, TOO_SLOW } from '../../src/platform/database.ts';
import { createDeadLetterStore } from '../../src/usage/dead-letter-store.ts';
import { letterBytes } from '../../src/usage/dead-letters.ts';
import { type ConsumerPorts, consumeUsage } from '../../src/usage/usage-consumer.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import { call, control, eventually, makePartner, query, sendJson, stack } from '../support/api.ts';
import { usageEventOf, usageMessageOf } from '../support/events.ts';

const database = openDatabase(stack.databaseUrl, stack.endpoint);
const store = createUsageStore(database);
const letters = createDeadLetterStore(database, uuidv7);
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };

const lines: Record<string, unknown>[] = [];
const ports: ConsumerPorts = {
  store,
  keep: (letter, reason) => letters.keep('passerelle-usage', letterBytes(letter), reason),
  told: async () => undefined,
  uncounted: async () => undefined,
  log: (line) => void lines.push(line),
  logSampled: (line) => void lines.push(line()),
};

/** Messages of a queue of its own: what is not acknowledged comes again. */
function queueOf(bodies: unknown[]) {
  const messages = bodies.map((body) => ({ body, attempts: 0, isDone: false }));
  return {
    isEmpty: () => messages.every(({ isDone }) => isDone),
    deliver: (to: ConsumerPorts) =>
      consumeUsage(
        messages
          .filter(({ isDone }) => !isDone)
          .map((message) => ({
            body: structuredClone(message.body),
            attempts: ++message.attempts,
            ack: () => {
              message.isDone = true;
            },
            retry: () => undefined,
          })),
        to,
      ),
  };
}

/** Ports that die before or after their nth call: nothing of theirs works from then on, and nothing is acknowledged. */
function mortal(lives: number): ConsumerPorts & { isDead(): boolean } {
  let left = lives;
  const step = () => {
    if (left-- <= 0) throw new Error('the consumer died');
  };
  const dying =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      step();
      const result = await call(...args);
      step();
      return result;
    };
  return {
    ...ports,
    store: { fold: dying(store.fold) },
    keep: dying(ports.keep),
    isDead: () => left < 0,
  };
}

const countsOf = async (partnerId: string) => {
  const [row] = await query(
    `SELECT (SELECT coalesce(sum(units), 0) FROM api_usage_events WHERE partner_id = $1)::int AS events,
       (SELECT coalesce(sum(units), 0) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS rollups,
       (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int AS day,
       (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly')::int AS month`,
    [partnerId],
  );
  return row;
};
const all = (units: number) => ({ events: units, rollups: units, day: units, month: units });

const lettersWith = (text: string) =>
  query(
    `SELECT id, body, reason, times, replayed_at FROM dead_letter WHERE position($1::bytea IN body) > 0 ORDER BY received_at`,
    [Buffer.from(text)],
  );

describe('of a message with bad events', () => {
  it.for([
    ['a method of eleven letters', { method: 'UNSUBSCRIBE' }],
    ['half a pair in its agent', { userAgent: 'a\ud83d' }],
    ['a NUL in its path', { endpoint: '/a\0b' }],
    ['a status that no column takes', { status: 99_999 }],
    ['more units than a column takes', { units: 2 ** 40 }],
    ['a route that no index takes', { route: randomBytes(4000).toString('hex') }],
    ['no partner', { partnerId: undefined }],
  ] as const)('one with %s is set aside alone', async ([, over]) => {
    const partner = await makePartner();
    const mark = `ak_${randomUUID()}`;
    const bad = { ...usageEventOf(partner.id, { keyId: mark }), ...over };
    const good = () => usageEventOf(partner.id);
    const queue = queueOf([
      usageMessageOf([good(), good()]),
      usageMessageOf([good(), bad, good()]),
      usageMessageOf([good()]),
    ]);
    await queue.deliver(ports);
    expect(queue.isEmpty()).toBe(true);
    expect(await countsOf(partner.id)).toEqual(all(5));
    const [letter, another] = await lettersWith(mark);
    expect(another).toBeUndefined();
    expect(JSON.parse(letter?.body.toString())).toEqual(JSON.parse(JSON.stringify(bad)));
    expect(lines.find((line) => line.letter === letter?.id)).toMatchObject({
      message: 'usage set aside',
      level: 'error',
    });
  });

  it('refusals count once, also where their message has none but bad events, and come twice', async () => {
    const code = `test_${randomBytes(4).toString('hex').replace(/\d/g, 'x')}`;
    const partner = await makePartner();
    const body = usageMessageOf([usageEventOf(partner.id, { status: 99_999 })], { [code]: 7 });
    await queueOf([body, body]).deliver(ports);
    await queueOf([body]).deliver(ports);
    const counted = await query('SELECT value FROM metric_counter WHERE labels = $1', [`status="${code}"`]);
    expect(counted).toEqual([{ value: 7 }]);
  });

  it('wherever the consumer dies, all others are billed once and each bad one is one letter', async () => {
    const mark = randomUUID();
    for (let lives = 0; ; lives++) {
      const partner = await makePartner();
      const event = (over: object = {}) => ({
        ...usageEventOf(partner.id, { keyId: `${mark}-${lives}` }),
        ...over,
      });
      const queue = queueOf([
        usageMessageOf([event(), event({ status: 99_999 }), event()], { died: 1 }),
        { not: 'a message', mark: `${mark}-${lives}` },
        usageMessageOf([event({ method: 'UNSUBSCRIBE' }), event()]),
        JSON.stringify(usageMessageOf([event()])),
      ]);
      const dying = mortal(lives);
      await queue.deliver(dying);
      // And once more, somewhere else.
      await queue.deliver(mortal(lives % 5));
      for (let tries = 0; !queue.isEmpty() && tries < 3; tries++) await queue.deliver(ports);
      expect([lives, queue.isEmpty(), await countsOf(partner.id)]).toEqual([lives, true, all(4)]);
      expect(await lettersWith(`${mark}-${lives}"`)).toHaveLength(3);
      if (!dying.isDead()) break;
    }
  }, 120_000);

  it('one among ten thousand is found in a few statements', async () => {
    const partner = await makePartner();
    let statements = 0;
    const counting: ConsumerPorts = {
      ...ports,
      store: {
        fold: (folding) => {
          statements++;
          return store.fold(folding);
        },
      },
    };
    const bodies = Array.from({ length: 100 }, (_, n) =>
      usageMessageOf(
        Array.from({ length: 100 }, (_, m) =>
          usageEventOf(partner.id, n === 61 && m === 17 ? { status: 99_999 } : {}),
        ),
      ),
    );
    const queue = queueOf(bodies);
    await queue.deliver(counting);
    expect(queue.isEmpty()).toBe(true);
    expect(statements).toBeLessThanOrEqual(32);
    expect(await countsOf(partner.id)).toEqual(all(9999));
  });
});

describe('nothing is set aside', () => {
  it.for([
    ['of a table that is not there', '42P01'],
    ['of a role that may not', '42501'],
    ['of a deadlock', '40P01'],
    ['of a transaction that is read-only', '25006'],
  ] as const)('because %s: it waits', async ([, code]) => {
    let kept = 0;
    const queue = queueOf([usageMessageOf([usageEventOf(randomUUID())])]);
    await queue.deliver({
      ...ports,
      store: {
        fold: async () => {
          throw new DatabaseRejected('no', code);
        },
      },
      keep: async () => `${++kept}`,
    });
    expect([queue.isEmpty(), kept]).toEqual([false, 0]);
  });
});

describe('a statement that takes too long', () => {
  const tooSlow = (): DatabaseRejected =>
    new DatabaseRejected('canceling statement due to statement timeout', TOO_SLOW);
  /** A fold that is cancelled when it has this event; `never`: whatever it has. */
  const slowFor = (partnerIds: readonly string[] | 'all'): ConsumerPorts => ({
    ...ports,
    store: {
      async fold(folding) {
        const isSlow = folding.rows.some(
          (row) => partnerIds === 'all' || partnerIds.includes(row.partnerId ?? ''),
        );
        if (isSlow) throw tooSlow();
        return store.fold(folding);
      },
    },
  });
  const deliverTimes = async (queue: ReturnType<typeof queueOf>, to: ConsumerPorts, times: number) => {
    for (let i = 0; i < times; i++) await queue.deliver(to);
  };

  it('because of one event, again and again, sets that event aside, and bills all others', async () => {
    const [partner, slow] = [await makePartner(), await makePartner()];
    const mark = randomUUID();
    const events = Array.from({ length: 60 }, (_, n) =>
      n === 41 ? usageEventOf(slow.id, { keyId: mark }) : usageEventOf(partner.id),
    );
    const queue = queueOf([usageMessageOf(events), usageMessageOf([usageEventOf(partner.id)])]);
    const to = slowFor([slow.id]);
    await deliverTimes(queue, to, 5);
    expect([queue.isEmpty(), await lettersWith(mark)]).toEqual([false, []]);
    await deliverTimes(queue, to, 1);
    expect([queue.isEmpty(), (await lettersWith(mark)).length]).toEqual([true, 1]);
    expect(await countsOf(partner.id)).toEqual(all(60));
  });

  it.for([
    ['that is slow for all', (_: readonly string[]): readonly string[] | 'all' => 'all'],
    [
      'that is slow for more than a few of a message',
      (ids: readonly string[]): readonly string[] | 'all' => ids.slice(1),
    ],
  ] satisfies [string, (ids: readonly string[]) => readonly string[] | 'all'][])(
    'because of a database %s, sets nothing aside: all is billed when it is quick again',
    async ([, of]): Promise<void> => {
      const partners = await Promise.all(Array.from({ length: 6 }, () => makePartner()));
      const ids: string[] = partners.map(({ id }) => id);
      const before = await query('SELECT count(*) FROM dead_letter');
      const queue = queueOf([usageMessageOf(ids.map((id) => usageEventOf(id)))]);
      await deliverTimes(queue, slowFor(of(ids)), 9);
      expect([queue.isEmpty(), await query('SELECT count(*) FROM dead_letter')]).toEqual([false, before]);
      await queue.deliver(ports);
      expect(queue.isEmpty()).toBe(true);
      for (const id of ids) expect(await countsOf(id)).toEqual(all(1));
    },
  );
});

describe('a letter', () => {
  it.for([
    ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0])],
    ['NUL and halves of pairs', 'x\0\ud83d'],
    ['128 kB', randomBytes(64_000).toString('hex')],
    ['a number', 42],
    ['nothing', null],
  ] as const)('of %s is kept', async ([, body]) => {
    const queue = queueOf([body]);
    await queue.deliver(ports);
    expect(queue.isEmpty()).toBe(true);
    const bytes = Buffer.from(letterBytes(body));
    const kept = await query('SELECT id FROM dead_letter WHERE body = $1', [bytes]);
    expect(kept).toHaveLength(1);
    const { json } = await call('/api/admin/dead-letters?limit=100', operator);
    const shown = json.data.find((row: { id: string }) => row.id === kept[0]?.id);
    const isJson = shown.body_base64 === null;
    expect(
      isJson ? Buffer.from(JSON.stringify(shown.body)) : Buffer.from(shown.body_base64, 'base64'),
    ).toEqual(bytes);
  });

  it('that a queue gave up is kept, and counts once when it is replayed', async () => {
    const partner = await makePartner();
    const body = usageMessageOf([usageEventOf(partner.id, { keyId: randomUUID() })]);
    await control('queue', { to: 'DEAD_LETTER_QUEUE', body });
    const [letter] = await eventually(
      () => lettersWith(body.id),
      (rows) => rows.length > 0,
    );
    const replay = () =>
      call(`/api/admin/dead-letters/${letter?.id}/replay`, { ...operator, method: 'POST' });
    expect((await replay()).status).toBe(202);
    expect((await replay()).status).toBe(409);
    await query('UPDATE dead_letter SET replayed_at = NULL WHERE id = $1', [letter?.id]);
    expect((await replay()).status).toBe(202);
    await control('queue', body);
    await eventually(
      () => countsOf(partner.id),
      (counts) => counts?.events > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await countsOf(partner.id)).toEqual(all(1));
  });

  it('of one event waits again when it is refused again, and is billed once when it is mended', async () => {
    const partner = await makePartner();
    const bad = usageEventOf(partner.id, { keyId: randomUUID(), status: 99_999 });
    await control('queue', usageMessageOf([bad, usageEventOf(partner.id)]));
    const letter = async () => (await lettersWith(bad.keyId))[0];
    const { id } = (await eventually(letter, (row) => row !== undefined)) ?? {};
    const path = `/api/admin/dead-letters/${id}/replay`;
    expect((await call(path, { ...operator, method: 'POST' })).status).toBe(202);
    expect(await eventually(letter, (row) => row?.times === 2)).toMatchObject({
      times: 2,
      replayed_at: null,
    });
    const other = await sendJson(path, 'POST', { body: { ...bad, id: randomUUID() } }, operator);
    expect(other.status).toBe(400);
    const mended = { body: { ...bad, status: 200 } };
    expect((await sendJson(path, 'POST', mended, operator)).status).toBe(202);
    expect((await sendJson(path, 'POST', mended, operator)).status).toBe(409);
    await query('UPDATE dead_letter SET replayed_at = NULL WHERE id = $1', [id]);
    expect((await sendJson(path, 'POST', mended, operator)).status).toBe(202);
    await eventually(
      () => countsOf(partner.id),
      (counts) => counts?.events === 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await countsOf(partner.id)).toEqual(all(2));
    expect(await letter()).toMatchObject({ times: 2 });
  });
});
