/** Room for prefixes: the aligned /28 blocks of a subnet in which nobody holds an address. A block is told by its number,
 *  an address without its last four bits, so that a whole VPC's addresses become a few small numbers. */

/** Bits of an IPv4 address that name its /28 block. */
const BLOCK_BITS = 28;
/** Sizes a subnet may have. Source: VPC User Guide, subnet sizing. */
const LARGEST_SUBNET_BITS = 16;
const SMALLEST_SUBNET_BITS = 28;

/** The block an address lies in, or that a delegated prefix is; `undefined` for what is no IPv4 address or /28. */
export function blockOf(addressOrPrefix: string): number | undefined {
  const [address = '', bits, ...more] = addressOrPrefix.split('/');
  if (more.length > 0 || (bits !== undefined && Number(bits) !== BLOCK_BITS)) return undefined;
  const number = numberOf(address);
  return number === undefined ? undefined : Math.floor(number / 2 ** (32 - BLOCK_BITS));
}

/**
 * A subnet's blocks that are wholly free, by number, given the blocks that are `used` (those of other subnets do no harm). The
 * first and the last block never are: AWS keeps the first four addresses and the last one of every subnet (VPC User
 * Guide, subnet sizing). `undefined` when `cidr` is none that a subnet can have.
 */
export function freeBlocksIn(cidr: string, used: ReadonlySet<number>): readonly number[] | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const bits = Number(length);
  const first = blockOf(address);
  if (first === undefined || !Number.isInteger(bits)) return undefined;
  if (bits < LARGEST_SUBNET_BITS || bits > SMALLEST_SUBNET_BITS) return undefined;
  const last = first + 2 ** (BLOCK_BITS - bits) - 1;
  const free: number[] = [];
  for (let block = first + 1; block < last; block++) if (!used.has(block)) free.push(block);
  return free;
}

/** How many they are. */
export const freeBlocks = (cidr: string, used: ReadonlySet<number>): number | undefined =>
  freeBlocksIn(cidr, used)?.length;

function numberOf(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}
