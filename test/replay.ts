/** A failing test says which seed it ran on and how to run that again. */
import { relative } from 'node:path';
import { onTestFailed } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;

/** Call it in the test, before anything can fail. Everything in the simulated world depends on the seed alone. */
export function replayable(seed: number): void {
  onTestFailed(({ task }) => {
    // vitest reads the title as a regular expression, the shell as a word: anything special stands for itself as a dot.
    const title = task.name.replaceAll(/[^\w\s,:-]/g, '.');
    process.stderr.write(
      `\nseed ${seed}; to replay: npm test -- ${relative(ROOT, task.file.filepath)} -t '${title}'\n`,
    );
  });
}
