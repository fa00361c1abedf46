/** The embedded world's own cost: one large cluster in trouble, and quiet ones from 50 to 5,000 nodes. Each is measured in
 *  a process of its own, so that its peak memory is its own. */
import { fork } from 'node:child_process';
import { LARGE, measureWorld, type WorldFigures, type WorldSize } from './world.ts';

/** What the large one may take, on two cores. */
export const LIMIT = { seconds: 10, megabytes: 512 } as const;

/** Five pods a node, of which half are there: no pool has to grow, and no request bucket runs dry for long. */
export const QUIET: readonly WorldSize[] = [50, 100, 500, 1_000, 2_000, 5_000].map((nodes) => ({
  ...LARGE,
  nodes,
  pods: nodes * 5,
}));

export function measureApart(size: WorldSize): Promise<WorldFigures> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL(import.meta.url), [JSON.stringify(size)]);
    child.once('message', (figures) => resolve(figures as WorldFigures));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the world of ${size.nodes} nodes ended with code ${code}`));
    });
  });
}

if (import.meta.main) process.send?.(await measureWorld(JSON.parse(process.argv[2] ?? '') as WorldSize));
