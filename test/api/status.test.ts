// The status page: figures that are what was counted and tell of nobody alone, incidents in operators' words, feeds; cheap for
// strangers, and there while the database is not.

import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../src/core/time.ts';
import { createIncidentService } from '../../src/status/incident-service.ts';
import { createStatusBoard } from '../../src/status/status-board.ts';
import { createStatusStore, MIN_CALLS, MIN_PARTNERS } from '../../src/status/status-store.ts';
import { foldingOf } from '../../src/usage/folding.ts';
import type { UsageEvent } from '../../src/usage/usage-event.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import { call, eventually, query, sendJson, stack } from '../support/api.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';
import { messageOf } from '../support/usage-message.ts';

const operatorToken = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };

describe('figures', () => {
  const apis = [
    { id: 'transit', routes: [{ path: '/v2/routes/list' }, { path: '/v2/stops/search' }] },
    { id: 'payments', routes: [{ path: '/v1/payments' }] },
  ];
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openDatabaseOfItsOwn('status', 'Asia/Kolkata');
  });
  afterAll(() => own.close());

  const nowMs = Date.now();
  const hourMs = nowMs - (nowMs % HOUR_MS);
  /** Ids whose last bytes differ, so that each has a bit of its own. */
  const partners = Array.from({ length: MIN_PARTNERS }, (_, i) => `${uuidv7().slice(0, -2)}0${i}`);
  const fold = async (
    partnerId: string,
    calls: number,
    atMs: number,
    change: (call: number) => Partial<UsageEvent> = () => ({}),
  ) => {
    const events = Array.from({ length: calls }, (_, index) => ({
      ...messageOf(partnerId, atMs, 1, null).events[0],
      ...change(index),
    })) as UsageEvent[];
    const folding = foldingOf([{ id: uuidv7(), events, refusals: {} }]);
    // However often it comes.
    for (let times = 0; times < 2; times++) await createUsageStore(own.database).fold(folding);
  };

  it('are those of the events, by API and hour, folded once; and none where they would tell of few', async () => {
    const atMs = hourMs - 2 * HOUR_MS + 1000;
    // 60 requests of three partners, three of them failed on our side; a test key's count nothing.
    for (const [index, partner] of partners.entries())
      await fold(partner, 20, atMs, (each) => ({
        route: each % 2 ? '/v2/stops/search' : '/v2/routes/list',
        status: each === 0 ? 503 : each === 1 ? 429 : 200,
        latencyMs: index === 0 && each < 4 ? 900 : 40,
      }));
    await fold(partners[0] ?? '', 40, atMs, () => ({ environment: 'test', status: 500 }));
    // An hour of two partners, and one of too few requests.
    for (const partner of partners.slice(1)) await fold(partner, 100, atMs - HOUR_MS);
    for (const partner of partners) await fold(partner, 3, atMs - 2 * HOUR_MS);
    // Payments are one partner's alone.
    await fold(partners[0] ?? '', 90, atMs, () => ({ route: '/v1/payments' }));
    const store = createStatusStore(own.database, () => apis);
    const [transit, payments] = await store.everybody(nowMs);
    expect(transit?.hours).toHaveLength(24);
    const shown = transit?.hours.filter(({ success }) => success !== null);
    expect(shown).toEqual([{ at: new Date(hourMs - 2 * HOUR_MS).toISOString(), success: 1 - 3 / 60 }]);
    expect(transit?.day).toBeCloseTo(1 - 3 / 269, 10);
    expect(transit?.month).toBe(transit?.day);
    expect(transit?.p95).toBeGreaterThan(35);
    expect(transit?.p95).toBeLessThan(45);
    expect([payments?.day, payments?.p95, payments?.month]).toEqual([null, null, null]);
    expect(payments?.hours.every(({ success }) => success === null)).toBe(true);
    const { rows } = await own.client.query('SELECT sum(calls)::int AS calls FROM usage_hour');
    expect(rows[0].calls).toBe(60 + 200 + 9 + 90);
  });

  it('are a partner’s own without a least number, and of nobody else', async () => {
    const store = createStatusStore(own.database, () => apis);
    const mine = await store.own(partners[0] ?? '', nowMs);
    expect(mine.get('payments')).toMatchObject({ day: 1, month: 1, p95: 5 });
    expect(mine.get('transit')).toMatchObject({ day: 1 - 1 / 23, month: 1 - 1 / 23, p95: 900 });
    const nobody = await store.own(uuidv7(), nowMs);
    expect([...nobody.values()]).toEqual(Array(2).fill({ day: null, p95: null, month: null }));
  });

  it('never count more partners than there were', async () => {
    const atMs = hourMs - 5 * HOUR_MS;
    for (let times = 0; times < 4; times++) await fold(partners[1] ?? '', MIN_CALLS, atMs);
    const [transit] = await createStatusStore(own.database, () => apis).everybody(nowMs);
    expect(transit?.hours.find(({ at }) => Date.parse(at) === atMs)?.success).toBeNull();
  });

  it('are asked for once a minute, however many ask, and are there while the database is not', async () => {
    let [atMs, asked, isDown] = [0, 0, false];
    const store = createStatusStore(own.database, () => apis);
    const board = createStatusBoard({
      now: () => atMs,
      store: {
        everybody: async () => {
          if (isDown) throw new Error('down');
          asked++;
          return store.everybody(nowMs);
        },
      },
      incidents: createIncidentService({ database: own.database, apis: () => [] }),
    });
    for (; atMs < 60_000; atMs += 1000) await board.board();
    expect(asked).toBe(1);
    isDown = true;
    expect((await board.board()).atMs).toBe(0);
    isDown = false;
    expect((await board.board()).atMs).toBe(60_000);
    expect(asked).toBe(2);
  });
});

