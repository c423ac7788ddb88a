// A log that is written in the background, turned over when it is large, and never throws: a full disk is said once, and
// what did not fit is counted.

import { appendFile, rename, stat } from 'node:fs/promises';

export interface LogFileOptions {
  file: string;
  say(line: string): void;
  maxBytes?: number;
  /** Files kept in all: worker.log, worker.log.1, … */
  kept?: number;
  disk?: Disk;
}

export interface Disk {
  append(file: string, text: string): Promise<void>;
  bytes(file: string): Promise<number>;
  rename(from: string, to: string): Promise<void>;
}

export interface LogFile {
  write(line: string): void;
  /** Writes what is still held. */
  close(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
const FLUSH_MS = 200;
const MAX_HELD_LINES = 20_000;

const realDisk: Disk = {
  append: (file, text) => appendFile(file, text),
  bytes: (file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    ),
  rename: (from, to) => rename(from, to).catch(() => undefined),
};

/** The error in words for whoever reads the terminal. */
export const sayPlainly = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return /ENOSPC|No space left on device/.test(text) ? `The disk is full: ${text}` : text;
};

export function openLogFile({
  file,
  say,
  maxBytes = 10 * MEBIBYTE,
  kept = 3,
  disk = realDisk,
}: LogFileOptions): LogFile {
  let held: string[] = [];
  let leftOut = 0;
  let isFailing = false;
  let size: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  async function turnOver(): Promise<void> {
    for (let age = kept - 1; age >= 1; age--) {
      await disk.rename(age === 1 ? file : `${file}.${age - 1}`, `${file}.${age}`);
    }
    size = 0;
  }

  async function flush(): Promise<void> {
    const lines = held;
    held = [];
    if (lines.length === 0) return;
    const text = `${lines.join('\n')}\n`;
    try {
      size ??= await disk.bytes(file);
      if (size > 0 && size + text.length > maxBytes) await turnOver();
      await disk.append(file, text);
      size += Buffer.byteLength(text);
      if (isFailing) say(`${file} is written again; ${leftOut} lines are missing.`);
      isFailing = false;
      leftOut = 0;
    } catch (error) {
      leftOut += lines.length;
      if (!isFailing) say(`${sayPlainly(error)}. Lines of ${file} are left out until it can be written.`);
      isFailing = true;
      size = undefined;
    }
  }

  function flushSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      writing = writing.then(flush);
    }, FLUSH_MS);
  }

  return {
    write(line) {
      if (held.length >= MAX_HELD_LINES) leftOut++;
      else held.push(line);
      flushSoon();
    },
    async close() {
      clearTimeout(timer);
      writing = writing.then(flush);
      await writing;
    },
  };
}
