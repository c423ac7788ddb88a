// A clock to order for the Worker and its objects, which share an isolate. The platform's own timers keep real time.

const realNow = Date.now;
let shiftMs = 0;

/** From now on `Date.now` is that much later than it is; 0 puts it right. */
export function shiftClock(ms: number): void {
  shiftMs = ms;
  Date.now = () => realNow() + shiftMs;
}

/** An alarm is kept by the platform, which knows nothing of the shift. */
export function alarmsInRealTime(ctx: DurableObjectState): DurableObjectState {
  const setAlarm = ctx.storage.setAlarm.bind(ctx.storage);
  Object.defineProperty(ctx.storage, 'setAlarm', {
    value: (at: number | Date, options?: DurableObjectSetAlarmOptions) =>
      setAlarm(Number(at) - shiftMs, options),
  });
  return ctx;
}
