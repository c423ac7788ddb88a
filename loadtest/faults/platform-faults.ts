// What lies around the Worker, broken: the database, the queue, its consumer, Redis.

import { callAsStranger } from './bounded-load.ts';
import type { Fault } from './fault.ts';
import { MOST_FAILURES } from './scene.ts';

const SLOW_STATEMENT_MS = 2000;

const postgresStopped: Fault = {
  name: 'Postgres stopped',
  promise:
    'Known keys are served and limited as ever; their usage waits, and is there soon after the database is.',
  brokenMs: 60_000,
  break: ({ scene }) => scene.stack.postgres.stop(),
  heal: ({ scene }) => scene.stack.postgres.start(),
  trace: (scene) => scene.said('usage waits'),
};

const postgresSlow: Fault = {
  name: 'Postgres slow',
  promise:
    'With two seconds for every statement no call of a known key waits for one, and nothing is counted twice.',
  brokenMs: 15_000,
  break: ({ scene }) => scene.endpoint.delay(SLOW_STATEMENT_MS),
  heal: ({ scene }) => scene.endpoint.delay(0),
  trace: (scene) => scene.endpoint.spoilt(),
  async check({ caller }) {
    const slow = caller.answers.filter(({ sentMs, doneMs }) => doneMs - sentMs >= SLOW_STATEMENT_MS).length;
    return slow > 0 ? [`${slow} calls took as long as a statement`] : [];
  },
};

const queueRefusing: Fault = {
  name: 'queue refusing',
  promise: 'No call is refused for it; what could not be sent is kept and sent when the queue takes it.',
  brokenMs: 10_000,
  break: ({ scene }) => scene.order({ queueDown: true }),
  heal: ({ scene }) => scene.order({ queueDown: false }),
  trace: (scene) => scene.counted('queueRefusals'),
};

const STEPS = ['before', 'in', 'after'] as const;

const consumerKilled: Fault = {
  name: 'consumer killed',
  promise:
    'Killed before the fold, in it, or between it and the acknowledgement, it loses nothing and counts nothing twice.',
  brokenMs: 12_000,
  break: () => undefined,
  again: {
    everyMs: 400,
    async act({ scene }, turn) {
      const step = STEPS[turn % STEPS.length];
      // In the fold: the database has done it, and nobody is there to hear it.
      if (step === 'in') scene.endpoint.loseNext('INSERT INTO api_usage_events');
      else await scene.order({ dies: { step, times: 1 } });
    },
  },
  heal({ scene }) {
    scene.endpoint.loseNext('');
    return scene.order({ dies: { step: 'none', times: 0 } });
  },
  trace: (scene) => scene.counted('consumerDeaths'),
};

const redisGone: Fault = {
  name: 'Redis gone',
  promise:
    'Nobody notices: known keys are served, strangers are still refused, and held off again once it is back.',
  brokenMs: 8000,
  break: ({ scene }) => scene.redis.pause(),
  again: {
    everyMs: 250,
    act: async ({ caller }) => {
      await callAsStranger(caller);
    },
  },
  heal: ({ scene }) => scene.redis.resume(),
  trace: (scene) => scene.said('abuse guard'),
  async check({ caller }) {
    const answers = [];
    // The last failures are noted behind their answers: a few more than the limit.
    for (let i = 0; i < 3 * MOST_FAILURES; i++) answers.push(await callAsStranger(caller));
    const isHeldOff = answers.some(({ status }) => status === 429);
    return isHeldOff ? [] : ['strangers are not held off again'];
  },
};

export const PLATFORM_FAULTS = [postgresStopped, postgresSlow, queueRefusing, consumerKilled, redisGone];
