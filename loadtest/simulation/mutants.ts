// Rules of the limiter, each broken on purpose in the real source: a simulation that lets one live proves nothing. The text
// to break must be there exactly once, so that no mutant dies unnoticed when code is rewritten.

export interface Mutant {
  rule: string;
  file: string;
  find: string;
  replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'a bucket holds no more than its capacity',
    file: 'src/limits/token-bucket.ts',
    find: 'Math.min(capacityBeside(limit, lent), level + rate * Math.max(0, untilMs - atMs))',
    replace: 'level + rate * Math.max(0, untilMs - atMs)',
  },
  {
    rule: 'a window counts its oldest slot to its last moment',
    file: 'src/limits/sliding-window.ts',
    find: 'findIndex(([atMs]) => atMs + WINDOW_MS >= nowMs)',
    replace: 'findIndex(([atMs]) => atMs + WINDOW_MS >= nowMs + 40)',
  },
  {
    rule: 'a lease counts in the window at its deadline, not at its grant',
    file: 'src/limits/partner-draw.ts',
    find: 'state = spend(state, lease.units, deadlineMs)',
    replace: 'state = spend(state, lease.units, nowMs - 900)',
  },
  {
    rule: 'an expired lease may not be spent',
    file: 'src/limits/lease.ts',
    find: 'lease.units >= units && nowMs < lease.deadlineMs',
    replace: 'lease.units >= units',
  },
  {
    rule: 'a holder counts from sending, and stops a margin early',
    file: 'durable-objects/partner-talk.ts',
    find: 'holderDeadline(sentAtMs, lease.durationMs)',
    replace: 'this.ports.now() + lease.durationMs + 100',
  },
  {
    rule: 'a lease never outlives its day',
    file: 'src/limits/partner-draw.ts',
    find: 'Math.min(leftMs, leaseMs(units, wanted))',
    replace: 'leaseMs(units, wanted)',
  },
  {
    rule: 'a call is counted in the day in which it was decided',
    file: 'durable-objects/key-counter.ts',
    find: 'state.ledger = spendKey(state.ledger, call.cost, dayStartMs)',
    replace:
      'state.ledger = spendKey(state.ledger, call.cost, this.ports.now() - (this.ports.now() % DAY_MS))',
  },
  {
    rule: 'what is lent goes out of the count before the answer',
    file: 'src/limits/partner-ledger.ts',
    find: '{ ...ledger, used: addUnits(ledger.used, ledger.dayStartMs, units) },',
    replace:
      '{ ...ledger, used: addUnits(ledger.used, ledger.dayStartMs, atMs > 1e15 ? units : units * 0.5) },',
  },
  {
    rule: 'a return takes no more out of the window than was left',
    file: 'src/limits/partner-report.ts',
    find: 'state = takeOutOfWindow(state, returned.units + spent, grant.deadlineMs)',
    replace: 'state = takeOutOfWindow(state, grant.lent, grant.deadlineMs)',
  },
  {
    rule: 'a lease is zeroed before it is returned',
    file: 'durable-objects/held.ts',
    find: '    this.lease = undefined;\n    return returned;',
    replace: '    return returned;',
  },
  {
    rule: 'what is held goes back when calls have ended',
    file: 'durable-objects/partner-talk.ts',
    find: '    this.conversation = undefined;\n    this.listener.silent();',
    replace: '    this.conversation = undefined;',
  },
  {
    rule: 'what was given back is reported',
    file: 'durable-objects/grant-ends.ts',
    find: '      state.ledger = giveBackKey(state.ledger, counted - used, line.dayStartMs);\n      state.messenger.noteChange();',
    replace: '      state.ledger = giveBackKey(state.ledger, counted - used, line.dayStartMs);',
  },
  {
    rule: 'of what is said of a grant the least counts, once',
    file: 'durable-objects/grant-ends.ts',
    find: 'if (!isFirst && used >= counted) return false;',
    replace: '',
  },
  {
    rule: 'a settle may give back no more than was reserved',
    file: 'durable-objects/grant-ends.ts',
    find: 'const isCount = (units: number): boolean => Number.isSafeInteger(units) && units >= 0;',
    replace: 'const isCount = (units: number): boolean => Number.isSafeInteger(units);',
  },
  {
    rule: 'a call that was settled before it arrived is not admitted',
    file: 'durable-objects/grant-ends.ts',
    find: '      journal.add({ ...NOTHING_RESERVED, id, atMs: nowMs, notedMs: nowMs });\n',
    replace: '',
  },
  {
    rule: 'a call that is settled while it is decided is not admitted',
    file: 'durable-objects/key-counter.ts',
    find: 'const settled = this.state.journal.recall(call.id);',
    replace: 'const settled = undefined;',
  },
  {
    rule: 'a call asked for again is not charged again',
    file: 'durable-objects/key-counter.ts',
    find: '    const known = journal.recall(call.id);\n    if (known) return this.repeat(call, known);',
    replace: '',
  },
  {
    rule: 'a call that is being decided is asked for once',
    file: 'durable-objects/key-counter.ts',
    find: '    if (asked) return asked;\n',
    replace: '',
  },
  {
    rule: 'an admitted call is stored before it is answered (a restart restores too little)',
    file: 'durable-objects/key-counter.ts',
    find: 'state.journal.add(line);\n    state.write();',
    replace: 'state.journal.add(line);',
  },
  {
    rule: 'a draw is stored before it is answered (a restart restores too little)',
    file: 'durable-objects/partner-counter.ts',
    find: '    this.rows.putDrawn(name, after, { dayStartMs: ledger.dayStartMs, room, nowMs });\n',
    replace: '',
  },
  {
    rule: 'what a row stands for is used after a restart',
    file: 'durable-objects/holder-rows.ts',
    find: 'const used = addUnits(holder.used, dayStartMs, units);',
    replace: 'const used = addUnits(holder.used, dayStartMs, 0);',
  },
  {
    rule: 'whoever was told before a restart tells it again',
    file: 'durable-objects/key-counter.ts',
    find: '    if (isAlways) this.state.messenger.noteChange();\n',
    replace: '',
  },
  {
    rule: 'what rows say too much is taken back after a restart',
    file: 'durable-objects/holder-rows.ts',
    find: '    if (onCredit.size > 0) {\n      await',
    replace: '    if (onCredit.size > 1e9) {\n      await',
  },
  {
    rule: 'a restart counts nothing twice (it restores too much)',
    file: 'durable-objects/partner-counter.ts',
    find: '      this.holders.values(),\n      nowMs,',
    replace: '      [...this.holders.values(), ...this.holders.values()],\n      nowMs,',
  },
  {
    rule: 'what is closed moves out of the rows when it moves into the totals',
    file: 'durable-objects/partner-counter.ts',
    find: 'if (day > dayStartMs || isOpen(day, dayStartMs)) used[day] = units;',
    replace: 'used[day] = units;\n        if (day > dayStartMs || isOpen(day, dayStartMs)) continue;',
  },
  {
    rule: 'a message that was overtaken changes nothing',
    file: 'durable-objects/partner-counter.ts',
    find: "      return isKnown ? { outcome: 'noted' } : this.outdated(name, seq, holder);\n",
    replace: '',
  },
  {
    rule: 'a draw sent twice is granted once',
    file: 'durable-objects/partner-counter.ts',
    find: '      return last?.seq === seq ? last.reply : this.outdated(name, seq, holder);',
    replace:
      '      if (last?.seq === seq) holder.seq = seq - 1;\n      else return this.outdated(name, seq, holder);',
  },
  {
    rule: 'a change that came while a message was under way is told with the next',
    file: 'durable-objects/messenger.ts',
    find: 'this.hear(told);',
    replace: 'this.hear(this.changes);',
  },
  {
    rule: 'messages go one at a time',
    file: 'durable-objects/partner-talk.ts',
    find: '    this.conversation ??= this.converse();\n    return this.conversation;',
    replace: '    return this.converse();',
  },
  {
    rule: 'no number is used again',
    file: 'durable-objects/messenger.ts',
    find: '    this.seq = Math.max(afterUnwritten, firstNumber(nowMs, chance));\n',
    replace: '    this.seq = lastWritten;\n    void firstNumber(nowMs, chance);\n    void afterUnwritten;\n',
  },
  {
    rule: 'only a lost answer takes a grant out of the window',
    file: 'src/limits/partner-report.ts',
    find: 'if (grant && lost?.includes(grant.seq)) {',
    replace: 'if (grant) {',
  },
  {
    rule: 'an older record is stale',
    file: 'durable-objects/key-counter.ts',
    find: 'if (isOlder(call.versions, seen))',
    replace: 'if (call.versions.key < -2)',
  },
  {
    rule: 'the limits of the newest record are in force',
    file: 'src/limits/partner-ledger.ts',
    find: 'limits: version >= ledger.version ? limits : ledger.limits',
    replace: 'limits: ledger.version < 0 ? limits : ledger.limits',
  },
  {
    rule: 'a month is the sum of its days',
    file: 'src/limits/quota.ts',
    find: 'Number(day) >= first && Number(day) < next',
    replace: 'Number(day) === dayStartMs && Number(day) < next && first > 0',
  },
  {
    rule: "the key's own limits are looked at again after the partner's answer",
    file: 'durable-objects/key-counter.ts',
    find: "({ outcome: 'settled' } as const) : this.refuse(call, dayStartMs);",
    replace: "({ outcome: 'settled' } as const) : undefined;",
  },
  {
    rule: 'a refused call takes nothing',
    file: 'src/limits/partner-draw.ts',
    find: '      denial ??= refusal;\n      continue;',
    replace: '      denial ??= refusal;\n      state = spend(state, cost, nowMs);\n      continue;',
  },
  {
    rule: 'what is lent to an edge is out of the bucket, and its capacity, until it ends',
    file: 'src/limits/token-bucket.ts',
    find: 'Math.max(0, limit.burst - lent.reduce((units, loan) => units + loan.units, 0)) * SCALE',
    replace: 'Math.max(0, limit.burst - 0 * lent.length) * SCALE',
  },
  {
    rule: 'what a key passed on counts until its deadline',
    file: 'src/limits/partner-report.ts',
    find: 'grant.lent - returned.units - (returned.passedOn ?? 0)',
    replace: 'grant.lent - returned.units',
  },
  {
    rule: 'what was spent of a lease counts from when that is told',
    file: 'src/limits/partner-report.ts',
    find: 'state = putIntoWindow(state, spent, nowMs);',
    replace: '',
  },
  {
    rule: 'what is lent to an edge counts as used',
    file: 'src/limits/key-ledger.ts',
    find: '  bucket: ledger.bucket && lendTokens(ledger.bucket, units, untilMs),\n  used: addUnits(ledger.used, dayMs, units),',
    replace:
      '  bucket: ledger.bucket && lendTokens(ledger.bucket, units, untilMs),\n  used: addUnits(ledger.used, dayMs, 0),',
  },
  {
    rule: "what is lent to an edge is out of the partner's lease",
    file: 'durable-objects/held.ts',
    find: 'const left = lease.units - lent;',
    replace: 'const left = lease.units;',
  },
  {
    rule: 'an edge counts from asking, and stops a margin early',
    file: 'src/gateway/edge-counter.ts',
    find: 'const deadlineMs = holderDeadline(sentMs, lease?.durationMs ?? 0);',
    replace: 'const deadlineMs = this.ports.now() + (lease?.durationMs ?? 0) + 400;',
  },
  {
    rule: 'an edge spends no more than it was lent',
    file: 'src/gateway/edge-counter.ts',
    find: '!lease || lease.left < cost',
    replace: '!lease || lease.left < -3',
  },
  {
    rule: 'a call that is judged by an older catalogue is stale',
    file: 'src/limits/partner-draw.ts',
    find: ' || catalog < advanced.catalog',
    replace: '',
  },
  {
    rule: 'a lease ends with the record that it was lent under',
    file: 'src/gateway/edge-counter.ts',
    find: ' || !isSame(lease.versions, subject.versions)',
    replace: '',
  },
  {
    rule: 'nothing is spent of a lease once its end is told',
    file: 'src/gateway/edge-counter.ts',
    find: '    end(held);\n    await Promise.all(untold(held',
    replace:
      '    await this.tell(held, lease);\n    await this.ports.sleep(400);\n    end(held);\n    await Promise.all(untold(held',
  },
  {
    rule: 'tokens that an edge did not spend come back once',
    file: 'durable-objects/grant-ends.ts',
    find: 'if (isFirst && line.lent > 0 && state.limits)',
    replace: 'if (line.lent > 0 && state.limits)',
  },
  {
    rule: 'what is given back after a lease ended is told',
    file: 'src/gateway/edge-counter.ts',
    find: 'keepAlive(this.tell(this.held(grant.keyId, this.ports.now()), grant));',
    replace: '',
  },
  {
    rule: 'what was lent with an answer that was lost comes back',
    file: 'src/gateway/edge-counter.ts',
    find: '      keepAlive(this.tell(held, { id: call.id, keyId: call.keyId, left: 0, used: 0, isOpen: false }));\n',
    replace: '',
  },
  {
    rule: 'a lease that is heard of only after its end is told, and given back',
    file: 'durable-objects/key-counter.ts',
    find: 'const lease = lent > 0 ? {',
    replace: 'const lease = lent > 0 && durationMs > 0 ? {',
  },
  {
    rule: 'a budget is looked at before a call is admitted',
    file: 'src/limits/budget.ts',
    find: 'unitsLeft(least, spentOf) >= cost) return undefined;',
    replace: 'unitsLeft(least, spentOf) >= 1) return undefined;',
  },
  {
    rule: 'a call spends from every budget above it',
    file: 'durable-objects/budget-book.ts',
    find: 'for (const { id, perUnit } of charges) {',
    replace: 'for (const { id, perUnit } of charges.slice(-1)) {',
  },
  {
    rule: 'what was given back comes back to the budget',
    file: 'durable-objects/grant-ends.ts',
    find: 'state.budgets.charge(line.charges, used - counted)',
    replace: 'state.budgets.charge(line.charges, 0)',
  },
  {
    rule: 'what was spent of a budget is written with the answer',
    file: 'durable-objects/budget-book.ts',
    find: 'for (const id of this.unwritten) this.store.put(nameOf(id), this.lineOf(id));',
    replace: '',
  },
];
