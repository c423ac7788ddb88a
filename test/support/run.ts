// `npm test`: brings what the tests need, then runs everything: format and lint, types, unit, worker, API and browser
// tests, and a dry run of the deployment; then whether every statement that yields rows was executed, and so compared with
// their schema. Arguments go to vitest: `npm test -- test/unit`.
// `npm run check` (`--check`): what a commit needs, in under a minute: format and lint, types, unit tests.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureAuthlib, ensureChromium, ensurePrometheus, ensureRedis } from './tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), 'passerelle-run-'));
const isCheck = process.argv[2] === '--check';
const only = isCheck ? ['test/unit'] : process.argv.slice(2);

/** Whether any test of a folder may run: a tool that is not used is not asked for. */
function mayRun(tests: string): boolean {
  const places = only.filter((argument) => !argument.startsWith('-'));
  return (
    places.length === 0 ||
    places.some(
      (place) => !place.startsWith('test/') || `${place}/`.startsWith(tests) || tests.startsWith(place),
    )
  );
}

const tools: Record<string, string> = {};
try {
  if (mayRun('test/e2e/')) tools.CHROMIUM_PATH = ensureChromium();
  if (mayRun('test/api/')) {
    ensureAuthlib();
    tools.REDIS_SERVER_PATH = ensureRedis();
    const { prometheus, promtool } = ensurePrometheus();
    tools.PROMETHEUS_PATH = prometheus;
    tools.PROMTOOL_PATH = promtool;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

interface Step {
  name: string;
  command: string;
  args: string[];
}

const checks: Step[] = [
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of the islands', command: 'tsc', args: ['-p', 'src/web/islands'] },
];
const deployment: Step = {
  name: 'deployment (dry run)',
  command: 'wrangler',
  args: ['deploy', '--dry-run', '--env', 'production', '--outdir', join(folder, 'bundle')],
};
const vitest = (file: string, args: readonly string[]): Step => ({
  name: 'tests',
  command: 'vitest',
  args: [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(folder, file)}`,
    ...args,
  ],
});
/** The tests run in three parts at once, each with a stack of its own: most wait for something. */
const parts = [['beside'], ['api', 'unit', 'worker'], ['calls', 'count', 'dev']].map((projects, i) =>
  vitest(
    `${i}.json`,
    projects.map((project) => `--project=${project}`),
  ),
);

/** What the tests executed: src/dev/row-check.ts writes it. */
const executed = join(folder, 'statements.jsonl');
const environment = {
  ...process.env,
  ...tools,
  WRANGLER_SEND_METRICS: 'false',
  PASSERELLE_STATEMENTS: executed,
};

const spawned = ({ command, args }: Step, output: 'inherit' | 'pipe') =>
  spawn(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: ['ignore', output, output],
    env: environment,
  });

const runShown = (step: Step): Promise<boolean> =>
  new Promise((resolve) => spawned(step, 'inherit').once('close', (status) => resolve(status === 0)));

/** `text`: what it said. */
function run(step: Step): Promise<{ isGood: boolean; text: string }> {
  return new Promise((resolve) => {
    const child = spawned(step, 'pipe');
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    child.once('close', (status) => resolve({ isGood: status === 0, text }));
  });
}

/** What it said is shown when it has ended. */
async function runBeside(step: Step): Promise<boolean> {
  const { isGood, text } = await run(step);
  console.log(text);
  return isGood;
}

interface Counted {
  passed: number;
  failed: number;
  /** What failed, with the first line of why. */
  failures: string[];
}

interface VitestReport {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

function counted(file: string): Counted {
  try {
    const report = JSON.parse(readFileSync(join(folder, file), 'utf8')) as VitestReport;
    const failures = report.testResults
      .filter(({ status }) => status === 'failed')
      .flatMap(({ name, message, assertionResults }) => {
        const place = relative(root, name);
        const tests = assertionResults.filter(({ status }) => status === 'failed');
        return tests.length === 0
          ? [`${place}: ${firstLine(message)}`]
          : tests.map(
              ({ fullName, failureMessages: [why = ''] }) => `${place} > ${fullName}: ${firstLine(why)}`,
            );
      });
    return { passed: report.numPassedTests, failed: failures.length, failures };
  } catch {
    return { passed: 0, failed: 1, failures: [`${file}: no report`] };
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** Statements of `src` that no test executed, or whose rows are not what they declare: only a whole run can say it. */
async function reportStatements(): Promise<number> {
  const { findStatements, mismatches, notExecuted, readExecuted } = await import('./statements.ts');
  const { statements, schemas, reasons } = findStatements();
  const noted = readExecuted(existsSync(executed) ? readFileSync(executed, 'utf8') : '');
  const missing = notExecuted(statements, noted);
  const wrong = mismatches(schemas, noted);
  console.log(
    `\n— statements: ${statements.length} yield rows, ${reasons} of their columns are never null for a reason`,
  );
  for (const { place, schema, text } of missing)
    console.error(`✗ no test executes the statement at ${place}: rows of "${schema}", ${text}`);
  for (const { name, wrong: what } of wrong) console.error(`✗ rows of "${name}": ${what.join('; ')}`);
  return missing.length + wrong.length;
}

/** The checks, one after the other: the first that fails ends them. */
async function runChecks(steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) {
    const { isGood, text } = await run(step);
    if (isGood) console.log(`\n— ${step.name} ✓`);
    else console.error(`\n— ${step.name}\n${text}\n✗ ${step.name} failed`);
    if (!isGood) return false;
  }
  return true;
}

let failed = 0;
let passed = 0;
/** Said again at the end: the parts say much in between. */
const failures: string[] = [];
const isWhole = only.length === 0;
const steps = isCheck ? checks : isWhole ? [...checks, deployment] : [];
if (!(await runChecks(steps))) failed++;
else {
  const tests = isWhole ? parts : [vitest('0.json', only)];
  const all = await Promise.all(tests.map((each, i) => (i === 0 ? runShown(each) : runBeside(each))));
  for (const [i, isGood] of all.entries()) {
    const result = counted(`${i}.json`);
    passed += result.passed;
    failed += Math.max(result.failed, isGood ? 0 : 1);
    failures.push(...result.failures);
  }
  if (isWhole && !isCheck) failed += await reportStatements();
}
rmSync(folder, { recursive: true, force: true });
for (const failure of failures) console.error(`✗ ${failure}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
