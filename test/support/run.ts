// `npm test`: brings what the tests need, then runs everything: format and lint, types, unit, worker, API and browser
// tests, and a dry run of the deployment. Arguments go to vitest: `npm test -- test/unit`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium, ensurePrometheus, ensureRedis } from './tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), 'passerelle-run-'));
const report = join(folder, 'report.json');
const only = process.argv.slice(2);

const tools: Record<string, string> = {};
try {
  tools.CHROMIUM_PATH = ensureChromium();
  tools.REDIS_SERVER_PATH = ensureRedis();
  const { prometheus, promtool } = ensurePrometheus();
  tools.PROMETHEUS_PATH = prometheus;
  tools.PROMTOOL_PATH = promtool;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

interface Step {
  name: string;
  command: string;
  args: string[];
}

const steps: Step[] = [
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of the islands', command: 'tsc', args: ['-p', 'src/web/islands'] },
  {
    name: 'deployment (dry run)',
    command: 'wrangler',
    args: ['deploy', '--dry-run', '--env', 'production', '--outdir', join(folder, 'bundle')],
  },
];
const vitest: Step = {
  name: 'tests',
  command: 'vitest',
  args: [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...only,
  ],
};

let failed = 0;
for (const { name, command, args } of only.length > 0 ? [vitest] : [...steps, vitest]) {
  console.log(`\n— ${name}`);
  const quiet = command === 'wrangler';
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, ...tools, WRANGLER_SEND_METRICS: 'false' },
  });
  if (status === 0) continue;
  if (quiet) console.error(stdout);
  console.error(`✗ ${name} failed`);
  failed++;
  if (command !== 'vitest') break;
}

let passed = 0;
try {
  const result = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
  };
  passed = result.numPassedTests;
  failed = Math.max(failed, result.numFailedTests);
} catch {
  failed = Math.max(failed, 1);
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
