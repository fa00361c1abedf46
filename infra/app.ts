/** `npx cdk synth`: the settings of `prewarmer.config.ts`, and what `-c KEY=VALUE` says instead (docs/deploy.md). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundle, ROOT, stale } from './bundles.ts';
import { readContext } from './context.ts';
import type { IpPrewarmerProps } from './props.ts';
import { PrewarmerStack } from './stack.ts';
import { complain } from './trouble.ts';

/** Beside cdk.json, from where the CDK starts us. */
const CONFIG = resolve('prewarmer.config.ts');

const app = new App();
const config: unknown = existsSync(CONFIG) ? (await import(CONFIG)).default : undefined;
const { props, troubles } = readContext(app.node.getAllContext(), config);

if (troubles) {
  console.error(complain(troubles));
  process.exitCode = 1;
} else {
  if (stale(ROOT)) await bundle(ROOT);
  const name = props.name ?? props.clusters[0]?.name ?? '';
  // Stack names know no underscore; cluster names may have them.
  new PrewarmerStack(app, `eks-ip-prewarmer-${name.replaceAll('_', '--')}`, {
    prewarmer: props,
    description: `Prepares pod addresses for ${whom(props.clusters)}`,
  });
}

/** CloudFormation keeps 1,024 characters. */
function whom(clusters: IpPrewarmerProps['clusters']): string {
  const [only, ...others] = clusters;
  if (only !== undefined && others.length === 0)
    return `the EKS cluster ${only.name} (${only.mode ?? 'observe'})`;
  return `${clusters.length} EKS clusters, ${clusters.filter(({ mode }) => mode === 'warm').length} of them warm`;
}
