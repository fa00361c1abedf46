/** `npx cdk synth`: the settings of `prewarmer.config.ts`, and what `-c KEY=VALUE` says instead (docs/deploy.md). With credentials
 *  EKS is asked whether they fit its clusters. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundle, ROOT, stale } from './bundles.ts';
import type { Seen } from './clusters-seen.ts';
import { readSaid, type Said, saidIn } from './context.ts';
import type { IpPrewarmerProps } from './props.ts';
import { PrewarmerStack } from './stack.ts';
import { complain } from './trouble.ts';

/** Beside cdk.json, from where the CDK starts us. */
const CONFIG = resolve('prewarmer.config.ts');

const app = new App();
const config: unknown = existsSync(CONFIG) ? (await import(CONFIG)).default : undefined;
const said = saidIn(app.node.getAllContext(), config);
const { props, troubles, warnings } = readSaid(said, await lookUpAll(said));
for (const warning of warnings) console.error(`Warning: ${warning}`);

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

/** The CDK's CLI tells where it deploys to, if it has credentials; without them nothing is asked. */
async function lookUpAll({ asked }: Said): Promise<Seen | undefined> {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  if (!region || asked.length === 0) return undefined;
  if (!account) {
    // A synth needs none. The CDK's CLI refuses a deployment next, and does not say what to do.
    console.error(
      'No AWS credentials, so nothing is looked up (-c lookup=false says none of this). To deploy, sign in (aws sso login) or name a profile as AWS_PROFILE.',
    );
    return undefined;
  }
  // Here, because a synth without credentials need not load the clients.
  const { lookUp } = await import('./cluster-lookup.ts');
  const { seen, missed } = await lookUp({ account, region }, asked);
  for (const line of missed)
    console.error(`Not looked up, the synth goes on (-c lookup=false asks nobody): ${line}`);
  return seen;
}

/** CloudFormation keeps 1,024 characters. */
function whom(clusters: IpPrewarmerProps['clusters']): string {
  const [only, ...others] = clusters;
  if (only !== undefined && others.length === 0)
    return `the EKS cluster ${only.name} (${only.mode ?? 'observe'})`;
  return `${clusters.length} EKS clusters, ${clusters.filter(({ mode }) => mode === 'warm').length} of them warm`;
}
