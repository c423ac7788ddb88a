// What grants of a key's object came to: the rest of what each reserved goes back, once, however often and late it is said.

import { advanceKey, endLoan, giveBackKey } from '../src/limits/key-ledger.ts';
import type { GrantEnd, Settle, Settled } from '../src/limits/protocol.ts';
import type { JournalLine } from './call-journal.ts';
import type { KeyPorts } from './counter-ports.ts';
import type { KeyState } from './key-state.ts';
import type { PartnerTalk } from './partner-talk.ts';
import type { Rest } from './rest.ts';

const NOTHING_RESERVED = {
  units: 0,
  dayStartMs: 0,
  over: false,
  used: 0,
  lent: 0,
  lentUntilMs: 0,
  charges: [],
} satisfies Partial<JournalLine>;

const isCount = (units: number): boolean => Number.isSafeInteger(units) && units >= 0;

/** Whether it can be what a grant came to. Isolates of before leases say nothing of what is unspent. */
const isEndOf = ({ units, lent }: JournalLine, { used, unspent = 0 }: GrantEnd): boolean =>
  isCount(used) && isCount(unspent) && unspent <= lent && used + unspent <= units;

export class GrantEnds {
  private readonly ports: KeyPorts;
  private readonly state: KeyState;
  private readonly talk: PartnerTalk;
  private readonly rest: Rest;

  constructor(ports: KeyPorts, state: KeyState, talk: PartnerTalk, rest: Rest) {
    this.ports = ports;
    this.state = state;
    this.talk = talk;
    this.rest = rest;
  }

  /** Answered when the partner's object knows it. */
  async settle(end: Settle): Promise<Settled> {
    const { id, used } = end;
    const { journal, messenger } = this.state;
    const nowMs = this.ports.now();
    const line = journal.find(id, nowMs);
    if (!isCount(used) || (line && line.units > 0 && !isEndOf(line, end)))
      return this.ignore(id, used, 'invalid');
    if (!line) {
      // It may be on its way still: then it is not to be admitted.
      journal.add({ ...NOTHING_RESERVED, id, atMs: nowMs, notedMs: nowMs });
      this.state.write();
      // It may have been asked of the partner's object, by this instance or by one that is gone.
      messenger.noteChange();
      await this.talk.report();
      return this.ignore(id, used, 'unknown');
    }
    if (line.units === 0) return 'unknown';
    if (this.end(line, end, nowMs)) {
      this.rest.noteCall(nowMs);
      this.state.write();
      this.rest.begin();
    }
    if (messenger.owes) await this.talk.report();
    return 'settled';
  }

  /** Ends that came with a call: noted now, and written before that is answered. */
  hear(ended: readonly GrantEnd[], nowMs: number): void {
    for (const end of ended) {
      const line = this.state.journal.find(end.id, nowMs);
      if (!line || !isEndOf(line, end)) this.ignore(end.id, end.used, line ? 'invalid' : 'unknown');
      else if (this.end(line, end, nowMs)) this.state.isUnwritten = true;
    }
  }

  /** Of what is said of a grant, the least counts: so it may be said late, twice, and in any order. Whether it is news. */
  private end(line: JournalLine, { used, unspent }: GrantEnd, nowMs: number): boolean {
    const { state } = this;
    const isFirst = line.used < 0;
    const counted = isFirst ? line.units : line.used;
    if (!isFirst && used >= counted) return false;
    state.journal.add({ ...line, used });
    if (isFirst && line.lent > 0 && state.limits) {
      const loan = { units: line.lent, untilMs: line.lentUntilMs };
      state.ledger = endLoan(advanceKey(state.ledger, state.limits, nowMs), loan, unspent);
    }
    if (used < counted) state.budgets.charge(line.charges, used - counted);
    // Of a call before the key was moved, the partner that it was moved to has nothing to get back.
    if (used < counted && line.notedMs >= state.movedMs) {
      state.ledger = giveBackKey(state.ledger, counted - used, line.dayStartMs);
      state.messenger.noteChange();
    }
    return true;
  }

  private ignore(id: string, used: number, why: 'unknown' | 'invalid'): Settled {
    this.ports.log({ message: 'settle ignored', why, call: id, used });
    return why;
  }
}
