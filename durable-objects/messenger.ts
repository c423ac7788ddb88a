// Numbers the messages of a key's object to its partner's object, and knows what of its changes has been heard. Numbers
// rise, also across crashes: they are reserved in the object's row before they are used. A message that is not answered is
// sent anew under a new number, and says which numbers were never answered.

/** Numbers reserved with one write. */
const STEP = 1000;
const MOST_TRIES = 3;

export class Messenger {
  private readonly write: () => void;
  private readonly isWorthRetrying: (error: unknown) => boolean;
  private seq: number;
  private unanswered: number[] = [];
  /** Changes so far that lower what is used, and how many of them were heard. A new instance cannot know of the last. */
  private changes = 1;
  private heard = 0;
  private listening: { change: number; resolve: () => void }[] = [];
  /** No message was ever sent under a higher number. */
  ceiling: number;

  constructor(ceiling: number, write: () => void, isWorthRetrying: (error: unknown) => boolean) {
    this.ceiling = ceiling;
    this.seq = ceiling;
    this.write = write;
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
   * everything. @throws what the last try threw
   */
  async send<Reply extends { outcome: string }>(
    transmit: (seq: number, lost: readonly number[]) => Promise<Reply>,
  ): Promise<[Exclude<Reply, { outcome: 'void' }>, seq: number]> {
    for (let tries = MOST_TRIES; ; tries--) {
      const seq = this.next();
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
        if (tries <= 1) throw new Error('a newer message came before');
      } catch (error) {
        this.unanswered = [...this.unanswered, seq].slice(-2 * MOST_TRIES);
        // It may have been heard, and granted something that nobody will use.
        this.noteChange();
        if (tries <= 1 || !this.isWorthRetrying(error)) throw error;
      }
    }
  }

  private hear(change: number): void {
    this.heard = Math.max(this.heard, change);
    const told = this.listening.filter((each) => each.change <= this.heard);
    this.listening = this.listening.filter((each) => each.change > this.heard);
    for (const { resolve } of told) resolve();
  }

  private next(): number {
    this.seq++;
    if (this.seq > this.ceiling) {
      this.ceiling = this.seq + STEP;
      this.write();
    }
    return this.seq;
  }
}
