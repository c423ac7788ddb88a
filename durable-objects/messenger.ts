// Numbers the messages of a key's object to its partner's object. Numbers rise, also across crashes: they are reserved in
// the object's row before they are used. A message that is not answered is sent anew under a new number, and says which
// numbers were never answered.

/** Numbers reserved with one write. */
const STEP = 1000;
const MOST_TRIES = 3;

export class Messenger {
  private readonly write: () => void;
  private readonly isWorthRetrying: (error: unknown) => boolean;
  private seq: number;
  private unanswered: number[] = [];
  /** No message was ever sent under a higher number. */
  ceiling: number;

  constructor(ceiling: number, write: () => void, isWorthRetrying: (error: unknown) => boolean) {
    this.ceiling = ceiling;
    this.seq = ceiling;
    this.write = write;
    this.isWorthRetrying = isWorthRetrying;
  }

  /**
   * The answer, and the number that it answers. `transmit` composes the message anew for each try; `failed` is called
   * when one came to nothing. @throws what the last try threw
   */
  async send<Reply extends { outcome: string }>(
    transmit: (seq: number, lost: readonly number[]) => Promise<Reply>,
    failed: () => void,
  ): Promise<[Exclude<Reply, { outcome: 'void' }>, seq: number]> {
    for (let tries = MOST_TRIES; ; tries--) {
      const seq = this.next();
      try {
        const reply = await transmit(seq, this.unanswered);
        if (reply.outcome !== 'void') {
          this.unanswered = [];
          // The type says it: void was ruled out.
          return [reply as Exclude<Reply, { outcome: 'void' }>, seq];
        }
        this.seq = Math.max(this.seq, (reply as unknown as { seq: number }).seq);
        failed();
        if (tries <= 1) throw new Error('a newer message came before');
      } catch (error) {
        this.unanswered = [...this.unanswered, seq].slice(-2 * MOST_TRIES);
        failed();
        if (tries <= 1 || !this.isWorthRetrying(error)) throw error;
      }
    }
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
