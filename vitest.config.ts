// Unit tests run from the sources (the "source" condition of every package); functional tests start
// the built daemon, so they want `tsc -b` first, which `pnpm check` and `pnpm functional` do.
import { defineConfig } from 'vitest/config';

const conditions = ['source'];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    setupFiles: ['./test/support/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/*.test.ts', 'test/fuzz/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'functional',
          include: ['test/{functional,differential,fault}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
