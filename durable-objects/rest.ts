// Once calls have ended, what is held goes back, so that an eviction costs nothing. Then nothing is left running.

import type { KeyPorts } from './counter-ports.ts';
import type { KeyState } from './key-state.ts';
import type { PartnerTalk } from './partner-talk.ts';

/** After this long without a call, what is held goes back. */
const REST_AFTER_MS = 300;
/** An object that dies while it holds or owes something is made again after this long, and says so. */
const WAKE_AFTER_MS = 2000;
/** Tries to come to rest while the partner's object does not answer, each twice as late as the one before. */
const MAX_REST_TRIES = 5;
const FIRST_REST_PAUSE_MS = 200;

export class Rest {
  private readonly ports: KeyPorts;
  private readonly state: KeyState;
  private readonly talk: PartnerTalk;
  private isResting = false;
  private willWake = false;
  private lastCallMs = 0;

  constructor(ports: KeyPorts, state: KeyState, talk: PartnerTalk) {
    this.ports = ports;
    this.state = state;
    this.talk = talk;
  }

  noteCall(nowMs: number): void {
    this.lastCallMs = nowMs;
  }

  /** To be said whenever something may have come to be held or owed. */
  begin(): void {
    if (!this.state.owes) return;
    if (!this.willWake) this.ports.wakeAt(this.ports.now() + WAKE_AFTER_MS);
    this.willWake = true;
    if (this.isResting) return;
    this.isResting = true;
    this.ports.keepAlive(
      this.comeToRest().finally(() => {
        this.isResting = false;
      }),
    );
  }

  /** While it holds or owes something, this comes after a while, also to a new instance. */
  async wake(): Promise<void> {
    this.willWake = false;
    const isCalled = this.ports.now() - this.lastCallMs < WAKE_AFTER_MS;
    if (isCalled) this.begin();
    else await this.talk.report();
  }

  private async comeToRest(): Promise<void> {
    for (;;) {
      const waitMs = this.lastCallMs + REST_AFTER_MS - this.ports.now();
      if (waitMs <= 0) break;
      await this.ports.sleep(waitMs);
    }
    for (let tried = 0; tried < MAX_REST_TRIES; tried++) {
      this.state.held.dropSpent();
      try {
        await this.talk.report();
        if (this.state.owes) continue;
        this.ports.wakeAt(undefined);
        this.willWake = false;
        return;
      } catch {
        await this.ports.sleep(FIRST_REST_PAUSE_MS * 2 ** tried);
      }
    }
    const { partnerObject } = this.state;
    this.ports.log({ message: 'key cannot report', level: 'error', partner: partnerObject });
  }
}
