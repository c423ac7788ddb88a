// The limiter, broken: its objects crash, are evicted, cannot be reached, answer late.

import type { Answer } from './bounded-load.ts';
import type { Fault, Moment } from './fault.ts';
import type { LimiterObject, Scene } from './scene.ts';

const namesOf = ({ parties }: Moment): [LimiterObject, string][] =>
  parties.flatMap(({ partnerId, keys }) => [
    ...keys.map(({ id }): [LimiterObject, string] => ['KEY_LIMITER', id]),
    ['PARTNER_LIMITER', `${partnerId}:live`] as [LimiterObject, string],
  ]);

const crashEach = (binding: LimiterObject) => (moment: Moment) =>
  Promise.all(
    namesOf(moment)
      .filter(([its]) => its === binding)
      .map(([its, name]) => moment.scene.crash(its, name)),
  );

const made = (scene: Scene) => scene.counted('objectsMade');

const keyCrashed: Fault = {
  name: "key's object crashed",
  promise:
    'A call that was under way is asked for again and answered; the count is what it was, to the unit.',
  brokenMs: 8000,
  break: () => undefined,
  again: { everyMs: 400, act: crashEach('KEY_LIMITER') },
  heal: () => undefined,
  trace: made,
};

const partnerCrashed: Fault = {
  name: "partner's object crashed",
  promise: "The key's object asks again, in the same call; the count is what it was, to the unit.",
  brokenMs: 8000,
  break: () => undefined,
  again: { everyMs: 400, act: crashEach('PARTNER_LIMITER') },
  heal: () => undefined,
  trace: made,
};

const bothEvicted: Fault = {
  name: 'both evicted every 3 s',
  promise: 'An eviction is no event: no call fails and nothing is held back.',
  brokenMs: 12_500,
  break: () => undefined,
  again: {
    everyMs: 3000,
    act: (moment) => Promise.all(namesOf(moment).map(([its, name]) => moment.scene.evict(its, name))),
  },
  heal: () => undefined,
  trace: made,
};

/** Quotas that block are refused; what has no quota goes on from an allowance. */
const isRefusedWithout = ({ kind, status, error }: Answer): boolean =>
  status === 503 && error === 'limiter_unavailable' && kind !== 'unlimited';

const unreachable: Fault = {
  name: 'limiter unreachable',
  promise:
    'Quotas that block are refused with 503; rates go on from a small allowance, are billed, and are counted.',
  brokenMs: 8000,
  break: ({ scene }) => scene.order({ limiterDown: true }),
  heal: ({ scene }) => scene.order({ limiterDown: false }),
  trace: (scene) => scene.said('limiter_unavailable'),
  mayFail: isRefusedWithout,
};

const LATE_MS = 3000;

const late: Fault = {
  name: 'limiter answering too late',
  promise: 'As where it is unreachable; what it counted in vain is given back, and nothing is counted twice.',
  brokenMs: 8000,
  break: ({ scene }) => scene.replies({ lostEvery: 0, twiceEvery: 0, lateMs: LATE_MS }),
  heal: ({ scene }) => scene.replies({ lostEvery: 0, twiceEvery: 0, lateMs: 0 }),
  trace: (scene) => scene.said('limiter_unavailable'),
  mayFail: isRefusedWithout,
};

export const LIMITER_FAULTS = [keyCrashed, partnerCrashed, bothEvicted, unreachable, late];
