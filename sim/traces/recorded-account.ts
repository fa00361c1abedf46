/** The account the recordings were made in: one subnet, nobody else in it, calls that always take the same time. */
import type { Chance } from '../chance.ts';
import { Account } from '../ec2/account.ts';
import { BLOCK } from '../ec2/reserved-ranges.ts';
import type { Kernel } from '../kernel.ts';
import type { Given } from './recording.ts';

export const SUBNET = 'subnet-recorded';

/** The subnet is just large enough for what is given. */
export function recordedAccount(given: Given, kernel: Kernel, chance: Chance): Account {
  const held = given.initialEnis.reduce((sum, eni) => sum + 1 + eni.ips + BLOCK * (eni.prefixes + 1), 0);
  const { subnetFreeAddresses: free, subnetFreePrefixes: prefixes, latencyMs } = given;
  const blocks =
    prefixes + Math.ceil(Math.max(free - BLOCK * prefixes, 0) / (BLOCK - 1)) + Math.ceil(held / BLOCK) + 2;
  const bits = Math.min(16, Math.max(4, Math.ceil(Math.log2(blocks * BLOCK))));
  return new Account({
    kernel,
    chance,
    region: 'eu-central-1',
    accountId: '111122223333',
    subnets: [
      {
        id: SUBNET,
        vpcId: 'vpc-recorded',
        zone: 'eu-central-1a',
        cidr: `10.0.0.0/${32 - bits}`,
        singles: 'packed',
      },
    ],
    latencies: { default: latencyMs.ec2Call, AttachNetworkInterface: latencyMs.attach },
    metadataLags: { eniToImds: latencyMs.eniToImds, ipToImds: latencyMs.ipToImds },
    throttling: false,
    faults: given.faults,
    keepsLog: true,
    enisPerZone: Number.POSITIVE_INFINITY,
  });
}
