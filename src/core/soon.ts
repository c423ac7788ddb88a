// What is mostly there at once, and otherwise comes. A warm call waits for its upstream and for nothing else: each wait costs it
// more than most of its stages do. Pure.

export type Soon<Value> = Value | Promise<Value>;

/** Whether it has to be waited for. */
export const isComing = <Value>(soon: Soon<Value>): soon is Promise<Value> => soon instanceof Promise;

/** What `next` makes of it: now, where it is there. */
export const after = <Value, Next>(soon: Soon<Value>, next: (value: Value) => Soon<Next>): Soon<Next> =>
  isComing(soon) ? soon.then(next) : next(soon);
