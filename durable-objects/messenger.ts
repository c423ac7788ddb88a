// Numbers the messages of a key's object to its partner's object, and knows what of its changes has been heard. Numbers
// rise, also across crashes, although none is written down before it is used: those of an instance begin at its millisecond. A
// message that is not answered is sent anew under a new number, and says which numbers were never answered.

/** More than an instance sends. As milliseconds since 2026 times this, numbers are whole and exact until 2095. */
export const NUMBERS_A_MS = 2 ** 12;
const SINCE_MS = Date.UTC(2026, 0, 1);
const MAX_TRIES = 3;
/** More than an instance sends after it wrote its row, which has the number of the message before. */
const MAX_UNWRITTEN = 4096;

/** Each try came after a newer message, of an instance that is gone. */
export class Overtaken extends Error {
  override name = 'Overtaken';
}

/**
 * Where the numbers of an instance begin: above those of one that died before, whose messages may arrive after its own; and at
 * a random place in its millisecond, so that it never repeats one of an instance whose clock was ahead. Where it begins below
 * one, its partner's object says so. `chance`: from 0 to 1.
 */
const firstNumber = (nowMs: number, chance: number): number =>
  Math.floor((Math.floor(nowMs - SINCE_MS) + chance) * NUMBERS_A_MS);

export class Messenger {
  private readonly isWorthRetrying: (error: unknown) => boolean;
  private unanswered: number[] = [];
  /** Changes so far that lower what is used, and how many of them were heard. A new instance cannot know of the last. */
  private changes = 1;
  private heard = 0;
  private listening: { change: number; resolve: () => void }[] = [];
  /** Of the last message. */
  seq: number;

  /** `lastWritten`: a number under which a message was sent. `chance`: from 0 to 1. */
  constructor(
    lastWritten: number,
    nowMs: number,
    chance: number,
    isWorthRetrying: (error: unknown) => boolean,
  ) {
    // One that died used numbers after the one it wrote: a message under one of them would be taken for it.
    const afterUnwritten = lastWritten + MAX_UNWRITTEN + Math.floor(chance * NUMBERS_A_MS);
    this.seq = Math.max(afterUnwritten, firstNumber(nowMs, chance));
    this.isWorthRetrying = isWorthRetrying;
  }

  /** Less is used than the partner's object believes. */
  noteChange(): void {
    this.changes++;
  }

  get owes(): boolean {
    return this.heard < this.changes;
  }

  /** Resolves when all changes so far have been heard, with whatever message. */
  whenHeard(): Promise<void> {
    const change = this.changes;
    if (this.heard >= change) return Promise.resolve();
    return new Promise((resolve) => this.listening.push({ change, resolve }));
  }

  /**
   * The answer, and the number that it answers. `transmit` composes the message anew for each try: it is to say
   * everything. @throws Overtaken, or what the last try threw
   */
  async send<Reply extends { outcome: string }>(
    transmit: (seq: number, lost: readonly number[]) => Promise<Reply>,
  ): Promise<[Exclude<Reply, { outcome: 'void' }>, seq: number]> {
    let voids = 0;
    for (let tries = MAX_TRIES; ; ) {
      const seq = ++this.seq;
      const told = this.changes;
      try {
        const reply = await transmit(seq, this.unanswered);
        if (reply.outcome !== 'void') {
          this.unanswered = [];
          this.hear(told);
          // The type says it: void was ruled out.
          return [reply as Exclude<Reply, { outcome: 'void' }>, seq];
        }
        this.seq = Math.max(this.seq, (reply as unknown as { seq: number }).seq);
        this.noteChange();
        // It costs no try: its partner's object may have been made again, and said so once.
        if (++voids >= MAX_TRIES) throw new Overtaken('a newer message came before');
      } catch (error) {
        if (error instanceof Overtaken) throw error;
        this.unanswered = [...this.unanswered, seq].slice(-2 * MAX_TRIES);
        // It may have been heard, and granted something that nobody will use.
        this.noteChange();
        if (--tries < 1 || !this.isWorthRetrying(error)) throw error;
      }
    }
  }

  private hear(change: number): void {
    this.heard = Math.max(this.heard, change);
    const told = this.listening.filter((each) => each.change <= this.heard);
    this.listening = this.listening.filter((each) => each.change > this.heard);
    for (const { resolve } of told) resolve();
  }
}
