/** The command line as JavaScript, for the package: Node strips no types under node_modules. Unlike a function's bundle
 *  (infra/bundles.ts) it keeps the SDK's whole chain of credentials, and what a command needs is loaded with that command. */
import { join } from 'node:path';

/** Writes `lib/cli` under `root`, where bin/eks-ip-prewarmer.mjs looks for it in a package. Whatever the bundler warns of is an error. */
export async function bundleCli(
  root: string,
  into = root,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { rolldown } = await import('rolldown');
  const { rolloutTemplate } = await import('../infra/rollout-template.ts');
  const build = await rolldown({
    cwd: root,
    input: 'cli/eks-ip-prewarmer.ts',
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    // The rollout machine as it is deployed, without the CDK that makes it: that is a hundred times as large.
    plugins: [
      {
        name: 'rollout machine',
        load: (id: string) =>
          id.endsWith('/infra/rollout-template.ts')
            ? `export const rolloutTemplate = () => (${JSON.stringify(rolloutTemplate())});`
            : undefined,
      },
    ],
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await build.write({
    dir: join(into, 'lib/cli'),
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await build.close();
  const bytes = output.reduce((sum, each) => sum + (each.type === 'chunk' ? each.code.length : 0), 0);
  return { files: output.length, bytes };
}
