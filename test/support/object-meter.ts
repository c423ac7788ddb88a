// What Durable Objects do that is billed: rows, alarms, and how long each is active. An object is active from its first
// piece of work (a call, an alarm, what `waitUntil` was given) until its last ends; between them it may hibernate, and costs
// nothing. Work that overlaps is counted once.

export const objectCounts = {
  /** Objects that were made, for the first time or after an eviction or a crash. */
  objectsMade: 0,
  rowsRead: 0,
  /** With alarms, and what is deleted. */
  rowsWritten: 0,
  /** Of them, those of partners' objects, and alarms. */
  partnerRows: 0,
  alarmRows: 0,
  alarms: 0,
};

/** The true clock: another may be ordered. */
const now = Date.now;
const active = new Map<ObjectMeter, number>();
let activeMs = 0;

/** Milliseconds of all objects, until this moment. */
export const activeUntilNow = (): number =>
  [...active.values()].reduce((sum, sinceMs) => sum + now() - sinceMs, activeMs);

export class ObjectMeter {
  private readonly level: 'key' | 'partner';
  private pending = 0;

  constructor(level: 'key' | 'partner') {
    this.level = level;
  }

  /** Counts what is stored and what goes on in the background. */
  watch(ctx: DurableObjectState): DurableObjectState {
    objectCounts.objectsMade++;
    const { storage } = ctx;
    const { kv } = storage;
    const instead = (on: object, name: string, value: unknown) =>
      Object.defineProperty(on, name, { value, configurable: true });
    const read = kv.get.bind(kv);
    instead(kv, 'get', (key: string) => {
      objectCounts.rowsRead++;
      return read(key);
    });
    const put = kv.put.bind(kv);
    instead(kv, 'put', (key: string, value: unknown) => {
      this.noteRow();
      put(key, value);
    });
    const remove = kv.delete.bind(kv);
    instead(kv, 'delete', (key: string) => {
      this.noteRow();
      return remove(key);
    });
    const setAlarm = storage.setAlarm.bind(storage);
    instead(storage, 'setAlarm', (at: number | Date, options?: DurableObjectSetAlarmOptions) => {
      this.noteAlarm();
      return setAlarm(at, options);
    });
    const deleteAlarm = storage.deleteAlarm.bind(storage);
    instead(storage, 'deleteAlarm', (options?: DurableObjectSetAlarmOptions) => {
      this.noteAlarm();
      return deleteAlarm(options);
    });
    const waitUntil = ctx.waitUntil.bind(ctx);
    instead(ctx, 'waitUntil', (work: Promise<unknown>) => waitUntil(this.during(() => work)));
    return ctx;
  }

  /** Does the work, and counts the object as active until it is done. */
  during<T>(work: () => T): T {
    if (this.pending++ === 0) active.set(this, now());
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.end();
      throw error;
    }
    const end = () => this.end();
    if (result instanceof Promise) result.then(end, end);
    else end();
    return result;
  }

  private end(): void {
    if (--this.pending > 0) return;
    activeMs += now() - (active.get(this) ?? now());
    active.delete(this);
  }

  private noteRow(): void {
    objectCounts.rowsWritten++;
    if (this.level === 'partner') objectCounts.partnerRows++;
  }

  private noteAlarm(): void {
    objectCounts.alarmRows++;
    this.noteRow();
  }
}
