/** Which addresses a request asks for, and how they are taken from a subnet: all of them or none. */
import type { Ec2Actions } from './api.ts';
import { refused } from './errors.ts';
import type { HeldSubnet, Wish } from './held.ts';

export const sizes = (wish: Wish): { readonly ips: number; readonly prefixes: number } => ({
  ips: (wish.ips ?? 0) + (wish.theseIps?.length ?? 0),
  prefixes: (wish.prefixes ?? 0) + (wish.thesePrefixes?.length ?? 0),
});

type Input = Pick<
  Ec2Actions['CreateNetworkInterface']['input'],
  'privateIpAddresses' | 'secondaryPrivateIpAddressCount' | 'ipv4Prefixes' | 'ipv4PrefixCount'
>;

/** Only one of the four ways to ask may be used in one request (EC2 API reference, AssignPrivateIpAddresses). */
export function readWish(input: Input): Wish {
  const { secondaryPrivateIpAddressCount: ips = 0, ipv4PrefixCount: prefixes = 0 } = input;
  const { privateIpAddresses: theseIps = [], ipv4Prefixes: thesePrefixes = [] } = input;
  for (const count of [ips, prefixes]) {
    if (!Number.isInteger(count) || count < 0) {
      throw refused.invalidValue(`Value (${count}) for a count of addresses or prefixes is invalid.`);
    }
  }
  if ([ips, prefixes, theseIps.length, thesePrefixes.length].filter((asked) => asked > 0).length > 1) {
    throw refused.invalidCombination(
      'Addresses and prefixes, counted or named, cannot be asked for together in one request.',
    );
  }
  return { ips, prefixes, theseIps, thesePrefixes };
}

/** Takes what was asked for and tells what was found for the counts. Blocks first: a single address taken before might
 *  break the last whole block. */
export function take(
  subnet: HeldSubnet,
  wish: Wish,
): { readonly ips: string[]; readonly prefixes: string[] } {
  const { space, id } = subnet;
  const { ips = 0, prefixes = 0 } = wish;
  const named = [...(wish.thesePrefixes ?? []), ...(wish.theseIps ?? [])];
  const taken: string[] = [];
  try {
    for (const entry of named) {
      const standing = space.standing(entry);
      if (standing === 'outside') throw refused.outsideSubnet(entry);
      if (standing === 'kept') throw refused.keptByAws(entry);
      if (standing === 'used') throw refused.addressTaken(entry);
      space.take(entry);
      taken.push(entry);
    }
    const lacking = space.lacks(ips, prefixes);
    if (lacking !== undefined) throw lacking === 'blocks' ? refused.noBlocks(id) : refused.subnetFull(id);
  } catch (error) {
    for (const entry of taken) space.release(entry);
    throw error;
  }
  return {
    prefixes: repeat(prefixes, () => space.takeBlock(), refused.noBlocks(id)),
    ips: repeat(ips, () => space.takeAddress(), refused.subnetFull(id)),
  };
}

function repeat(count: number, next: () => string | undefined, error: Error): string[] {
  return Array.from({ length: count }, () => {
    const found = next();
    if (found === undefined) throw error;
    return found;
  });
}
