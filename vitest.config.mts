import { defineConfig } from 'vitest/config';

/** Tests run in one process at a time: the engine already uses every core. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env.DETLAB_SLOW ? [] : ['test/**/*.slow.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