describe('incidents', () => {
  const mark = uuidv7().slice(-8);
  const WANTED = {
    api: 'payments',
    title: { en: `Slow cards ${mark} <script>`, fr: `Cartes lentes ${mark} <script>` },
    state: 'investigating',
    text: { en: `We look & see ${mark}`, fr: `Nous examinons ${mark}` },
  };
  let id: string;
  let operator: Person;
  const post = (path: string, body: object) =>
    sendJson(`/api/admin/incidents${path}`, 'POST', body, operatorToken);
  const page = (language: string, path = '/status') =>
    call(path, { headers: { 'accept-language': language } });
  const shows = (path: string, words: string, language = 'en') =>
    eventually(
      () => page(language, path),
      ({ text }) => text.includes(words),
    );

  beforeAll(async () => {
    operator = await operatorSignedIn();
    const made = await post('', WANTED);
    expect(made.status).toBe(201);
    id = made.json.id;
  });
  afterAll(() => query('DELETE FROM incident WHERE strpos(title_en, $1) > 0', [mark]));

  it('stand on the page in the language of whoever reads, without scripts, for strangers', async () => {
    const english = await shows('/status', mark);
    expect([english.status, english.headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(english.text).toContain(`Slow cards ${mark} &lt;script&gt;`);
    expect(english.text).toContain(`We look &amp; see ${mark}`);
    expect(english.text).toMatch(/Investigating/);
    const french = await page('fr');
    expect(french.text).toContain(`Cartes lentes ${mark}`);
    expect(french.text).toContain('En cours d’analyse');
    expect(french.text).not.toContain('Slow cards');
  });

  it('are in the feed, with the moment of their latest update', async () => {
    const feed = await shows(`/status.atom?lang=en`, mark);
    expect(feed.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
    expect(feed.text).toContain(`<title>Investigating – Slow cards ${mark} &lt;script&gt;</title>`);
    expect(feed.text).toContain(`We look &amp;amp; see ${mark}`);
    expect((await call('/status.atom?lang=fr')).text).toContain(`Cartes lentes ${mark}`);
  });

  it('go on until they are resolved, in the console and by the API, and what was said stays', async () => {
    const fields = { state: 'monitoring', text_en: `Fixed ${mark}`, text_fr: `Corrigé ${mark}` };
    expect((await operator.post(`/operator/incidents/${id}/updates`, fields)).status).toBe(303);
    const resolved = await post(`/${id}/updates`, { state: 'resolved', text: WANTED.text });
    expect(resolved.json).toMatchObject({ state: 'resolved', updates: [{}, { state: 'monitoring' }, {}] });
    const after = await post(`/${id}/updates`, { state: 'monitoring', text: WANTED.text });
    expect([after.status, after.json.message]).toEqual([409, 'This incident is resolved']);
    const again = await operator.post(`/operator/incidents/${id}/updates`, fields, {
      'accept-language': 'fr',
    });
    expect([again.status, again.text.includes('Cet incident est résolu')]).toEqual([409, true]);
    const { text } = await shows('/status', 'Past incidents');
    expect(text.indexOf(`Fixed ${mark}`)).toBeGreaterThan(text.indexOf('Past incidents'));
    await expect(
      query('UPDATE incident_update SET text_en = $2 WHERE incident_id = $1', [id, 'x']),
    ).rejects.toThrow(/never changed/);
  });

  it('name an API that there is, a moment that was, and both languages', async () => {
    const wrong = async (change: object) => {
      const { status, json } = await post('', { ...WANTED, ...change });
      return [status, json.details?.[0]?.field];
    };
    expect(await wrong({ api: 'cars' })).toEqual([400, 'api']);
    expect(await wrong({ started_at: '2999-01-01T00:00:00Z' })).toEqual([400, 'started_at']);
    expect(await wrong({ text: { en: 'x' } })).toEqual([400, expect.stringContaining('text')]);
    expect((await post(`/${uuidv7()}/updates`, { state: 'monitoring', text: WANTED.text })).status).toBe(404);
  });

  it('are nobody else’s to write', async () => {
    const member = await memberOf(stack.demo.partner.id);
    expect((await member.get('/operator/incidents')).status).toBe(403);
    expect((await sendJson('/api/admin/incidents', 'POST', WANTED)).status).toBe(401);
  });

  it('show a member its partner’s own figures, and a stranger none', async () => {
    const member = await memberOf(stack.demo.partner.id);
    expect((await member.get('/status')).text).toContain('>You<');
    expect((await page('en')).text).not.toContain('>You<');
  });
});
