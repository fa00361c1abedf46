/** The import directions of docs/decisions/0001-boundaries.md, put to the linter itself on files made for the purpose. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const elsewhere = mkdtempSync(join(tmpdir(), 'boundaries-'));
for (const file of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, file), join(elsewhere, file));
afterAll(() => rmSync(elsewhere, { recursive: true }));

/** What the linter says of the first of these files, as though they were part of this repository. */
function verdict(files: Readonly<Record<string, string>>): string {
  const paths = Object.keys(files).map((file) => join(elsewhere, file));
  for (const path of paths) mkdirSync(dirname(path), { recursive: true });
  Object.values(files).forEach((text, at) => {
    writeFileSync(paths[at] ?? '', text);
  });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BIOME, 'lint', '--max-diagnostics=5', Object.keys(files)[0] ?? ''],
    { cwd: elsewhere, encoding: 'utf8' },
  );
  for (const path of paths) rmSync(path);
  if (status === 0) return 'allowed';
  const found = `${stdout}${stderr}`;
  return found.match(/lint\/\w+\/(noRestrictedImports|noImportCycles)/)?.[1] ?? found;
}

const importing = (file: string, from: string): string =>
  verdict({ [file]: `import { thing } from '${from}';\n\nexport const other = thing;\n` });

test.each([
  ['lambdas/core/x.ts', '../adapters/ec2-vpc.ts'],
  ['lambdas/core/x.ts', '@aws-sdk/client-ec2'],
  ['lambdas/core/x.ts', 'node:fs'],
  ['lambdas/core/x.ts', 'zod'],
  ['lambdas/core/plan/x.ts', '../../adapters/ec2-vpc.ts'],
  ['lambdas/core/plan/x.ts', '../../handlers/wiring.ts'],
  ['lambdas/core/plan/x.ts', '@aws-sdk/client-ec2'],
  ['lambdas/core/plan/x.ts', 'node:fs'],
  ['lambdas/adapters/x.ts', '../handlers/wiring.ts'],
  ['lambdas/adapters/x.ts', '../../sim/kernel.ts'],
  ['lambdas/handlers/x.ts', '../../sim/stage.ts'],
  ['lambdas/handlers/x.ts', '../../cli/demo.ts'],
  ['lambdas/handlers/x.ts', '../../test/infra/synthesized.ts'],
  ['lambdas/handlers/x.ts', '../../infra/settings.ts'],
  ['infra/x.ts', '../sim/kernel.ts'],
  ['infra/x.ts', '../cli/demo.ts'],
  ['sim/x.ts', '../lambdas/core/cni.ts'],
  ['sim/ipamd/x.ts', '../../lambdas/core/cni.ts'],
  ['sim/stage.ts', '../lambdas/core/cni.ts'],
  ['sim/x.ts', '../lambdas/handlers/on-signal.ts'],
  ['sim/wire/x.ts', '../../lambdas/handlers/wiring.ts'],
  ['sim/x.ts', '../infra/stack.ts'],
  ['sim/x.ts', '../bench/bench.ts'],
])('%s may not import %s', (file, from) => {
  expect(importing(file, from)).toBe('noRestrictedImports');
});

test.each([
  ['lambdas/core/x.ts', './model.ts'],
  ['lambdas/core/x.ts', './plan/steps.ts'],
  ['lambdas/core/plan/x.ts', './steps.ts'],
  ['lambdas/core/plan/x.ts', '../model.ts'],
  ['lambdas/core/plan/x.ts', '../budget/budget.ts'],
  ['lambdas/adapters/x.ts', '../core/model.ts'],
  ['lambdas/adapters/x.ts', '@aws-sdk/client-ec2'],
  ['lambdas/handlers/x.ts', '../adapters/ec2-vpc.ts'],
  ['infra/x.ts', '../lambdas/core/limits.ts'],
  ['sim/x.ts', '../lambdas/core/model.ts'],
  ['sim/stage.ts', '../lambdas/handlers/on-signal.ts'],
  ['cli/x.ts', '../sim/stage.ts'],
])('%s may import %s', (file, from) => {
  expect(importing(file, from)).toBe('allowed');
});

test('no two files may import each other, for a type neither', () => {
  const files = {
    'lambdas/core/x.ts': "import type { Y } from './y.ts';\n\nexport type X = Y;\n",
    'lambdas/core/y.ts': "import type { X } from './x.ts';\n\nexport type Y = X | undefined;\n",
  };
  expect(verdict(files)).toBe('noImportCycles');
});
