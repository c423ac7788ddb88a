// `npm run simulate`: random histories of the real limiter in virtual time, checked at every moment; how far limits are
// used; and whether the simulation notices each rule that is broken on purpose. `-- --json` prints one object,
// `-- --histories N` runs fewer or more, `-- --seed N` begins elsewhere, `-- --rules text` breaks only rules with that text.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BatchResult } from './simulation/batch.ts';
import { useOf } from './simulation/histories.ts';
import { MUTANTS, type Mutant } from './simulation/mutants.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url).href);
const HISTORIES_A_PROCESS = 500;
/** A mutant that lives this long is not caught. */
const HISTORIES_A_MUTANT = 3000;

const flag = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const isJson = process.argv.includes('--json');
const histories = flag('histories', 10_000);
const firstSeed = flag('seed', 1);
const rulesAt = process.argv.indexOf('--rules');
const broken = MUTANTS.filter(({ rule }) => rulesAt < 0 || rule.includes(process.argv[rulesAt + 1] ?? ''));

/** The simulation in one file; with a mutant, of a source that has one rule broken. */
async function bundle(folder: string, name: string, mutant?: Mutant): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['loadtest/simulation/batch.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'mutant',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = readFileSync(path, 'utf8');
            if (!mutant || path !== join(ROOT, mutant.file)) return { contents, loader: 'ts' };
            const parts = contents.split(mutant.find);
            if (parts.length !== 2)
              throw new Error(
                `“${mutant.rule}”: its text is there ${parts.length - 1} times in ${mutant.file}`,
              );
            return { contents: parts.join(mutant.replace), loader: 'ts' };
          });
        },
      },
    ],
  });
  return outfile;
}

function run(file: string, first: number, count: number, stopsAtProblem: boolean): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=1024', file, String(first), String(count), stopsAtProblem ? '1' : '0'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('exit', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`simulation ended with ${code}`)),
    );
  });
}

/** As many at once as there are cores. */
async function inParallel<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length) {
      const i = next++;
      const result = await tasks[i]?.();
      if (result !== undefined) results[i] = result;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

const say = (text: string) => {
  if (!isJson) console.log(text);
};

const folder = mkdtempSync(join(tmpdir(), 'passerelle-simulation-'));
try {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const file = await bundle(folder, 'real');
  const starts = Array.from(
    { length: Math.ceil(histories / HISTORIES_A_PROCESS) },
    (_, i) => i * HISTORIES_A_PROCESS,
  );
  const batches = await inParallel(
    starts.map((start) => async () => {
      const result = await run(
        file,
        firstSeed + start,
        Math.min(HISTORIES_A_PROCESS, histories - start),
        false,
      );
      for (const { seed, problems } of result.problems) say(`seed ${seed}: ${problems.join('; ')}`);
      return result;
    }),
  );
  const sum = (of: (batch: BatchResult) => number) => batches.reduce((total, batch) => total + of(batch), 0);
  say(
    `${histories} histories, ${sum(({ leases }) => leases)} leases to keys, ${sum(({ edgeLeases }) => edgeLeases)} to edges, ${sum(({ rowsAhead }) => rowsAhead)} rows read again that were ahead`,
  );
  const exact = await useOf(200, 30, false);
  const leased = await useOf(1000, 20, true);
  const caught = await inParallel(
    broken.map((mutant, i) => async () => {
      // One that the simulation dies of is caught, too.
      const result = await run(
        await bundle(folder, `mutant-${i}`, mutant),
        1,
        HISTORIES_A_MUTANT,
        true,
      ).catch(() => undefined);
      const isCaught = !result || result.problems.length > 0;
      say(`${isCaught ? 'caught' : 'LIVES '}  ${mutant.rule}${result ? ` (${result.histories})` : ''}`);
      return isCaught;
    }),
  );
  const result = {
    histories,
    overAdmitted: sum((batch) => batch.overAdmitted),
    underCounted: sum((batch) => batch.underCounted),
    abandoned: sum((batch) => batch.abandoned),
    useExact: Number(exact.toFixed(4)),
    useLeased: Number(leased.toFixed(4)),
    edgeLeases: sum((batch) => batch.edgeLeases),
    rowsAhead: sum((batch) => batch.rowsAhead),
    mutants: broken.length,
    mutantsCaught: caught.filter(Boolean).length,
  };
  console.log(isJson ? JSON.stringify(result) : result);
  const isGood =
    result.overAdmitted + result.underCounted === 0 &&
    result.mutantsCaught === result.mutants &&
    result.useExact >= 0.99 &&
    result.useLeased >= 0.95;
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
