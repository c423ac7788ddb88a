import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = new URL('..', import.meta.url).pathname;

/** Markdown is imported as its text, as the bundler does. */
const markdown = {
  name: 'markdown',
  transform: (text: string, id: string) =>
    id.endsWith('.md') ? `export default ${JSON.stringify(text)};` : undefined,
};

/** Tests that need a stack of their own beside the others', or that only wait. */
const BESIDE = [
  'test/api/accounts.test.ts',
  'test/api/alerts.test.ts',
  'test/api/commands.test.ts',
  'test/api/console.test.ts',
  'test/api/doors.test.ts',
  'test/api/identity.test.ts',
  'test/api/isolation.test.ts',
  'test/api/openapi.test.ts',
  'test/api/tenants.test.ts',
  'test/api/webhooks.test.ts',
];

/** Of these, most take a minute of bursts and pauses; what is imported lists any origin, which others ask about. */
const COUNT = [
  'test/api/agreement.test.ts',
  'test/api/billing.test.ts',
  'test/api/import.test.ts',
  'test/api/jobs.test.ts',
  'test/api/one-count.test.ts',
];

/** Of a single call and its count, from the door to the fold. */
const CALLS = [
  'test/api/abuse-guard.test.ts',
  'test/api/admitted-billed.test.ts',
  'test/api/contract.test.ts',
  'test/api/dead-letters.test.ts',
  'test/api/disconnect.test.ts',
  'test/api/flood.test.ts',
  'test/api/forward.test.ts',
  'test/api/outage.test.ts',
  'test/api/plan-allows.test.ts',
  'test/api/refusals.test.ts',
  'test/api/revocation.test.ts',
  'test/api/usage.test.ts',
];

/**
 * The same order everywhere. By default it is that of how long files took at the last run, and where nothing ran of their sizes: what a
 * file leaves in its stack for the next would show on some machines only.
 */
class ByPath extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ project, moduleId }: TestSpecification) =>
      `${project.config.sequence.groupOrder} ${project.name} ${moduleId}`;
    return [...files].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  }
}

/** Files of a project share one stack, and so go one after the other. */
const withStack = {
  maxConcurrency: 20,
  globalSetup: ['test/support/stack-setup.ts'],
  fileParallelism: false,
  // Walks of all pages take a minute where others have the cores.
  testTimeout: 180_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  root,
  test: {
    // What a file's modules hold is for all: each would load the same again.
    isolate: false,
    sequence: { sequencer: ByPath },
    projects: [
      // They take a second; beside the others, on two cores, some have taken six.
      {
        root,
        plugins: [markdown],
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 30_000,
          pool: 'threads',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: 'dev',
          include: ['test/dev/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        root,
        plugins: [
          cloudflareTest({
            main: './test/support/objects.ts',
            miniflare: {
              compatibilityDate: '2026-10-15',
              durableObjects: {
                KEY_LIMITER: { className: 'KeyLimiter', useSQLite: true },
                PARTNER_LIMITER: { className: 'PartnerLimiter', useSQLite: true },
                PAYMENT_SANDBOX: { className: 'PaymentSandbox', useSQLite: true },
              },
            },
          }),
        ],
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'], testTimeout: 60_000 },
      },
      // Stacks side by side: most of these wait for queues, clocks and browsers rather than for a core.
      {
        root,
        plugins: [markdown],
        test: {
          name: 'api',
          include: ['test/api/**/*.test.ts'],
          exclude: [...BESIDE, ...CALLS, ...COUNT],
          ...withStack,
        },
      },
      {
        root,
        plugins: [markdown],
        test: { name: 'beside', include: ['test/e2e/**/*.test.ts', ...BESIDE], ...withStack },
      },
      { root, plugins: [markdown], test: { name: 'calls', include: CALLS, ...withStack } },
      { root, plugins: [markdown], test: { name: 'count', include: COUNT, ...withStack } },
    ],
  },
});
