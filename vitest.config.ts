import { defineConfig } from 'vitest/config';
import { CountReporter } from './scripts/count-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // So that one which hangs ends at all. None is about how fast the machine is: benchmarks are (npm run bench).
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The count last: reporters speak in this order.
    reporters: ['default', new CountReporter()],
  },
});
