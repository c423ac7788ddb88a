// What keeps the local stack whole: its drain, its log, and which processes it may end.

import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Activity, createActivityMeter, LONGEST_MS } from '../../src/dev/activity.ts';
import { drain, sayLeft } from '../../src/dev/drain.ts';
import { type Disk, openLogFile } from '../../src/dev/log-file.ts';
import { endLeftPostgres } from '../../src/dev/postgres.ts';
import { preparePostgres } from '../../src/dev/postgres-program.ts';
import { claimFolder, endOrphans, RunsAlready } from '../../src/dev/process-record.ts';
import { endProcess, identify, isAlive } from '../../src/dev/processes.ts';
import { ownSignals } from '../../src/dev/signals.ts';

let folder: string;
const children: ChildProcess[] = [];
const said: string[] = [];
const say = (line: string) => void said.push(line);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'passerelle-unit-'));
  said.length = 0;
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that does nothing, ours to end. */
function idler(...args: string[]): { pid: number; birth: string } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e6)', '--', ...args], {
    stdio: 'ignore',
  });
  children.push(child);
  const id = identify(child.pid ?? 0);
  if (!id) throw new Error('no process');
  return id;
}

describe('the drain', () => {
  const idle: Activity = { calls: 0, bodies: 0, tasks: 0, messages: 0, quietMs: 60_000 };

  /** Runs a drain over what the Worker says at each moment, with a clock of its own. */
  async function run(at: (ms: number) => Activity | undefined) {
    let ms = 0;
    const left = await drain({
      ask: async () => at(ms),
      now: () => ms,
      sleep: async (more) => {
        ms += more;
      },
    });
    return { left, ms };
  }

  it('ends at once when nothing goes on', async () => {
    expect(await run(() => idle)).toEqual({ left: undefined, ms: 0 });
  });

  it('waits for calls, then for their usage, then until all was quiet for a while', async () => {
    const { left, ms } = await run((now) => {
      if (now < 4000) return { ...idle, calls: 3, quietMs: 0 };
      if (now < 5000) return { ...idle, tasks: 1, quietMs: 0 };
      if (now < 6000) return { ...idle, messages: 1, quietMs: 0 };
      return { ...idle, quietMs: now - 6000 };
    });
    expect(left).toBeUndefined();
    expect(ms).toBe(7500);
  });

  it('gives usage the time that a restart of PostgreSQL takes, however long the calls took', async () => {
    const { left } = await run((now) => {
      if (now < 30_000) return { ...idle, bodies: 1 };
      return now < 48_000 ? { ...idle, messages: 2 } : idle;
    });
    expect(left).toBeUndefined();
  });

  it('does not wait for ever, and says what is lost', async () => {
    const stuck = { ...idle, calls: 1, messages: 2 };
    const { left, ms } = await run(() => stuck);
    expect(left).toEqual(stuck);
    expect(ms).toBeLessThanOrEqual(60_000);
    expect(sayLeft(stuck)).toBe(
      'Lost: 1 calls that had not ended, 2 messages of usage that could not be written.',
    );
    expect((await run(() => undefined)).left).toBe('no answer');
  });
});

describe('the meter of what the Worker does', () => {
  it('counts what has begun and not ended, and messages until they are folded', () => {
    let ms = 0;
    const meter = createActivityMeter(() => ms);
    const ended = meter.begin('calls');
    const task = meter.begin('tasks');
    const body = meter.begin('bodies');
    meter.sent(2);
    ms = 100;
    expect(meter.read()).toEqual({ calls: 1, bodies: 1, tasks: 1, messages: 2, quietMs: 100 });
    ended();
    body();
    body();
    task();
    meter.settled(2);
    ms = 300;
    expect(meter.read()).toEqual({ calls: 0, bodies: 0, tasks: 0, messages: 0, quietMs: 200 });
  });

  it('forgets a call that is older than any can be, but no body whose end is always told', () => {
    let ms = 0;
    const meter = createActivityMeter(() => ms);
    meter.begin('calls');
    meter.begin('bodies', Number.POSITIVE_INFINITY);
    ms = LONGEST_MS;
    expect(meter.read()).toMatchObject({ calls: 0, bodies: 1 });
  });
});

it('signals are answered by us alone, whoever was there before or comes later', async () => {
  const signals = new EventEmitter();
  const answered: string[] = [];
  signals.on('SIGINT', () => answered.push('before'));
  ownSignals(() => answered.push('ours'), signals);
  signals.on('SIGINT', () => answered.push('later'));
  signals.once('SIGTERM', () => answered.push('later'));
  signals.on('exit', () => answered.push('at the end'));
  await Promise.resolve();
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit']) signals.emit(event);
  expect(answered).toEqual(['ours', 'ours', 'ours', 'at the end']);
});

