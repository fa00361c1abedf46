/**
 * `eks-ip-prewarmer doctor`: the traps in a cluster's address settings. Leaves with 0 when nothing is red, 1 when something is, 2 when
 * the cluster cannot be looked at.
 */
import { Command } from 'commander';
import { toCluster, withAccount } from './account-options.ts';
import type { DoctorOptions } from './doctor-run.ts';
import { toBurst, toChurn, toGrowth, toRollout } from './quantities.ts';
import { cannot, type Subcommand, toAssignments, whole } from './usage.ts';

const SOMETHING_RED = 1;

const command = withAccount(
  new Command()
    .usage('--cluster <name> [options]')
    .description(
      'Reads the CNI’s settings, node groups, nodes, interfaces and subnets of a cluster, and names every trap: the evidence, what ' +
        'comes of it, what to do (value and command), and what that costs. Also where a setting would make the prewarmer ' +
        'unnecessary. Nothing is changed; the calls are eks:Describe*, eks:List*, ec2:DescribeInstances, ' +
        'ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets, servicequotas:Get* for one quota and, with prefixes, ' +
        'ec2:GetSubnetCidrReservations.',
    )
    .requiredOption('--cluster <name>', 'the EKS cluster', toCluster)
    .option('--burst <pods>', 'pods that come at once, for example "100 over 3m"', toBurst)
    .option('--rollout <replicas>', 'a rolling update, for example "110 surge 25% unavailable 0"', toRollout)
    .option('--cronjobs <pods>', 'churn of CronJobs, for example "40 every 1m for 20s"', toChurn)
    .option('--growth <addresses>', 'how many more the cluster needs, for example 500/month', toGrowth)
    .option(
      '--pods-per-node <n>',
      'pods with an address on each node now, which EC2 does not show; goes before --kubernetes',
      whole(0, 1_000),
    )
    .option('--policy <file>', 'the prewarmer’s policy document (JSON), as deployed')
    .option(
      '--cni-env <name=value>',
      'a variable of aws-node, where the CNI is no EKS add-on; again for each',
      toAssignments(/^([A-Za-z_]\w*)=(.*)$/, 'for example WARM_ENI_TARGET=1'),
    )
    .option(
      '--max-pods <n>',
      'max-pods of the kubelets, where it is not the type’s own; goes before --kubernetes',
      whole(1, 1_000),
    )
    .option(
      '--eni-quota <n>',
      'interfaces the account may have in a zone, in place of what Service Quotas says',
      whole(1, 1_000_000),
    )
    .option('--json', 'one JSON document and nothing else'),
).addHelpText(
  'after',
  `
Examples:
  npx eks-ip-prewarmer doctor --cluster shop
  npx eks-ip-prewarmer doctor --cluster shop --kubernetes   # exact pods and max-pods (docs/lens.md)
  npx eks-ip-prewarmer doctor --cluster shop --burst "100 over 3m" --rollout "110 surge 25%"
  npx eks-ip-prewarmer doctor --cluster shop --cronjobs "40 every 1m for 20s" --growth 500/month
  npx eks-ip-prewarmer doctor --cluster shop --region eu-central-1 --json | jq '.findings[].rule'
  npx eks-ip-prewarmer doctor --cluster shop --scenario S1      # no account needed

Exit code 0: nothing is red; 1: something is; 2: wrong usage, or nothing could be read;
130: interrupted (Ctrl-C).

Every rule, and where its fact comes from: docs/doctor.md.`,
);

export const subcommand: Subcommand = { command, run: () => run(command.opts<DoctorOptions>()) };

async function run(options: DoctorOptions): Promise<number> {
  // Here, because the SDK takes its time, for which nobody should wait who asked for help.
  const [{ diagnose }, { document, report }, { openAccount }, { progressOn }, { styleText }] =
    await Promise.all([
      import('./doctor-run.ts'),
      import('./doctor-text.ts'),
      import('./account.ts'),
      import('./progress.ts'),
      import('node:util'),
    ]);
  const progress = progressOn(process.stderr, `Reading ${options.cluster}`);
  const account = await openAccount(options);
  if ('complaint' in account) return cannot(account.complaint, progress);
  const diagnosed = await diagnose(account, options, progress.say);
  progress.end();
  account.close();
  if ('complaint' in diagnosed) return cannot(diagnosed.complaint);
  const { look, examined } = diagnosed;
  const STYLES = { red: 'red', yellow: 'yellow', info: 'cyan', strong: 'bold' } as const;
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document(look, examined, account.where), null, 2)}\n`
      : report(look, examined, account.where, (as, text) =>
          styleText(STYLES[as], text, { stream: process.stdout }),
        ),
  );
  return examined.findings.some(({ severity }) => severity === 'red') ? SOMETHING_RED : 0;
}
