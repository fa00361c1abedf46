/** `npm pack`'s last step before packing: the construct as one JavaScript file and the command line as a few, since Node strips types
 *  nowhere below node_modules, and the declarations it takes to describe the construct. The functions' bundles are in dist already. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from '../infra/bundles.ts';
import { bundleCli } from './cli-bundle.ts';

const LIB = join(ROOT, 'lib');
const ENTRY = 'infra/index';

rmSync(LIB, { recursive: true, force: true });
const build = await rolldown({
  cwd: ROOT,
  input: `${ENTRY}.ts`,
  platform: 'node',
  external: [/^aws-cdk-lib(\/|$)/, /^constructs$/],
  logLevel: 'warn',
  onLog: (_, log) => {
    throw new Error(log.message);
  },
});
await build.write({ file: join(LIB, 'index.js'), format: 'esm', codeSplitting: false });
await build.close();
await bundleCli(ROOT);

const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.types.json')], { stdio: 'inherit' });

/** Declarations that `file` needs, itself included. */
function needed(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)\.ts'/g))
    needed(join(dirname(file), `${from}.d.ts`), found);
  return found;
}

const kept = needed(join(LIB, `${ENTRY}.d.ts`));
for (const file of globSync('**/*.d.ts', { cwd: LIB }))
  if (!kept.has(join(LIB, file))) rmSync(join(LIB, file));
