import { defineConfig } from 'vitest/config';

// Workspace packages are tested from their sources: `handfast-source` is the condition under which they export those.
const source = 'handfast-source';

export default defineConfig({
  resolve: { conditions: [source] },
  ssr: { resolve: { conditions: [source, 'node'], externalConditions: [source, 'node'] } },
  test: {
    include: [
      'packages/**/src/**/*.test.ts',
      'apps/**/src/**/*.test.ts',
      'test/**/*.test.ts',
      'tools/**/*.test.ts',
      'fuzz/**/*.test.ts',
      'conformance/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', './tools/ci-reporter.ts'] : ['default'],
    execArgv: [`--conditions=${source}`],
  },
});
