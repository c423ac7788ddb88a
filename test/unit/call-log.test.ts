// Which calls are worth a line.

import { describe, expect, it } from 'vitest';
import { createCallLog } from '../../src/gateway/call-log.ts';

function logOf(successShare: number) {
  let nowMs = 1_000_000;
  let made = 0;
  const lines: Record<string, unknown>[] = [];
  let draw = 0;
  const log = createCallLog({
    successShare,
    now: () => nowMs,
    // Evenly over 0 to 1.
    chance: () => (draw++ % 100) / 100,
    log: (line) => lines.push(line),
  });
  return {
    lines,
    made: () => made,
    pass: (ms: number) => {
      nowMs += ms;
    },
    call: (
      status: number,
      { error, from = 'key', durationMs = 5 }: { error?: string; from?: string; durationMs?: number } = {},
    ) =>
      log.write({ status, durationMs, from, error }, () => {
        made++;
        return { status };
      }),
  };
}

describe('of calls that went well', () => {
  it('all are written where the share is 1, and say nothing of a sample', () => {
    const { call, lines } = logOf(1);
    for (let i = 0; i < 50; i++) call(200);
    expect(lines).toEqual(Array.from({ length: 50 }, () => ({ status: 200 })));
  });
  it('a share is written, and says so; the lines of the others are not even made', () => {
    const { call, lines, made } = logOf(0.02);
    for (let i = 0; i < 1000; i++) call(200);
    expect(lines).toEqual(Array.from({ length: 20 }, () => ({ status: 200, sample: 0.02 })));
    expect(made()).toBe(20);
  });
  it('slow ones are always written', () => {
    const { call, lines } = logOf(0);
    call(200, { durationMs: 999 });
    call(200, { durationMs: 1000 });
    expect(lines).toEqual([{ status: 200 }]);
  });
});

describe('of refusals', () => {
  it('the same of the same key is a line a second, with how many there were before', () => {
    const { call, lines, pass } = logOf(0.01);
    for (let i = 0; i < 500; i++) call(429, { error: 'rate_limit_exceeded' });
    pass(1000);
    for (let i = 0; i < 3; i++) call(429, { error: 'rate_limit_exceeded' });
    pass(1000);
    call(429, { error: 'rate_limit_exceeded' });
    pass(1000);
    call(429, { error: 'rate_limit_exceeded' });
    expect(lines).toEqual([
      { status: 429 },
      { status: 429, and_before: 499 },
      { status: 429, and_before: 2 },
      { status: 429 },
    ]);
  });
  it('others, and those of other keys, are not kept back for it', () => {
    const { call, lines } = logOf(0.01);
    for (const from of ['a', 'b'])
      for (const error of ['invalid_api_key', 'not_found']) call(401, { error, from });
    expect(lines.length).toBe(4);
  });
  it('what the upstream answers, and what fails here, is always written', () => {
    const { call, lines } = logOf(0.01);
    for (let i = 0; i < 10; i++) call(404);
    for (let i = 0; i < 10; i++) call(502, { error: 'upstream_error' });
    expect(lines.length).toBe(20);
  });
});
