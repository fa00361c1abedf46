/** `npx cdk synth -c cluster=NAME [-c mode=observe|warm] [-c vpcId=vpc-...] [-c policy=JSON] [-c budgetTable=NAME]
 *  [-c alarmTopicArn=ARN] [-c signals=JSON] [-c lens=true [-c gate=true]] [-c gateEndpoint=iam|secret]` */
import { App } from 'aws-cdk-lib';
import { bundle, bundlesFolder, ROOT, stale } from './bundles.ts';
import { complain, readSettings } from './settings.ts';
import { PrewarmerStack } from './stack.ts';

const app = new App();
const { settings, complaints } = readSettings(app.node.getAllContext());

if (complaints) {
  console.error(complain(complaints));
  process.exitCode = 1;
} else {
  if (stale(ROOT)) await bundle(ROOT);
  // One stack a cluster. Stack names know no underscore; cluster names may have them.
  new PrewarmerStack(app, `eks-ip-prewarmer-${settings.cluster.replaceAll('_', '--')}`, {
    settings,
    bundles: bundlesFolder(ROOT),
    description: `Prepares pod addresses for the EKS cluster ${settings.cluster} (${settings.mode})`,
  });
}
