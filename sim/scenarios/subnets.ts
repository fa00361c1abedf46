/** Subnets of the worlds that code sets up; scenario files name their own. */
import type { SubnetSetup } from '../ec2/account-options.ts';

export const SUBNET = {
  id: 'subnet-0a1b2c3d4e5f60718',
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  zone: 'eu-central-1a',
  cidr: '10.0.0.0/22',
} as const satisfies SubnetSetup;

/** One in each of the first `zones` zones, at most four; `bits` of each address are the network's. */
export const subnetsIn = (zones: number, bits: number): SubnetSetup[] =>
  ['a', 'b', 'c', 'd'].slice(0, zones).map((letter, index) => ({
    id: `subnet-0a1b2c3d4e5f6071${index}`,
    vpcId: SUBNET.vpcId,
    zone: `eu-central-1${letter}`,
    cidr: `10.${index}.0.0/${bits}`,
  }));
