/** Whether the account may have as many ENIs as the nodes will want. */
import { limitsOf } from '../plan/instance-limits.ts';
import { FREE, type Rule, some } from './finding.ts';
import { type ClusterSeen, type EniQuota, enisOn, ownNodes } from './seen.ts';

/** Source: Service Quotas, network interfaces per Region, which EC2 holds for each zone. */
export const ENI_QUOTA = { serviceCode: 'vpc', quotaCode: 'L-DF5E4CA3' } as const;
/** AWS's default. Source: VPC User Guide, quotas. */
export const DEFAULT_ENI_QUOTA = 5_000;

/** Share of the quota from which on it is time to ask for more. */
const NEARLY = 0.8;

const SAID: Readonly<Record<EniQuota['from'], string>> = {
  account: 'as Service Quotas has it for this account',
  default: 'AWS’s default: Service Quotas has none of this account’s own',
  option: '--eni-quota',
  assumed: 'AWS’s default, assumed: Service Quotas did not say; --eni-quota does',
};

export const eniQuota: Rule = {
  name: 'eni-quota',
  looksFor: 'ENIs of a zone against the account’s quota, now and when all node groups are at their largest',
  source: 'VPC User Guide, quotas: network interfaces per Region (L-DF5E4CA3), held for each zone',
  needs: ['nodes', 'subnets'],
  judge: (seen) => {
    const { enis: quota, from } = seen.eniQuota;
    const near = zones(seen).filter(({ now, later }) => now >= quota * NEARLY || later > quota);
    if (near.length === 0) return undefined;
    const highest = Math.max(...near.map(({ later }) => later));
    const asked = Math.ceil((highest * 1.25) / 1000) * 1000;
    const known = from === 'account' || from === 'default';
    return {
      severity: near.some(({ now }) => now >= quota * NEARLY) ? 'red' : 'yellow',
      title: 'The account’s ENI quota is near, or within reach of the node groups',
      evidence: `${some(near.map(({ zone, now, later }) => `${zone}: ${now} ENIs in the VPC now, ${later} with every node group at its largest and full`))}; quota ${quota} (${SAID[from]}); other VPCs are not counted`,
      consequence:
        'At the quota EC2 answers NetworkInterfaceLimitExceeded: no node of the zone grows and none starts.',
      remedy: {
        says: `Ask for ${asked}.${known ? '' : ' The first command shows the quota in force.'}`,
        commands: [
          ...(known ? [] : [command(seen, 'get-service-quota')]),
          command(seen, 'request-service-quota-increase', '--desired-value', String(asked)),
        ],
      },
      price: FREE,
    };
  },
};

/** Every node of today with all its ENIs, and as many nodes as the groups may have. */
function zones(seen: ClusterSeen): { zone: string; now: number; later: number }[] {
  const desired = seen.nodeGroups.reduce((sum, each) => sum + each.desired, 0);
  const most = seen.nodeGroups.reduce((sum, each) => sum + Math.max(each.most, each.desired), 0);
  const grown = desired === 0 ? 1 : most / desired;
  return [...seen.enisByZone].map(([zone, now]) => {
    const here = ownNodes(seen).filter((node) => node.zone === zone);
    const present = here.reduce((sum, node) => sum + enisOn(node), 0);
    const full = here.reduce((sum, node) => sum + (limitsOf(node.type)?.maxEnis ?? 0), 0);
    return { zone, now, later: Math.ceil(now - present + full * grown) };
  });
}

const command = ({ region }: ClusterSeen, name: string, ...more: string[]): readonly string[] => [
  ...['aws', 'service-quotas', name, '--region', region],
  ...['--service-code', ENI_QUOTA.serviceCode, '--quota-code', ENI_QUOTA.quotaCode, ...more],
];
