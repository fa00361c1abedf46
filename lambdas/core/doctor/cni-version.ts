/** What is known of versions of the CNI. */
import { SUBNET_ROLE_TAG } from '../plan/subnets.ts';
import { type Finding, FREE, type Rule, some } from './finding.ts';
import { priceOfRestart, setEnv } from './remedies.ts';
import { type ClusterSeen, settingsFor } from './seen.ts';

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** `undefined`: not an add-on, or not a version. */
export function versionOf({ cluster }: ClusterSeen): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(cluster.vpcCni?.version ?? '') ?? [];
  return major === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

const below = ({ major, minor, patch }: Version, than: readonly [number, number, number]): boolean =>
  (major - than[0] || minor - than[1] || patch - than[2]) < 0;

interface Defect {
  readonly has: (version: Version, seen: ClusterSeen) => boolean;
  readonly severity: Finding['severity'];
  readonly says: string;
}

const is = (minor: number, patch: number) => (version: Version) =>
  version.minor === minor && version.patch === patch;

/** The worst first. Sources: amazon-vpc-cni-k8s, issues 1939, 2744, 2807 and 2810, and its code. */
const DEFECTS: readonly Defect[] = [
  {
    has: is(16, 3),
    severity: 'red',
    says: 'v1.16.3 grows in a tight loop and locks itself up at the ENI limit (mended in v1.16.4)',
  },
  {
    has: is(10, 2),
    severity: 'red',
    says: 'v1.10.2 may keep addresses of pods that have ended (mended in v1.10.3)',
  },
  {
    has: (version, seen) => !below(version, [1, 22, 0]) && settingsFor(seen)?.subnetDiscovery === true,
    severity: 'info',
    says: 'from v1.22 on, an ENI that is taken in while EC2 throttles DescribeSubnets may give pods addresses without a route; ENABLE_SUBNET_DISCOVERY=false avoids it, where no other subnet is needed',
  },
  {
    has: is(22, 1),
    severity: 'yellow',
    says: 'v1.22.1 discovers security groups by tag, which v1.22.2 took back',
  },
  {
    has: (version) => below(version, [1, 18, 0]),
    severity: 'yellow',
    says: 'before v1.18 the CNI uses the node’s own subnet alone, however many others have room',
  },
  {
    has: (version) => below(version, [1, 19, 4]),
    severity: 'yellow',
    says: 'before v1.19.4 aws-node does not start while the API server cannot be reached, and its ENIs have no owner tag',
  },
];

const SEVERITIES: readonly Finding['severity'][] = ['red', 'yellow', 'info'];

export const cniVersion: Rule = {
  name: 'cni-version',
  looksFor: 'versions of the CNI with known defects',
  source: 'amazon-vpc-cni-k8s, releases, issues 1939, 2744, 2807, 2810, and setupENI of v1.23.1',
  needs: ['settings'],
  judge: (seen) => {
    const version = versionOf(seen);
    if (version === undefined) return undefined;
    const found = DEFECTS.filter(({ has }) => has(version, seen));
    const severity = SEVERITIES.find((each) => found.some((defect) => defect.severity === each));
    if (severity === undefined) return undefined;
    const newer = found.some((defect) => defect.severity !== 'info');
    const remedy = newer ? update(seen) : withoutDiscovery(seen);
    return {
      severity,
      title: newer ? 'The CNI’s version has known defects' : 'One known defect of the CNI’s version',
      evidence: `vpc-cni ${seen.cluster.vpcCni?.version}`,
      consequence: found.map(({ says }) => says).join('; '),
      remedy,
      price: remedy.commands.length > 0 ? priceOfRestart(seen) : FREE,
    };
  },
};

function update({ cluster, region, kubernetesVersion }: ClusterSeen): Finding['remedy'] {
  const eks = (...words: string[]): string[] => ['aws', 'eks', '--region', region, ...words];
  const forVersion = kubernetesVersion === undefined ? [] : ['--kubernetes-version', kubernetesVersion];
  return {
    says: 'Update the add-on, one minor version at a time: the first command lists versions, put one into the second.',
    commands: [
      [
        ...eks('describe-addon-versions', '--addon-name', 'vpc-cni', ...forVersion),
        ...['--query', 'addons[].addonVersions[].addonVersion', '--output', 'text'],
      ],
      [
        ...eks('update-addon', '--cluster-name', cluster.name, '--addon-name', 'vpc-cni'),
        ...['--resolve-conflicts', 'PRESERVE', '--addon-version', 'VERSION'],
      ],
    ],
  };
}

/** Only where it takes no subnet away from the CNI. */
function withoutDiscovery(seen: ClusterSeen): Finding['remedy'] {
  const others = seen.subnets.filter(({ tags }) => (tags[SUBNET_ROLE_TAG] ?? '') !== '');
  if (!seen.parts.has('subnets') || others.length > 0)
    return {
      says: `Nothing to be done while EC2 does not throttle you${others.length > 0 ? `: ${some(others.map(({ id }) => id))} may be in use by discovery` : ''}.`,
      commands: [],
    };
  return {
    says: `Set ENABLE_SUBNET_DISCOVERY=false if EC2 throttles you: no subnet is tagged ${SUBNET_ROLE_TAG}, so discovery finds none.`,
    commands: [setEnv(seen, { ENABLE_SUBNET_DISCOVERY: 'false' })],
  };
}

export const CNI_VERSION_RULES: readonly Rule[] = [cniVersion];
