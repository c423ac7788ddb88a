// One random history of a partner, its keys and the edges that call them: the real counters, in virtual time, with whatever
// can go wrong. Says whether any limit was passed at any moment, and whether anything is missing once it is quiet.

import { KeyCounter } from '../../durable-objects/key-counter.ts';
import { PartnerCounter } from '../../durable-objects/partner-counter.ts';
import { DAY_MS, dayStart, monthStart } from '../../src/core/time.ts';
import type { Admission } from '../../src/gateway/edge-counter.ts';
import { LEASE_MS } from '../../src/limits/lease.ts';
import type { KeyLimits, PartnerLimits } from '../../src/limits/limit.ts';
import type { LimitSubject, Settle, TakeCall, TakeReply } from '../../src/limits/protocol.ts';
import { EdgeIsolate, IsolateDied } from './edge-isolate.ts';
import { CALM, CallFailed, Network, ObjectHost, type Weather } from './object-host.ts';
import { type Chance, chanceOf, VirtualTime } from './virtual-time.ts';

/** Time bounds and pauses as in src/limiter/limiter-client.ts and the objects. */
const EDGE_TIMEOUT_MS = 2000;
const OBJECT_TIMEOUT_MS = 1500;
const SETTLE_PAUSES_MS = [100, 400, 1500, 5000, 10_000];
const QUIET_MS = 5000;
/** For so long a clock may stand still. */
const MAX_FROZEN_MS = 5;
/** Moments are whole milliseconds on clocks of their own. */
const ROUNDING_MS = 2;
/** A change acts within one lease, a window, and the time in which it is announced. */
const CHANGE_MS = 1600;

export interface Terms {
  version: number;
  /** They came with another version of the catalogue, of which the partner's object alone is told. */
  isOfCatalog?: boolean;
  partner: PartnerLimits;
  key: KeyLimits;
}

export interface Setting {
  keys: number;
  edges: number;
  terms: Terms;
  /** Virtual moment of the start, by true time. */
  startMs: number;
  weather: Weather;
  /** Bursts of so many calls, so far apart, of one key or of any, of one cost or of any. */
  bursts: { startMs: number; calls: number; gapMs: number; key?: number; cost?: number }[];
  /** Moments at which the partner's object crashes. */
  crashes: number[];
  /** Moments at which something may be evicted, crash, or be changed. */
  disturbances: number[];
  mostCost: number;
  /** Of each key: one below the other. Half of its calls are of a key that has one, and spend from all above it. */
  budgets: { cap: number; perUnit: number }[];
  upstreamFails: number;
  /** Whether edges are lent anything; those of test keys are not. */
  lendsToEdges: boolean;
  /** Whether isolates end without a word. */
  isolatesDie: boolean;
  changes: boolean;
  evicts: boolean;
  /** Clocks of different machines, ms and share. */
  clockOffMs: number;
  clockDrift: number;
}

interface Admitted {
  id: string;
  key: number;
  cost: number;
  /** How many budgets it spends from: 0 where the key itself was called. */
  depth: number;
  version: number;
  askedMs: number;
  /** Spent from a lease, by the isolate alone. */
  isLent: boolean;
  /** What of it was used in the end. */
  used: number;
  dayMs: number;
  /** True moments: of the decision, and of the admission by the key's object. */
  decidedMs: number;
  admittedMs: number;
}

export interface Outcome {
  problems: string[];
  admitted: number;
  demanded: number;
  abandoned: number;
  leases: number;
  edgeLeases: number;
  /** Rows that said more than was decided when their object was made again. */
  rowsAhead: number;
}

export interface Clock {
  now(): number;
  shownMs(trueMs: number): number;
  /** The true moment at which it showed this; NaN when it never did. */
  trueMs(shownMs: number): number;
}

function clockOf(time: VirtualTime, startMs: number, offMs: number, drift: number, frozenMs: number): Clock {
  return {
    // A Worker's clock stands still while it computes: it shows the moment of the last I/O.
    now: () => {
      const trueMs = time.nowMs - (time.nowMs % frozenMs);
      return Math.floor(startMs + offMs + trueMs * (1 + drift));
    },
    shownMs: (trueMs) => startMs + offMs + trueMs * (1 + drift),
    trueMs: (shownMs) => (shownMs - startMs - offMs) / (1 + drift),
  };
}

