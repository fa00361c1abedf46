/** What EKS said of the clusters that settings name (cluster-lookup.ts), held against the settings. */
import { thereIs } from '../lambdas/core/complaints.ts';
import { isObject } from '../lambdas/core/policy-shapes.ts';
import { isClusterName } from './cluster-settings.ts';
import { sayTrouble, type Trouble } from './trouble.ts';

/** What settings say of a cluster that only EKS can tell to be true. */
export interface Asked {
  /** Where it is said, such as `clusters.0`. */
  readonly field: string;
  readonly name: string;
  readonly vpcId: unknown;
  readonly nodeGroups: readonly string[];
}

export interface ClusterSeen {
  /** As EKS says it, such as `ACTIVE`. */
  readonly status: string;
  readonly vpcId: string | undefined;
  readonly ipFamily: 'ipv4' | 'ipv6';
  readonly autoMode: boolean;
  /** Absent where nobody answered, or settings name none. */
  readonly nodeGroups?: NodeGroupsSeen;
}

export interface NodeGroupsSeen {
  readonly managed: readonly string[];
  /** Those its nodes are of, Karpenter's node pools and Auto Scaling groups too. Absent where every name asked about is managed,
   *  or nobody answered. */
  readonly ofNodes?: readonly string[];
}

export interface Seen {
  readonly account: string;
  readonly region: string;
  /** By name: `none` where EKS knows no such cluster; absent where nobody answered. */
  readonly clusters: ReadonlyMap<string, ClusterSeen | 'none'>;
  /** What clusters there are; `undefined` where that was not asked, or not answered. */
  readonly names: readonly string[] | undefined;
}

export interface Judged {
  readonly troubles: readonly Trouble[];
  /** What may be meant so: a line each. */
  readonly warnings: readonly string[];
}

/** Of settings that may be wrong in every way: what cannot be asked about is left out. */
export function askedIn(settings: unknown): Asked[] {
  if (!isObject(settings) || !Array.isArray(settings['clusters'])) return [];
  const { policy } = settings;
  const ofPolicy = isObject(policy) && isObject(policy['clusters']) ? policy['clusters'] : {};
  return settings['clusters'].flatMap((cluster, index) => {
    if (!isObject(cluster) || !isClusterName(cluster['name'])) return [];
    const { name, vpcId } = cluster;
    const said = [cluster, Object.hasOwn(ofPolicy, name) ? ofPolicy[name] : undefined];
    const nodeGroups = said
      .filter(isObject)
      .flatMap(({ nodeGroups: groups }) => (isObject(groups) ? Object.keys(groups) : []));
    return [{ field: `clusters.${index}`, name, vpcId, nodeGroups }];
  });
}

/** A warm cluster whose VPC is not said has the one that EKS names. */
export function withVpcs(settings: unknown, { clusters }: Seen): unknown {
  if (!isObject(settings) || !Array.isArray(settings['clusters'])) return settings;
  return {
    ...settings,
    clusters: settings['clusters'].map((cluster) => {
      if (!isObject(cluster) || cluster['mode'] !== 'warm' || cluster['vpcId'] !== undefined) return cluster;
      const seen = clusters.get(String(cluster['name']));
      return seen === undefined || seen === 'none' ? cluster : { ...cluster, vpcId: seen.vpcId };
    }),
  };
}

