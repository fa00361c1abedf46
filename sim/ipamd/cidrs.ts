/** A /32 or a /28 in ipamd's store, and the addresses in it. Source: amazon-vpc-cni-k8s v1.23.1, data_store.go. */
import { PREFIX_SIZE } from './settings.ts';

export interface Address {
  podId: string | undefined;
  /** When a pod last gave it back; the distant past if none ever did. */
  unassignedAtMs: number;
}

/** A /32 or a /28 on an ENI; each takes one of its slots. */
export interface Cidr {
  readonly cidr: string;
  readonly isPrefix: boolean;
  /** Addresses that were used at least once. */
  readonly addresses: Map<string, Address>;
  assigned: number;
}

export const sizeOf = (cidr: Pick<Cidr, 'isPrefix'>): number => (cidr.isPrefix ? PREFIX_SIZE : 1);

/** `10.0.1.16/28` → `10.0.1.` and 16. */
function splitBlock(block: string): [string, number] {
  const address = block.slice(0, block.indexOf('/'));
  const dot = address.lastIndexOf('.') + 1;
  return [address.slice(0, dot), Number(address.slice(dot))];
}

export function covers(cidr: Cidr, ip: string): boolean {
  if (!cidr.isPrefix) return cidr.cidr === ip;
  const [stem, first] = splitBlock(cidr.cidr);
  const last = Number(ip.slice(stem.length));
  return ip.startsWith(stem) && last >= first && last < first + PREFIX_SIZE;
}

/** An address for a pod: one whose cooldown is over if there is any, else the lowest never used. */
export function usableAddress(cidr: Cidr, isCooling: (address: Address) => boolean): string | undefined {
  let rested: string | undefined;
  for (const [ip, address] of cidr.addresses) {
    if (address.podId !== undefined || isCooling(address)) continue;
    rested ??= ip;
    cidr.addresses.delete(ip);
  }
  if (rested !== undefined) return rested;
  if (cidr.addresses.size >= sizeOf(cidr)) return undefined;
  if (!cidr.isPrefix) return cidr.cidr;
  const [stem, first] = splitBlock(cidr.cidr);
  for (let last = first; last < first + PREFIX_SIZE; last++) {
    if (!cidr.addresses.has(`${stem}${last}`)) return `${stem}${last}`;
  }
  return undefined;
}

export function coolingIn(cidr: Cidr, isCooling: (address: Address) => boolean): number {
  if (cidr.addresses.size === cidr.assigned) return 0;
  let cooling = 0;
  for (const address of cidr.addresses.values()) {
    if (address.podId === undefined && isCooling(address)) cooling++;
  }
  return cooling;
}
