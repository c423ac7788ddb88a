// Callers of a bounded number of calls a second and in flight, who note what they were answered.

import { Agent, request } from 'node:http';
import { type Kind, type Party, PLANS, strangersKey } from './parties.ts';

export interface Answer {
  /** Undefined for a stranger, whose key is nobody's. */
  kind: Kind | undefined;
  /** The request's id; empty when nothing was heard. */
  id: string;
  /** 0 when the connection broke off before the answer's headers. */
  status: number;
  /** The code of an error; what broke the connection, where there was no answer. */
  error: string;
  sentMs: number;
  doneMs: number;
  /** The upstream was asked to fail. */
  isToFail: boolean;
}

const PATH = '/v2/stops/x/departures';
const FAIL_EVERY = 9;
const MOST_IN_FLIGHT_A_KEY = 60;
const CALL_MOST_MS = 30_000;
/** workerd closes a connection that was idle for five seconds: a call is not to be sent on one at that very moment. */
const IDLE_MOST_MS = 3000;
const EDGES = ['a', 'b'] as const;

export interface Caller {
  url: string;
  agent: Agent;
  answers: Answer[];
}

export const openCaller = (url: string): Caller => ({
  url,
  agent: new Agent({ keepAlive: true, maxSockets: 512, timeout: IDLE_MOST_MS }),
  answers: [],
});

interface Call {
  kind: Kind | undefined;
  secret: string;
  isToFail: boolean;
  edge: string;
}

const codeOf = (body: string): string => {
  try {
    return String((JSON.parse(body) as { error?: unknown }).error ?? '');
  } catch {
    return '';
  }
};

/** One call, noted among the answers. Never rejects. */
export function callOnce({ url, agent, answers }: Caller, call: Call): Promise<Answer> {
  const { kind, secret, isToFail, edge } = call;
  const sentMs = Date.now();
  return new Promise((resolve) => {
    const answer: Answer = { kind, id: '', status: 0, error: '', sentMs, doneMs: 0, isToFail };
    const done = () => {
      if (answer.doneMs > 0) return;
      answer.doneMs = Date.now();
      answers.push(answer);
      resolve(answer);
    };
    const sent = request(
      `${url}${PATH}${isToFail ? '?upstream=fail' : ''}`,
      {
        agent,
        headers: { authorization: `Bearer ${secret}`, 'x-test-edge': edge },
        signal: AbortSignal.timeout(CALL_MOST_MS),
      },
      (response) => {
        answer.status = response.statusCode ?? 0;
        answer.id = String(response.headers['x-request-id'] ?? '');
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.once('end', () => {
          answer.error = answer.status >= 400 ? codeOf(body) : '';
          done();
        });
        // A body that broke off was answered all the same.
        response.once('error', done);
      },
    );
    sent.once('error', (error: NodeJS.ErrnoException) => {
      answer.error = error.code ?? error.name;
      done();
    });
    sent.end();
  });
}

export interface Load {
  /** No further calls; resolves when the last is answered. */
  stop(): Promise<void>;
}

/** Every key at its pace, over several edges, every ninth call with an upstream that fails. */
export function putLoad(caller: Caller, parties: readonly Party[]): Load {
  const timers: NodeJS.Timeout[] = [];
  const flying = new Set<Promise<unknown>>();
  for (const { kind, keys } of parties) {
    for (const { secret } of keys) {
      let calls = 0;
      let inFlight = 0;
      const tick = () => {
        if (inFlight >= MOST_IN_FLIGHT_A_KEY) return;
        inFlight++;
        const turn = ++calls;
        const edge = EDGES[turn % EDGES.length] ?? 'a';
        const work = callOnce(caller, { kind, secret, isToFail: turn % FAIL_EVERY === 0, edge });
        flying.add(work);
        void work.then(() => {
          inFlight--;
          flying.delete(work);
        });
      };
      timers.push(setInterval(tick, 1000 / PLANS[kind].callsPerSecond));
    }
  }
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(flying);
    },
  };
}

/** So many calls with keys of nobody, from an edge that holds addresses off. */
export const callAsStranger = (caller: Caller): Promise<Answer> =>
  callOnce(caller, { kind: undefined, secret: strangersKey(), isToFail: false, edge: 'guarded' });