export function judgeSeen(asked: readonly Asked[], seen: Seen): Judged {
  const all = asked.map((one): Judged => {
    const cluster = seen.clusters.get(one.name);
    if (cluster === undefined) return { troubles: [], warnings: [] };
    if (cluster === 'none') return { troubles: [notThere(one, seen)], warnings: [] };
    const groups = unknownGroups(one, cluster.nodeGroups);
    return {
      troubles: [...wrongVpc(one, cluster), ...groups.troubles],
      warnings: [...groups.warnings, ...leftAlone(one, cluster)],
    };
  });
  return {
    troubles: all.flatMap(({ troubles }) => troubles),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

/** What belongs to another Region or account than the one deployed to: CloudWatch tells topics of its own Region alone, and a role is
 *  bounded by a policy of its own account (Amazon CloudWatch API reference, PutMetricAlarm; IAM User Guide, permissions boundaries). */
export function judgePlaces(settings: unknown, { account, region }: Seen): Trouble[] {
  const { alarmTopicArn, permissionsBoundary } = isObject(settings) ? settings : {};
  const [, , , topicRegion] = partsOf(alarmTopicArn);
  const [, , , , owner] = partsOf(permissionsBoundary);
  const troubles: Trouble[] = [];
  if (topicRegion !== undefined && topicRegion !== region)
    troubles.push({
      field: 'alarmTopicArn',
      expected: `a topic in ${region}, where the alarms are`,
      got: alarmTopicArn,
      remedy: `To find one: aws sns list-topics --region ${region}`,
    });
  if (owner !== undefined && owner !== account && owner !== 'aws')
    troubles.push({
      field: 'permissionsBoundary',
      expected: `a policy of account ${account}, where the roles are`,
      got: permissionsBoundary,
      remedy: 'To find one: aws iam list-policies --scope Local',
    });
  return troubles;
}

/** Of an ARN as an operator writes it; nothing of what another construct will be. */
const partsOf = (arn: unknown): readonly string[] =>
  typeof arn === 'string' && arn.startsWith('arn:') ? arn.split(':') : [];

const notThere = ({ field, name }: Asked, { account, region, names }: Seen): Trouble => ({
  field: `${field}.name`,
  expected: `an EKS cluster of account ${account} in ${region}${names === undefined ? '' : ` (${thereIs(names)})`}`,
  got: name,
  remedy:
    'Correct the name, or say where it is: AWS_REGION=… for the Region, AWS_PROFILE=… for the account. What another account deploys takes -c lookup=false',
});

function wrongVpc({ field, name, vpcId }: Asked, { vpcId: found }: ClusterSeen): Trouble[] {
  if (vpcId === undefined || found === undefined || vpcId === found) return [];
  const expected = `the VPC of ${name}, ${found}`;
  return [
    { field: `${field}.vpcId`, expected, got: vpcId, remedy: 'Correct it, or leave it out to have that one' },
  ];
}

/** Node pools and Auto Scaling groups show by their nodes alone: where there are such, one without a node cannot be told from one
 *  that never was. */
function unknownGroups({ name, nodeGroups }: Asked, known: NodeGroupsSeen | undefined): Judged {
  const { managed, ofNodes } = known ?? {};
  if (managed === undefined || ofNodes === undefined) return { troubles: [], warnings: [] };
  const all = [...new Set([...managed, ...ofNodes])].sort();
  const others = all.length > managed.length;
  const unknown = nodeGroups
    .filter((group) => !all.includes(group))
    .map((group) => ({
      field: `policy.clusters.${name}.nodeGroups.${group}`,
      expected: `a node group of ${name} (${thereIs(all)})`,
      got: group,
      remedy: others
        ? 'Correct the name, unless it is a node pool or an Auto Scaling group that has no node now'
        : 'Correct the name; if it is a node pool or an Auto Scaling group that has no node now, add -c lookup=false',
    }));
  return others ? { troubles: [], warnings: unknown.map(sayTrouble) } : { troubles: unknown, warnings: [] };
}

/** Not wrong, but an operator may expect more. */
function leftAlone({ field, name }: Asked, { status, ipFamily, autoMode }: ClusterSeen): string[] {
  const about = `${field}.name: ${name}`;
  return [
    ...(status === 'ACTIVE' || status === 'UPDATING'
      ? []
      : [`${about} is ${status}, not ACTIVE: nothing can be warmed there now`]),
    ...(ipFamily === 'ipv6'
      ? [`${about} has IPv6, where there is no pool to warm: all of its nodes are left alone`]
      : []),
    ...(autoMode
      ? [`${about} has EKS Auto Mode, which runs the CNI of its nodes: those are left alone`]
      : []),
  ];
}