export class World {
  readonly time = new VirtualTime();
  readonly chance: Chance;
  readonly network: Network;
  readonly partner: ObjectHost<PartnerCounter>;
  readonly keys: ObjectHost<KeyCounter>[];
  readonly admitted: Admitted[] = [];
  /** `heardMs`: when every object had heard of them; NaN when one did not. */
  readonly terms: { fromMs: number; heardMs: number; terms: Terms }[];
  leases = 0;
  edgeLeases = 0;
  rowsAhead = 0;
  abandoned = 0;
  demanded = 0;
  /** Units, by key, that an isolate may have taken to its grave. */
  readonly buried: number[];
  private readonly edgeClocks: Clock[];
  private readonly edges: EdgeIsolate[];
  private readonly setting: Setting;
  private readonly partnerClock: Clock;
  private readonly admissions = new Map<string, number>();
  private ids = 0;

  constructor(setting: Setting, seed: number) {
    this.setting = setting;
    this.chance = chanceOf(seed);
    this.network = new Network(this.time, this.chance);
    this.network.weather = setting.weather;
    this.terms = [{ fromMs: 0, heardMs: 0, terms: setting.terms }];
    const { startMs, clockOffMs: off, clockDrift } = setting;
    const clock = (i: number) =>
      clockOf(
        this.time,
        startMs,
        off * i,
        clockDrift * this.chance.of([-1, 0, 1]),
        this.chance.of([1, 1, 1, MAX_FROZEN_MS]),
      );
    this.partnerClock = clock(0);
    const sleep = (ms: number) => this.time.sleep(ms);
    const log = () => undefined;
    this.partner = new ObjectHost(
      this.time,
      ({ store, keepAlive, ...life }) => {
        for (const [, row] of store.list<{ ahead?: unknown }>('holder:')) if (row.ahead) this.rowsAhead++;
        return new PartnerCounter({
          now: () => this.partnerClock.now(),
          sleep,
          keepAlive,
          store,
          wakeAt: (atMs) => life.wakeIn(atMs === undefined ? undefined : atMs - this.partnerClock.now()),
          log,
          holder: (name) => ({
            report: (isAlways) =>
              this.network.send(life, this.keyHost(name), (key) => key.report(isAlways), OBJECT_TIMEOUT_MS),
          }),
        });
      },
      (partner) => partner.wake(),
    );
    this.keys = Array.from({ length: setting.keys }, (_, i) => {
      const keyClock = clock(i + 1);
      return new ObjectHost(
        this.time,
        (life) =>
          new KeyCounter({
            now: () => keyClock.now(),
            sleep,
            keepAlive: life.keepAlive,
            store: life.store,
            log,
            chance: () => this.chance.next(),
            wakeAt: (atMs) => life.wakeIn(atMs === undefined ? undefined : atMs - keyClock.now()),
            isWorthRetrying: (error) => error instanceof CallFailed && error.retryable,
            nonces: { isUsed: () => false, use: () => undefined },
            partner: () => ({
              draw: async (request) => {
                const reply = await this.network.send(
                  life,
                  this.partner,
                  (p) => p.draw(request),
                  OBJECT_TIMEOUT_MS,
                );
                if (reply.outcome === 'decided' && reply.lease) this.leases++;
                return reply;
              },
              report: (report) =>
                this.network.send(life, this.partner, (p) => p.report(report), OBJECT_TIMEOUT_MS),
              peek: (version, limits) =>
                this.network.send(life, this.partner, (p) => p.peek(version, limits), OBJECT_TIMEOUT_MS),
            }),
          }),
        (key) => key.wake(),
      );
    });
    this.buried = this.keys.map(() => 0);
    this.edgeClocks = Array.from({ length: setting.edges }, (_, i) => clock(setting.keys + i + 1));
    this.edges = this.edgeClocks.map((edgeClock) => this.isolate(edgeClock));
  }

  keyHost(name: string): ObjectHost<KeyCounter> {
    const host = this.keys[Number(name.slice(1))];
    if (!host) throw new Error(`no key ${name}`);
    return host;
  }

