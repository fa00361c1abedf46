/** Ends a test run with one plain line, without colours, for whoever counts tests by machine: `tests: 12 passed, 0 failed`. */
import type { Reporter, TestModule } from 'vitest/node';

type Counts = Record<'passed' | 'failed' | 'skipped', number>;

export class CountReporter implements Reporter {
  readonly #line: (text: string) => void;

  constructor(line: (text: string) => void = console.log) {
    this.#line = line;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      let failed = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test that never got its turn, because the run was cut short, did not pass.
        if (state === 'passed' || state === 'skipped') counts[state]++;
        else failed++;
      }
      // A file that cannot be loaded, or whose hooks throw, holds no failed test: it fails as one.
      counts.failed += module.ok() ? failed : Math.max(failed, 1);
    }
    // Neither does an error that nobody awaited.
    counts.failed += unhandled.length;
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    this.#line(`tests: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
  }
}
