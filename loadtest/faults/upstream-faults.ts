// The upstream, broken: it hangs, or resets half of its answers.

import type { Fault } from './fault.ts';

/** Tried once more where nothing can have been done twice. */
const TRIES = 2;

const hanging: Fault = {
  name: 'upstream hanging',
  promise: 'Who hangs is answered 504 within ten seconds and not billed; everybody else notices nothing.',
  brokenMs: 12_000,
  break: ({ scene }) => scene.upstream.be('hanging'),
  heal: ({ scene }) => scene.upstream.be('well'),
  trace: ({ upstream }) => upstream.spoilt.size,
  mayFail: ({ status, id }, { upstream }) => status === 504 && upstream.spoilt.has(id),
};

const resetting: Fault = {
  name: 'upstream resetting half its answers',
  promise: 'A call that was reset before its answer is tried again; reset twice it is a 502, and not billed.',
  brokenMs: 8000,
  break: ({ scene }) => scene.upstream.be('resetting'),
  heal: ({ scene }) => scene.upstream.be('well'),
  trace: ({ upstream }) => upstream.spoilt.size,
  mayFail: ({ status, id }, { upstream }) => status === 502 && (upstream.spoilt.get(id) ?? 0) >= TRIES,
};

export const UPSTREAM_FAULTS = [hanging, resetting];