  private isolate(clock: Clock): EdgeIsolate {
    return new EdgeIsolate({
      now: () => clock.now(),
      sleep: (ms) => this.time.sleep(ms),
      newId: () => `r${this.ids++}`,
      take: (life, call) => this.take(life, call),
      settle: (life, settle) => this.settle(life, settle),
      isLent: this.setting.lendsToEdges,
      onLease: () => this.edgeLeases++,
    });
  }

  /** Isolates end at any moment, with what they hold and without a word; another takes its place. */
  endIsolates(): void {
    this.edges.forEach((edge, i) => {
      if (!this.chance.is(0.4)) return;
      edge.die((keyId, units) => {
        const key = Number(keyId.slice(1));
        this.buried[key] = (this.buried[key] ?? 0) + units;
      });
      this.edges[i] = this.isolate(this.edgeClocks[i] ?? this.partnerClock);
    });
  }

  /** What the clock of the partner's object showed at a true moment. */
  partnerMs(trueMs: number): number {
    return this.partnerClock.shownMs(trueMs);
  }

  get newest(): Terms {
    return this.terms.at(-1)?.terms ?? this.setting.terms;
  }

  /** One call of a client at an edge, from its first try to the settling of what it came to. */
  async callOnce(key: number, cost = this.chance.whole(1, this.setting.mostCost)): Promise<void> {
    this.demanded++;
    const { chance } = this;
    const edge = chance.of(this.edges);
    const id = `c${this.ids++}`;
    const askedMs = this.time.nowMs;
    // Edges know an older record at first, some of the time.
    let terms = chance.is(0.8) ? this.newest : (chance.of(this.terms).terms ?? this.newest);
    const { budgets } = this.setting;
    const depth = budgets.length > 0 && chance.is(0.5) ? chance.whole(1, budgets.length) : 0;
    for (let judgement = 0; judgement < 2; judgement++) {
      const subject = subjectOf(key, terms, budgets.slice(0, depth));
      const asked = { id, key, cost, depth, version: terms.version, askedMs, used: cost };
      const lent = subject.budgets
        ? undefined
        : edge.counter.spend(subject, cost, edge.now(), edge.keepAlive);
      if (lent) return this.serve(edge, { ...asked, isLent: true, dayMs: lent.dayStartMs }, lent);
      const call = { ...subject, id, cost, nonce: undefined };
      const reply = await edge.take(call).catch((error) => {
        if (!(error instanceof CallFailed || error instanceof IsolateDied)) throw error;
      });
      if (reply?.outcome === 'admit')
        return this.serve(edge, { ...asked, isLent: false, dayMs: reply.dayStartMs }, reply);
      if (reply?.outcome !== 'stale') return;
      terms = this.newest;
    }
  }

