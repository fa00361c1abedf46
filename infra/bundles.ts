/**
 * One deployed function = one file of `lambdas/handlers` (`wiring.ts` excepted) = one folder of `dist` with one
 * `index.mjs`. `npm run build` writes them; a synth writes them too when they are missing or older than the code.
 */
import { existsSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Bundle {
  /** Name of the function, its file and its folder, for example `on-signal`. */
  readonly name: string;
  readonly bytes: number;
}

/** The repository's root: everything here is found from it, wherever the command was started. */
export const ROOT = join(import.meta.dirname, '..');
export const DIST = join(ROOT, 'dist');

/** What a bundle is made of: our code, and the versions of everyone else's. */
const SOURCES = ['lambdas/**/*.{ts,json}', 'infra/bundles.ts', 'package-lock.json'];

export function functionNames(): readonly string[] {
  return globSync('lambdas/handlers/*.ts', { cwd: ROOT })
    .map((file) => basename(file, '.ts'))
    .filter((name) => name !== 'wiring')
    .sort();
}

const fileOf = (name: string): string => join(DIST, name, 'index.mjs');

/** True when a synth would deploy something else than the code at hand. */
export function stale(): boolean {
  const newest = Math.max(
    ...globSync(SOURCES, { cwd: ROOT }).map((file) => statSync(join(ROOT, file)).mtimeMs),
  );
  return functionNames().some((name) => !existsSync(fileOf(name)) || statSync(fileOf(name)).mtimeMs < newest);
}

/**
 * Builds every function anew. Everything is inside, the AWS SDK too: the runtime's own copy is not ours to choose and
 * starts slower (docs/decisions/0002-bundling.md). One file a function, for a chunk is one more read at a cold start.
 */
export async function bundle(): Promise<readonly Bundle[]> {
  const { rolldown } = await import('rolldown');
  rmSync(DIST, { recursive: true, force: true });
  const bundles: Bundle[] = [];
  for (const name of functionNames()) {
    mkdirSync(join(DIST, name), { recursive: true });
    const build = await rolldown({
      cwd: ROOT,
      input: `lambdas/handlers/${name}.ts`,
      platform: 'node',
      // The SDK's ES modules: its CommonJS builds cannot be shaken.
      resolve: { mainFields: ['module', 'main'] },
      logLevel: 'warn',
      onLog: (level, log) => {
        throw new Error(`${name}: ${level}: ${log.message}`);
      },
    });
    await build.write({ file: fileOf(name), format: 'esm', minify: true, codeSplitting: false });
    await build.close();
    bundles.push({ name, bytes: statSync(fileOf(name)).size });
  }
  return bundles;
}
