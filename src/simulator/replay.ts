// Replays a partner's calls by other limits. Two ledgers of src/limits are asked of each call: one by the limits that were in
// force, which is then told what really happened, and one by the simulated limits. What really happened stands wherever both
// say the same; only where they differ does the call end otherwise. So unchanged limits give what happened, exactly, whatever
// a replay cannot know (leases, clocks of several machines), and the differences are those of src/limits alone. Pure.
//
// Every call that was made is made again at its moment, whatever becomes of others: refused ones are demand, too.

import { monthStart } from '../core/time.ts';
import type { Denial } from '../limits/limit.ts';
import {
  type Basis,
  type Call,
  type DayFacts,
  type History,
  REASONS,
  type Reason,
  type Refusals,
  type Settings,
} from './history.ts';
import { ReplayLedger } from './replay-ledger.ts';
import { differsBeyondSums, type Stretch } from './stretches.ts';

export interface Outcome {
  units: number;
  refused: Refusals;
}

export interface ReplayedDay {
  dayMs: number;
  basis: Basis;
  happened: Outcome;
  simulated: Outcome;
  /** Other rates may decide otherwise here: sums do not say at which moments calls came, and of which key. */
  areRatesUnknown: boolean;
}

type Counts = Partial<Record<Reason, number>>;
interface Day {
  facts: DayFacts;
  happened: Counts;
  simulated: Counts;
  change: number;
}

const add = (counts: Counts, reason: Reason, calls: number): void => {
  if (calls > 0) counts[reason] = (counts[reason] ?? 0) + calls;
};

const refusalIn = ({ outcome }: Call): Reason | undefined =>
  outcome === 'admitted' || outcome === 'returned' || outcome === 'unasked' ? undefined : outcome;

const reasonOf = ({ type, level }: Denial): Reason => (level === 'cap' || type === 'budget' ? 'cap' : type);

/** The other's reason, where it is another. */
const renamed = (real: Denial, other: Denial): Reason | undefined =>
  reasonOf(real) === reasonOf(other) ? undefined : reasonOf(other);

/** Why the call is refused in the simulation. `was`: why it was; `real`, `other`: what both ledgers say. */
function decided(was?: Reason, real?: Denial, other?: Denial): Reason | undefined {
  if ((real === undefined) !== (other === undefined)) return other && reasonOf(other);
  return (was && real && other && renamed(real, other)) ?? was;
}

const isOfQuota = (reason: Reason): boolean =>
  reason === 'per_day' || reason === 'per_month' || reason === 'cap';

function ledgerOf({ period, days, keysBefore }: History): ReplayLedger {
  const { fromMs } = period;
  const before = days.filter(({ dayMs }) => dayMs >= monthStart(fromMs) && dayMs < fromMs);
  return new ReplayLedger(fromMs, {
    units: before.reduce((sum, { units }) => sum + units, 0),
    keys: keysBefore,
  });
}

export class Replay {
  /** Units more, or less, of each stretch. */
  readonly changes: number[];
  /** Calls that were replayed, and those of them that the limits in force do not explain. */
  calls = 0;
  unexplained = 0;
  private readonly before: Settings;
  private readonly after: Settings;
  private readonly stretches: readonly Stretch[];
  private readonly real: ReplayLedger;
  private readonly other: ReplayLedger;
  private readonly days: Day[] = [];
  /** The stretch that it is at. */
  private at = 0;

  constructor(history: History, before: Settings, after: Settings, stretches: readonly Stretch[]) {
    this.before = before;
    this.after = after;
    this.stretches = stretches;
    this.changes = stretches.map(() => 0);
    this.real = ledgerOf(history);
    this.other = ledgerOf(history);
  }

  /** The calls that follow are this day's. Days come in order. */
  begin(facts: DayFacts): void {
    this.days.push({ facts, happened: {}, simulated: {}, change: 0 });
    this.real.begin(facts.dayMs);
    this.other.begin(facts.dayMs);
    this.stretchAt(facts.dayMs);
  }

  /** Calls come in the order of their moments. */
  call(call: Call): void {
    const day = this.today();
    if (call.outcome === 'unasked') {
      for (const ledger of [this.real, this.other]) ledger.note(call.units, call.keyId);
      return;
    }
    this.calls++;
    const { before, after } = this.stretchAt(call.atMs);
    const real = this.real.ask(call, { key: this.before.keys.get(call.keyId), partner: before });
    const other = this.other.ask(call, { key: this.after.keys.get(call.keyId), partner: after });
    const was = refusalIn(call);
    if ((real === undefined) !== (was === undefined)) this.unexplained++;
    if (was) add(day.happened, was, 1);
    else this.real.count(call);
    const refusal = decided(was, real, other);
    if (refusal) {
      add(day.simulated, refusal, 1);
      if (call.outcome === 'admitted') this.change(-call.units);
      return;
    }
    this.other.count(call);
    if (was) this.change(call.units);
  }

  /** A day of which sums are all that is known: quotas admit as many of its units as fit, in whatever order they came. */
  reckon(facts: DayFacts): void {
    this.begin(facts);
    const { happened, simulated } = this.today();
    const { before, after } = this.stretchAt(facts.dayMs);
    const refused = REASONS.map((reason): [Reason, number] => [reason, facts.refused[reason] ?? 0]);
    const wanted = refused.reduce(
      (sum, [reason, calls]) => sum + (isOfQuota(reason) ? calls : 0),
      facts.units,
    );
    const [real, other] = [this.real.fit(wanted, before), this.other.fit(wanted, after)];
    const more = Math.min(Math.max(other.units - real.units, -facts.units), wanted - facts.units);
    this.real.note(facts.units);
    this.other.note(facts.units + more);
    this.change(more);
    let fewer = Math.max(0, more);
    // Those that both refuse are refused for what the simulated quotas say.
    const still = real.denial && other.denial && renamed(real.denial, other.denial);
    for (const [reason, calls] of refused) {
      const admitted = isOfQuota(reason) ? Math.min(calls, fewer) : 0;
      add(happened, reason, calls);
      add(simulated, (isOfQuota(reason) && still) || reason, calls - admitted);
      fewer -= admitted;
    }
    if (other.denial) add(simulated, reasonOf(other.denial), -more);
  }

  result(): ReplayedDay[] {
    const isBeyondSums = differsBeyondSums(this.stretches, this.before, this.after);
    return this.days.map(({ facts: { dayMs, basis, units }, happened, simulated, change }) => ({
      dayMs,
      basis,
      happened: { units, refused: happened },
      simulated: { units: units + change, refused: simulated },
      areRatesUnknown: basis !== 'calls' && isBeyondSums,
    }));
  }

  private today(): Day {
    const day = this.days.at(-1);
    if (!day) throw new Error('a day begins before its calls');
    return day;
  }

  private stretchAt(atMs: number): Stretch {
    while ((this.stretches[this.at + 1]?.fromMs ?? Number.POSITIVE_INFINITY) <= atMs) this.at++;
    const stretch = this.stretches[this.at];
    if (!stretch) throw new Error('a period has days');
    return stretch;
  }

  private change(units: number): void {
    this.today().change += units;
    this.changes[this.at] = (this.changes[this.at] ?? 0) + units;
  }
}
