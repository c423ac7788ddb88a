// Calls to Durable Objects whose replies are lost, late, or that arrive twice: the work is done either way.

/** What the limiter's parts say to each other on the way of a call and after it. */
const METHODS = ['take', 'settle', 'draw', 'report', 'peek'] as const;
type Method = (typeof METHODS)[number];
const isLossy = (name: string | symbol): name is Method => METHODS.includes(name as Method);

export interface ReplyFaults {
  /** Of each method, every so-many-th reply is lost: its caller gets an error that is worth a retry. 0: none. */
  lostEvery: number;
  /** Of each method, every so-many-th message arrives twice: at once, after its answer, or with the next one. 0: none. */
  twiceEvery: number;
  /** Every reply comes this much later. */
  lateMs: number;
}

interface Tally {
  sent: number;
  lost: number;
  twice: number;
}

let faults: ReplyFaults = { lostEvery: 0, twiceEvery: 0, lateMs: 0 };
const tallies = new Map<Method, Tally>();
/** Calls for which nothing was heard of any `take`. */
const unheard = new Set<string>();
const overdue = new Map<Method, () => Promise<unknown>>();

export function orderReplies(order: ReplyFaults): void {
  faults = order;
  for (const method of METHODS) tallies.set(method, { sent: 0, lost: 0, twice: 0 });
  unheard.clear();
  overdue.clear();
}

export const hearing = () => ({ tallies: Object.fromEntries(tallies), unheard: [...unheard] });

const isTurn = (count: number, every: number): boolean => every > 0 && count % every === 0;
const ignored = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

function noteHeard(method: Method, [call]: unknown[], isHeard: boolean): void {
  if (method !== 'take') return;
  const { id } = call as { id: string };
  if (isHeard) unheard.delete(id);
  else unheard.add(id);
}

/** A message, with its copies. */
async function deliver(method: Method, tally: Tally, send: () => Promise<unknown>): Promise<unknown> {
  const late = overdue.get(method);
  overdue.delete(method);
  if (!isTurn(tally.sent, faults.twiceEvery)) {
    const [reply] = await Promise.all([send(), late && ignored(late())]);
    return reply;
  }
  const way = tally.twice++ % 3;
  if (way === 0) return (await Promise.all([send(), ignored(send())]))[0];
  const reply = await send();
  if (way === 1) await ignored(send());
  else overdue.set(method, send);
  return reply;
}

async function call(method: Method, args: unknown[], send: () => Promise<unknown>): Promise<unknown> {
  const tally = tallies.get(method);
  if (!tally) return send();
  tally.sent++;
  const isLost = isTurn(tally.sent, faults.lostEvery);
  try {
    const reply = await deliver(method, tally, send);
    if (faults.lateMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.lateMs));
    if (isLost) {
      tally.lost++;
      throw Object.assign(new Error('reply lost to order'), { retryable: true });
    }
    noteHeard(method, args, true);
    return reply;
  } catch (error) {
    noteHeard(method, args, false);
    throw error;
  }
}

export const lossyObjects = <T extends Rpc.DurableObjectBranded>(
  objects: DurableObjectNamespace<T>,
): DurableObjectNamespace<T> =>
  new Proxy(objects, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name !== 'get') return typeof value === 'function' ? value.bind(target) : value;
      return (id: DurableObjectId) => {
        // Every method of a stub takes anything and answers later: the types of the classes are the callers'.
        const stub = () =>
          target.get(id) as unknown as Record<string | symbol, (...args: unknown[]) => Promise<unknown>>;
        return new Proxy(stub(), {
          get: (direct, method) =>
            isLossy(method)
              ? (...args: unknown[]) => call(method, args, async () => stub()[method]?.(...args))
              : (...args: unknown[]) => direct[method]?.(...args),
        });
      };
    },
  });