describe('the log', () => {
  /** A disk of so many bytes. */
  function diskOf(room: { bytes: number }) {
    const files = new Map<string, string>();
    const disk: Disk = {
      async append(file, text) {
        const used = [...files.values()].join('').length;
        if (used + text.length > room.bytes) throw new Error('ENOSPC: no space left on device, write');
        files.set(file, (files.get(file) ?? '') + text);
      },
      bytes: async (file) => files.get(file)?.length ?? 0,
      async rename(from, to) {
        const text = files.get(from);
        if (text === undefined) return;
        files.set(to, text);
        files.delete(from);
      },
    };
    return { files, disk };
  }

  it('writes lines in order, in the background', async () => {
    const file = join(folder, 'worker.log');
    const log = openLogFile({ file, say });
    for (let line = 0; line < 1000; line++) log.write(String(line));
    await log.close();
    expect(readFileSync(file, 'utf8').trim().split('\n').map(Number)).toEqual([...Array(1000).keys()]);
  });

  it('is turned over when it is large; the oldest goes', async () => {
    const { files, disk } = diskOf({ bytes: 1e6 });
    for (const line of ['a', 'b', 'c', 'd', 'e']) {
      const log = openLogFile({ file: 'log', say, maxBytes: 25, kept: 3, disk });
      log.write(line.repeat(19));
      await log.close();
    }
    const sizes = [...files].sort().map(([name, text]) => [name, text[0]]);
    expect(sizes).toEqual([
      ['log', 'e'],
      ['log.1', 'd'],
      ['log.2', 'c'],
    ]);
  });

  it('says once that the disk is full, does not throw, and says what is missing when there is room', async () => {
    const room = { bytes: 10 };
    const { files, disk } = diskOf(room);
    const log = openLogFile({ file: 'worker.log', say, disk });
    for (const line of ['kept', 'this does not fit', 'nor this']) {
      log.write(line);
      await log.close();
    }
    expect(said).toEqual([
      'The disk is full: ENOSPC: no space left on device, write. Lines of worker.log are left out until it can be written.',
    ]);
    room.bytes = 1000;
    log.write('again');
    await log.close();
    expect(said[1]).toBe('worker.log is written again; 2 lines are missing.');
    expect(files.get('worker.log')).toBe('kept\nagain\n');
  });
});

describe('processes that a run left', () => {
  const write = (processes: object) =>
    writeFileSync(join(folder, 'processes.json'), JSON.stringify({ url: 'http://here', processes }));

  it('are ended by the next start', async () => {
    const [stack, workerd, postgres] = [idler(), idler(), idler()];
    const terminal = idler();
    await endProcess(terminal, [['SIGKILL', 5000]]);
    await endProcess(stack, [['SIGKILL', 5000]]);
    write({ terminal, stack, workerd, postgres });
    const record = await claimFolder(folder, process.ppid, say);
    expect([workerd, postgres].map(isAlive)).toEqual([false, false]);
    expect(said).toEqual([
      `The last run did not stop. Ending what is left of it (processes ${workerd.pid}, ${postgres.pid}) …`,
    ]);
    record.release();
    expect(existsSync(join(folder, 'processes.json'))).toBe(false);
  });

  it('are left alone when their pids were given to somebody else', async () => {
    const stranger = idler();
    const dead = { ...stranger, birth: 'long ago' };
    write({ terminal: dead, stack: dead, workerd: dead, postgres: dead });
    await endOrphans(folder, say);
    expect(isAlive(stranger)).toBe(true);
    expect(said).toEqual([]);
  });

  it('are not left but running while the terminal and the stack live', async () => {
    const [terminal, stack, workerd] = [idler(), idler(), idler()];
    write({ terminal, stack, workerd });
    await expect(endOrphans(folder, say)).rejects.toThrow(RunsAlready);
    await expect(claimFolder(folder, process.ppid, say)).rejects.toThrow(
      `Passerelle already runs here at http://here (process ${stack.pid}).`,
    );
    expect([terminal, stack, workerd].map(isAlive)).toEqual([true, true, true]);
  });

  it('do not hinder when their record cannot be read', async () => {
    writeFileSync(join(folder, 'processes.json'), '{"proc');
    (await claimFolder(folder, process.ppid, say)).release();
  });

  it('a pid file of PostgreSQL whose pid is somebody else’s is removed, and nobody is ended', async () => {
    const data = join(folder, 'postgres');
    mkdirSync(data);
    const stranger = idler();
    writeFileSync(join(data, 'postmaster.pid'), `${stranger.pid}\n${data}\n`);
    await endLeftPostgres(data);
    expect(isAlive(stranger)).toBe(true);
    expect(existsSync(join(data, 'postmaster.pid'))).toBe(false);
  });

  it('a PostgreSQL that still runs over the folder is ended', async () => {
    const data = join(folder, 'postgres');
    mkdirSync(data);
    const left = idler('-D', data, '-p', '1');
    writeFileSync(join(data, 'postmaster.pid'), `${left.pid}\n${data}\n`);
    await endLeftPostgres(data);
    expect(isAlive(left)).toBe(false);
  });
});

it.runIf(process.getuid?.() === 0)(
  'started by root, a private folder lets postgres pass, and nobody else',
  () => {
    mkdirSync(join(folder, 'private'), { mode: 0o700 });
    preparePostgres(join(folder, 'private', 'postgres'));
    expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o710);
    preparePostgres(join(folder, 'private', 'postgres'));
    expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o710);
  },
);
