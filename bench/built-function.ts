/** A built function in a process of its own, with the heap that Lambda would give it. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { bundlesFolder, ROOT } from '../infra/bundles.ts';

/** Heap limits as Lambda's own Node.js runtime sets them from a function's memory: a tenth for what is new, half of it for
 *  each half of that; the rest for what is old. Source: /var/runtime/bootstrap of the managed runtimes. */
function heapOf(megabytes: number): string[] {
  const newSpaceMegabytes = Math.floor(megabytes / 10);
  return [
    `--max-semi-space-size=${Math.floor(newSpaceMegabytes / 2)}`,
    `--max-old-space-size=${megabytes - newSpaceMegabytes}`,
  ];
}

/** Runs `child` with the path of the function's bundle and `args`, and answers what it posts. */
export function runBuilt<R>(
  name: string,
  child: URL,
  args: readonly string[],
  { env, megabytes }: { readonly env: Readonly<Record<string, string>>; readonly megabytes: number },
): Promise<R> {
  return new Promise((resolve, reject) => {
    const running = fork(child, [join(bundlesFolder(ROOT), name, 'index.mjs'), ...args], {
      env: { ...env, PATH: process.env['PATH'] },
      execArgv: heapOf(megabytes),
      // Its log is of no interest here, its complaints are.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    running.once('message', (run) => resolve(run as R));
    running.once('error', reject);
    running.once('exit', (code) => reject(new Error(`${name} ended with code ${code}`)));
  });
}
