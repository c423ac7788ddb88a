import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;

export default defineConfig({
  root,
  test: {
    projects: [
      { root, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
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
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'] },
      },
      {
        root,
        test: {
          name: 'api',
          include: ['test/api/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/stack-setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