  /** @throws CallFailed */
  private async take(life: { isAlive: boolean }, call: TakeCall): Promise<TakeReply> {
    const host = this.keyHost(call.keyId);
    const work = async (counter: KeyCounter) => {
      const reply = await counter.take(call);
      if (reply.outcome === 'admit' && !this.admissions.has(call.id))
        this.admissions.set(call.id, this.time.nowMs);
      return reply;
    };
    try {
      return await this.network.send(life, host, work, EDGE_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof CallFailed && error.retryable)) throw error;
      return await this.network.send(life, host, work, EDGE_TIMEOUT_MS);
    }
  }

  private async serve(
    edge: EdgeIsolate,
    asked: Omit<Admitted, 'decidedMs' | 'admittedMs'>,
    { grant, atMs }: Admission,
  ): Promise<void> {
    const { chance } = this;
    const { id, key, cost, isLent } = asked;
    const admittedMs = isLent ? this.time.nowMs : (this.admissions.get(id) ?? this.time.nowMs);
    const byPartner = isLent ? admittedMs : this.partnerClock.trueMs(atMs);
    const isByPartner = byPartner >= -ROUNDING_MS && byPartner <= this.time.nowMs + ROUNDING_MS;
    const call: Admitted = {
      ...asked,
      decidedMs: isByPartner ? Math.min(byPartner, admittedMs) : admittedMs,
      admittedMs,
    };
    this.admitted.push(call);
    // What is no count of this call changes nothing.
    const nonsense = (used: number, of = key) =>
      this.settle({ isAlive: true }, { id, keyId: `k${of}`, used, unspent: 0 });
    if (!isLent && chance.is(0.05)) await nonsense(chance.of([-1, 1e9, 0.5]));
    if (!chance.is(this.setting.upstreamFails)) return;
    await this.time.sleep(chance.of([0, 5, 50, 400, 3000, 20_000]));
    if (!edge.life.isAlive) return;
    const used = chance.is(0.7) ? 0 : chance.whole(0, cost);
    if (used === cost) return;
    call.used = used;
    edge.giveBack(grant, cost - used);
    // Nonsense changes nothing.
    const other = chance.whole(0, this.setting.keys - 1);
    if (other !== key && chance.is(0.2)) await nonsense(chance.of([0, cost, cost + 1, -1]), other);
  }

  private async settle(life: { isAlive: boolean }, settle: Settle): Promise<void> {
    const work = (counter: KeyCounter) => counter.settle(settle);
    for (const pauseMs of [...SETTLE_PAUSES_MS, 0]) {
      try {
        await this.network.send(life, this.keyHost(settle.keyId), work, EDGE_TIMEOUT_MS);
        return;
      } catch {
        await this.time.sleep(pauseMs);
      }
    }
    this.abandoned++;
    throw new CallFailed('settle not heard', false);
  }

  /** An operator changes limits: the record first, then the objects are told, again until they hear it. */
  async change(terms: Terms): Promise<void> {
    const change = { fromMs: this.time.nowMs, heardMs: Number.NaN, terms };
    this.terms.push(change);
    const { version } = terms;
    const told = terms.isOfCatalog
      ? [this.partner.call((partner) => partner.announceCatalog(version))]
      : [
          ...this.keys.map((host, i) =>
            host.call((key) => {
              const ofBudgets = this.setting.budgets.map((_, at) => [budgetId(i, at), version]);
              key.announce({ key: version, partner: version }, Object.fromEntries(ofBudgets));
            }),
          ),
          this.partner.call((partner) => partner.announce(version)),
        ];
    const heard = await Promise.allSettled(told);
    if (heard.every(({ status }) => status === 'fulfilled')) change.heardMs = this.time.nowMs;
  }
}

const budgetId = (key: number, at: number): string => `k${key}b${at}`;

const subjectOf = (
  key: number,
  { version, partner, key: limits }: Terms,
  budgets: Setting['budgets'],
): LimitSubject => ({
  keyId: `k${key}`,
  partnerObject: 'p',
  versions: { key: version, partner: version, catalog: version },
  key: limits,
  partner,
  ...(budgets.length > 0 && { budgets: budgets.map((each, at) => ({ ...each, id: budgetId(key, at) })) }),
});

async function traffic(world: World, setting: Setting): Promise<void> {
  const { time, chance } = world;
  const bursts = setting.bursts.map(async ({ startMs, calls: count, gapMs, key, cost }) => {
    await time.sleep(startMs);
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      calls.push(world.callOnce(key ?? chance.whole(0, setting.keys - 1), cost));
      if (gapMs > 0) await time.sleep(gapMs);
    }
    await Promise.all(calls);
  });
  const disturbances = setting.disturbances.map(async (atMs) => {
    await time.sleep(atMs);
    for (const host of [world.partner, ...world.keys]) {
      if (setting.evicts && chance.is(0.6)) host.evict();
      if (setting.weather.crash > 0 && chance.is(0.2)) host.crash();
    }
    if (setting.isolatesDie) world.endIsolates();
    if (setting.changes) await world.change(nextTerms(world.newest, chance));
  });
  const crashes = setting.crashes.map(async (atMs) => {
    await time.sleep(atMs);
    world.partner.crash();
  });
  await Promise.all([...bursts, ...disturbances, ...crashes]);
}

const nextTerms = ({ version, partner, key }: Terms, chance: Chance): Terms => {
  const other = (limit: number) =>
    limit < 0 ? limit : Math.max(1, Math.round(limit * chance.of([0.5, 1, 2])));
  return {
    version: version + 1,
    isOfCatalog: chance.is(0.5),
    partner: {
      ...partner,
      second: other(partner.second),
      day: other(partner.day),
      month: other(partner.month),
    },
    key: { ...key, burst: other(key.burst), day: other(key.day) },
  };
};

