import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { CountReporter } from './scripts/count-reporter.ts';

// What one process compiled the next one finds: a command of ours starts in half the time, and tests start a hundred.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/node');

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // So that one which hangs ends at all. None is about how fast the machine is: benchmarks are (npm run bench).
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // A file does not pay again for loading the SDK and the CDK; of what is ours it has its own.
    isolate: false,
    setupFiles: [join(import.meta.dirname, 'test/own-modules.ts')],
    // One core is kept back by default, of two: this process has next to nothing to do while tests run.
    maxWorkers: '100%',
    // The count last: reporters speak in this order.
    reporters: ['default', new CountReporter()],
  },
});
