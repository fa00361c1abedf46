/**
 * `npm run pack-check`: packs the package, installs it into an empty project, type-checks docs/deploy.md's worked example there
 * and synthesizes it. Needs no network: the package has no dependencies, and the project's own CDK (aws-cdk-lib, constructs) is
 * linked from here.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionNames, ROOT } from '../infra/bundles.ts';
import { exampleOf } from '../test/infra/worked-example.ts';

const project = mkdtempSync(join(tmpdir(), 'empty-project-'));
try {
  const [packed] = JSON.parse(
    run(
      'npm',
      ['pack', '--json', '--silent', '--foreground-scripts=false', '--pack-destination', project],
      ROOT,
    ),
  ) as readonly {
    readonly filename: string;
    readonly size: number;
    readonly files: readonly { path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm pack packed nothing');
  holds(packed.files.map(({ path }) => path));

  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  // Peers are the project's own; asking for them would need the network.
  const install = ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', '--silent'];
  run('npm', [...install, join(project, packed.filename)], project);
  for (const own of ['aws-cdk-lib', 'constructs'])
    symlinkSync(join(ROOT, 'node_modules', own), join(project, 'node_modules', own));
  const installed = globSync('*', { cwd: join(project, 'node_modules') }).sort();
  if (installed.join() !== 'aws-cdk-lib,constructs,eks-ip-prewarmer')
    throw new Error(`the package brought along ${installed.join(', ')}`);

  // The command needs nothing beside the package.
  const bin = join(project, 'node_modules/.bin/eks-ip-prewarmer');
  const said = run(process.execPath, [bin, 'doctor', '--cluster', 'shop', '--scenario', 'S1'], project);
  if (!said.startsWith('Cluster shop, scenario S1')) throw new Error(`the doctor said ${said}`);

  writeFileSync(join(project, 'app.ts'), exampleOf('app.ts'));
  const types = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
  const ambient = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
  run(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), ...types, ...ambient, 'app.ts'],
    project,
  );
  const out = join(project, 'cdk.out');
  mkdirSync(out);
  run(process.execPath, ['app.ts'], project, { CDK_OUTDIR: out });
  const { Resources } = JSON.parse(readFileSync(join(out, 'platform.template.json'), 'utf8')) as {
    readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
  };
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  if (functions.length !== 9)
    throw new Error(`expected the 9 functions of a warm cluster, got ${functions.length}`);
  console.log(
    `${packed.filename}: ${packed.files.length} files, ${Math.round(packed.size / 1000)} kB; installed into an empty ` +
      `project, the worked example has ${functions.length} functions and ${Object.keys(Resources).length} resources`,
  );
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** What the package needs, and nothing else. */
function holds(files: readonly string[]): void {
  const bundles = functionNames(ROOT).map((name) => `dist/${name}/index.mjs`);
  const command = ['bin/eks-ip-prewarmer.mjs', 'lib/cli/eks-ip-prewarmer.js'];
  const construct = ['lib/index.js', 'lib/infra/index.d.ts', ...bundles];
  const needed = ['package.json', 'README.md', 'LICENSE', ...construct, ...command];
  const missing = needed.filter((file) => !files.includes(file));
  const beyond = files.filter(
    (file) =>
      !needed.includes(file) &&
      !/^lib\/.*\.d\.ts$|^lib\/cli\/[\w-]+\.js$|^docs\/[\w.-]+\.(md|json)$/.test(file),
  );
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
  if (beyond.length > 0) throw new Error(`nobody needs ${beyond.join(', ')} in the package`);
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
}