/** Limits that were in force between those moments, or could still be. */
const inForce = (world: World, fromMs: number, toMs: number, limitOf: (terms: Terms) => number): number => {
  const all = world.terms.filter(({ fromMs: began }, i) => {
    const ended = world.terms[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    return began <= toMs + MAX_FROZEN_MS + ROUNDING_MS && ended + CHANGE_MS + EDGE_TIMEOUT_MS >= fromMs;
  });
  const limits = all.map(({ terms }) => limitOf(terms));
  return limits.some((limit) => limit < 0) ? Number.POSITIVE_INFINITY : Math.max(...limits);
};

function checkSeconds(world: World, problems: string[]): void {
  const calls = [...world.admitted].sort((a, b) => a.decidedMs - b.decidedMs);
  let units = 0;
  let first = 0;
  for (const call of calls) {
    units += call.cost;
    while ((calls[first]?.decidedMs ?? 0) < call.decidedMs - 1000 + ROUNDING_MS)
      units -= calls[first++]?.cost ?? 0;
    const limit = inForce(world, call.decidedMs - 1000, call.decidedMs, ({ partner }) => partner.second);
    if (units > limit) problems.push(`second: ${units} of ${limit} at ${Math.round(call.decidedMs)}`);
  }
}

function checkBuckets(world: World, problems: string[]): void {
  world.keys.forEach((_, key) => {
    const calls = world.admitted
      .filter((call) => call.key === key)
      .sort((a, b) => a.admittedMs - b.admittedMs);
    calls.forEach((from, i) => {
      let units = 0;
      for (const { cost, admittedMs } of calls.slice(i)) {
        units += cost;
        const burst = inForce(world, from.admittedMs, admittedMs, (terms) => terms.key.burst);
        const perMinute = inForce(world, from.admittedMs, admittedMs, (terms) => terms.key.sustained);
        const most = burst + (perMinute * (admittedMs - from.admittedMs + ROUNDING_MS + 5)) / 60_000 + 1e-6;
        if (units > most) problems.push(`bucket of ${key}: ${units} of ${most.toFixed(2)}`);
      }
    });
  });
}

/** A call counts in the day in which it was decided, and by a record that nobody had been told is old. */
function checkCalls(world: World, problems: string[]): void {
  for (const { dayMs, decidedMs, version, askedMs, isLent } of world.admitted) {
    const day = (offMs: number) => dayStart(world.partnerMs(decidedMs + offMs));
    if (day(-ROUNDING_MS) !== dayMs && day(ROUNDING_MS) !== dayMs) problems.push(`counted in the wrong day`);
    const newer = world.terms.find(
      // Of the catalogue the partner's object alone is told: what it has lent is spent until its end.
      ({ terms, heardMs }) =>
        terms.version > version && heardMs < askedMs - (isLent || terms.isOfCatalog ? LEASE_MS : 0),
    );
    if (newer) problems.push(`version ${version} was admitted after ${newer.terms.version} was heard`);
  }
}

const unitsOf = (calls: readonly Admitted[], isIn: (call: Admitted) => boolean): number =>
  calls.reduce((sum, call) => sum + (isIn(call) ? call.used : 0), 0);

function checkQuotas(world: World, problems: string[]): void {
  const most = (limitOf: (terms: Terms) => number) => inForce(world, 0, Number.POSITIVE_INFINITY, limitOf);
  for (const day of new Set(world.admitted.map(({ dayMs }) => dayMs))) {
    const units = unitsOf(world.admitted, ({ dayMs }) => dayMs === day);
    if (units > most(({ partner }) => partner.day)) problems.push(`day: ${units}`);
    world.keys.forEach((_, i) => {
      const own = unitsOf(world.admitted, ({ dayMs, key }) => dayMs === day && key === i);
      if (own > most(({ key }) => key.day)) problems.push(`day of key ${i}: ${own}`);
    });
  }
  for (const month of new Set(world.admitted.map(({ dayMs }) => monthStart(dayMs)))) {
    const units = unitsOf(world.admitted, ({ dayMs }) => monthStart(dayMs) === month);
    if (units > most(({ partner }) => partner.month)) problems.push(`month: ${units}`);
  }
}

/** Of each budget, no more than its cap; once it is quiet, its row says what was used. */
function checkBudgets(world: World, { budgets }: Setting, isQuiet: boolean, problems: string[]): void {
  world.keys.forEach((host, key) => {
    budgets.forEach(({ cap, perUnit }, at) => {
      const used = perUnit * unitsOf(world.admitted, (call) => call.key === key && call.depth > at);
      if (used > cap) problems.push(`budget ${at} of key ${key}: ${used} of ${cap}`);
      if (!isQuiet) return;
      const row = host.rows.get(`budget:${budgetId(key, at)}`) as { spent: number } | undefined;
      const spent = row?.spent ?? 0;
      if (spent < used || spent > used + perUnit * (world.buried[key] ?? 0))
        problems.push(`budget ${at} of key ${key} counted ${spent}, used ${used}`);
    });
  });
}

/** After quiet: what the objects hold is what was admitted and not given back, by key, day and month. */
async function checkCounts(world: World, when: string, problems: string[]): Promise<void> {
  const days = [...new Set(world.admitted.map(({ dayMs }) => dayMs))];
  const { version, partner } = world.newest;
  const asked = world.partner.call(async (counter) => ({
    // Not asking anybody: everything has come back by itself.
    shown: counter.peek(version, partner),
    days: await Promise.all(days.map((day) => counter.unitsOfDay(day))),
  }));
  asked.catch(() => undefined);
  await world.time.run(world.time.nowMs + QUIET_MS);
  const counted = await asked;
  days.forEach((day, i) => {
    const units = unitsOf(world.admitted, ({ dayMs }) => dayMs === day);
    const buried = world.buried.reduce((sum, each) => sum + each, 0);
    const surplus = (counted.days[i] ?? 0) - units;
    if (surplus < 0 || surplus > buried)
      problems.push(`${when}: day counted ${counted.days[i]}, admitted ${units}, buried ${buried}`);
    world.keys.forEach((host, key) => {
      const state = host.rows.get('state') as { ledger: { used: Record<number, number> } } | undefined;
      const own = unitsOf(world.admitted, (call) => call.dayMs === day && call.key === key);
      const held = state?.ledger.used[day] ?? 0;
      if (held < own || held > own + (world.buried[key] ?? 0))
        problems.push(`${when}: key ${key} counted ${held}, admitted ${own}`);
    });
  });
  const today = Math.max(...days, 0);
  const { shown } = counted;
  if (shown.day.resetMs - DAY_MS !== today) return;
  const month = unitsOf(world.admitted, ({ dayMs }) => monthStart(dayMs) === monthStart(today));
  const units = unitsOf(world.admitted, ({ dayMs }) => dayMs === today);
  for (const [name, { limit, remaining }, used] of [
    ['day', shown.day, units],
    ['month', shown.month, month],
  ] as const)
    if (limit >= 0 && world.buried.every((units) => units === 0) && remaining !== Math.max(0, limit - used))
      problems.push(`${when}: shown are ${remaining} of ${limit} a ${name}, used ${used}`);
}

export async function live(setting: Setting, seed: number): Promise<Outcome> {
  const world = new World(setting, seed);
  const problems: string[] = [];
  const done = traffic(world, setting).then(() => {
    world.network.weather = CALM;
  });
  await world.time.run();
  await done;
  await world.time.run(world.time.nowMs + QUIET_MS);
  checkCalls(world, problems);
  checkSeconds(world, problems);
  checkBuckets(world, problems);
  checkQuotas(world, problems);
  const busy = [world.partner, ...world.keys].filter((host) => host.isWorking).length;
  if (busy > 0) problems.push(`${busy} objects still work after quiet`);
  if (world.abandoned === 0) {
    await checkCounts(world, 'after quiet', problems);
    for (const host of [world.partner, ...world.keys]) host.evict();
    await checkCounts(world, 'after eviction', problems);
  }
  checkBudgets(world, setting, world.abandoned === 0, problems);
  const { admitted, demanded, abandoned, leases, edgeLeases, rowsAhead } = world;
  const units = unitsOf(admitted, () => true);
  return { problems, admitted: units, demanded, abandoned, leases, edgeLeases, rowsAhead };
}
