/** IPv4 blocks, as far as a scenario file needs them. */

export interface Block {
  readonly first: number;
  readonly size: number;
}

/** Sizes EC2 lets a subnet have (VPC User Guide, subnet sizing). */
const LONGEST = 28;
const SHORTEST = 16;

/** AWS keeps five addresses of every subnet, in the first block and the last (VPC User Guide, subnet sizing). */
export const KEPT_BY_AWS = 5;

/** The block a CIDR names, or why it names none a subnet could have. */
export function readCidr(cidr: string): Block | { readonly expected: string } {
  const [address = '', lengthText = ''] = cidr.split('/');
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte <= 255)))
    return { expected: 'four numbers up to 255' };
  const length = Number(lengthText);
  if (length < SHORTEST || length > LONGEST) return { expected: `a subnet of /${SHORTEST} to /${LONGEST}` };
  const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - length);
  if (first % size !== 0) {
    const start = first - (first % size);
    const aligned = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.');
    return { expected: `the first address of the block: ${aligned}/${length}` };
  }
  return { first, size };
}

/** The ranges of subnets that lie side by side, taken one after another. */
export class Ranges {
  readonly #taken: { readonly of: string; readonly block: Block }[] = [];

  /** The range, if it is one; and what is wrong with it, by itself or beside those before it. `of`: whose it is. */
  take(cidr: string, of: string): { readonly block?: Block; readonly expected?: string } {
    const block = readCidr(cidr);
    if ('expected' in block) return block;
    const other = this.#taken.find((earlier) => overlap(earlier.block, block));
    this.#taken.push({ of, block });
    return other === undefined ? { block } : { block, expected: `no overlap with ${other.of}` };
  }
}

const overlap = (a: Block, b: Block): boolean => a.first < b.first + b.size && b.first < a.first + a.size;
