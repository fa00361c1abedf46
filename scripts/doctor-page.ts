/** docs/doctor.md, from the rules the doctor asks. `npm run readme` writes it; a test holds the two together. */
import { RULES } from '../lambdas/core/doctor/examine.ts';

/** What an identity needs: what cli/doctor-read.ts and cli/eni-quota.ts call. None of them can be bound to a resource but those of EKS. Source: Service
 *  Authorization Reference, EC2, EKS and Service Quotas. */
export const PERMISSIONS = [
  'eks:DescribeCluster',
  'eks:DescribeAddon',
  'eks:ListNodegroups',
  'eks:DescribeNodegroup',
  'eks:ListClusters',
  'ec2:DescribeInstances',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:GetSubnetCidrReservations',
  'servicequotas:GetServiceQuota',
  'servicequotas:GetAWSDefaultServiceQuota',
] as const;

export function doctorPage(): string {
  const rows = RULES.map(
    ({ name, looksFor, source, needs }) => `| \`${name}\` | ${looksFor} | ${needs.join(', ')} | ${source} |`,
  );
  const statement = { Effect: 'Allow', Action: PERMISSIONS, Resource: '*' };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2);
  return `# doctor

    npx eks-ip-prewarmer doctor --cluster shop

Reads a cluster and names the traps in its address settings, the most severe first: each with what was seen, what comes of it, what to
do (the value, and a command to paste), what that costs (requests to EC2, addresses held, restarts of aws-node), and where the
fact comes from. Nothing is changed: its clients refuse to send anything but reads, whatever the credentials allow. Some remedies
make the prewarmer unnecessary; they are said all the same.

It asks with the credentials and the Region that the AWS CLI would use (\`--profile\`, \`--region\`), or the embedded AWS:
\`--endpoint http://127.0.0.1:PORT\` of \`npm run sim\`, or \`--scenario S1\` in its own process, \`--at 120\` s into its story. \`--json\` prints
one document, with rules and severities by name. Exit code 0: nothing is red; 1: something is; 2: wrong usage, or nothing could be
read; 130: interrupted.

## What EC2 does not show

| Option | for example | what it is for |
|---|---|---|
| \`--burst\` | \`"100 over 3m"\` | pods that come beside those that are there |
| \`--rollout\` | \`"110 surge 25% unavailable 0"\` | a rolling update; Kubernetes' defaults where it says nothing |
| \`--cronjobs\` | \`"40 every 1m for 20s"\` | pods that come every so often, and how long they run |
| \`--growth\` | \`500/month\` | addresses the cluster needs more: a date for each subnet |
| \`--kubernetes\` | | pods with an address and max-pods of each node, as the cluster's API server has them now |
| \`--pods-per-node\` | \`22\` | pods with an address on each node, in place of those counted, at most as many as max-pods allow; without either, what a quiet node surely has free counts |
| \`--max-pods\` | \`110\` | kubelets' max-pods, in place of theirs; without \`--kubernetes\` the type's own counts |
| \`--cni-env\` | \`WARM_ENI_TARGET=1\` | aws-node's environment where the CNI is no EKS add-on, once for each variable |
| \`--policy\` | \`policy.json\` | the prewarmer's policy, as deployed |
| \`--eni-quota\` | \`5000\` | interfaces the account may have in a zone, in place of what Service Quotas says |

One look cannot tell whether a node has just changed: each is judged as though it had been quiet for a minute. What a remedy would hold
more is said with "about". Blocks count as free in which no interface of the VPC has
an address. The doctor has met no AWS account and no API server yet, only embedded ones; there, addresses that a scenario gives to unnamed
others (\`free\`) are held by no interface, so more blocks seem free than are.

## Asking Kubernetes

Which addresses have pods EC2 does not show at all, nor what max-pods a launch template or Karpenter gave the kubelets. With \`--kubernetes\`
the cluster's API server is asked, with the credentials in use, for two lists, page by page: its nodes (\`status.allocatable.pods\`; the
instance by \`spec.providerID\`) and its pods (those on the host's network and those that have ended hold no address). Rules then judge what
is, whatever the policy takes for granted: free pod slots, pods above what can be addressed, what a burst or a rollout finds. The right is \`list\` of \`nodes\` and \`pods\`:
[lens.md](lens.md#from-the-command-line). Whatever is denied or not reached, a private endpoint for example, is one line, and the report is the
one without.

## Permissions

A call that is denied is one line with the permission that is missing; what the others show is reported, and the rules that could
not be judged are named. All of them:

\`\`\`json
${policy}
\`\`\`

## Rules

*Red*: pods fail, or will. *Yellow*: they may, or something is wasted. *Info*: good to know. This table is written from the rules
(\`lambdas/core/doctor\`) by \`npm run readme\`.

| Rule | Looks for | Needs | Source |
|---|---|---|---|
${rows.join('\n')}
`;
}
