// Long sweeps, run by `pnpm check:slow`: they start the built daemon, so `tsc -b` comes first.
import { defineConfig } from 'vitest/config';

const conditions = ['source'];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { include: ['test/slow/**/*.test.ts'], testTimeout: 1_800_000, fileParallelism: false },
});
