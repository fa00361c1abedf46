/**
 * The addresses of one subnet, as one bitmap: single addresses and aligned /28 blocks are cut from the same cloth, so
 * single addresses scattered over a subnet leave few whole blocks, as in a real one.
 */
import type { Stream } from '../chance.ts';
import { BLOCK, type Range, type ReservationType, ReservedRanges } from './reserved-ranges.ts';

/** AWS keeps the first four addresses and the last one of every subnet (VPC User Guide, subnet sizing). */
const KEPT_AT_START = 4;
const KEPT_AT_END = 1;

export class AddressSpace {
  readonly #base: number;
  readonly #used: Uint8Array;
  /** Used addresses in each aligned block. */
  readonly #usedInBlock: Uint8Array;
  readonly #chance: Stream | undefined;
  readonly #reserved: ReservedRanges;
  #free: number;
  #freeBlocks: number;
  #blocksWithheld = false;
  /** Where the last one was taken: what was given back is not handed out again before everything else was. */
  #lastBlock = -1;
  #lastSingle = -1;

  /** `chance` scatters single addresses over the subnet, as EC2 does; without it they fill the fullest places first
   *  and a block is broken only when nothing else is left. */
  constructor(cidr: string, chance?: Stream) {
    const [address, length] = cidr.split('/');
    const size = 2 ** (32 - Number(length));
    if (!(size >= BLOCK && size <= 65_536)) throw new RangeError(`a subnet is a /16 to a /28, not ${cidr}`);
    this.#base = toNumber(address ?? '');
    this.#used = new Uint8Array(size);
    this.#usedInBlock = new Uint8Array(size / BLOCK);
    this.#free = size;
    this.#freeBlocks = size / BLOCK;
    this.#chance = chance;
    this.#reserved = new ReservedRanges(size);
    for (let i = 0; i < KEPT_AT_START; i++) this.#take(i);
    for (let i = size - KEPT_AT_END; i < size; i++) this.#take(i);
  }

  /** Free addresses as EC2 counts them: without those set aside for prefixes, with those set aside for callers
   *  (EKS Best Practices Guide, prefix mode). */
  get freeAddresses(): number {
    return this.#free - this.#reserved.freeAside(this.#used, 'for prefixes');
  }

  /** Whole free /28 blocks EC2 may choose. */
  get freeBlocks(): number {
    if (this.#blocksWithheld) return 0;
    if (this.#reserved.none) return this.#freeBlocks;
    return this.#usedInBlock.reduce((sum, _, block) => sum + (this.#isWhole(block) ? 1 : 0), 0);
  }

  /** What there is too little of for EC2 to choose so many; `undefined`: it can. */
  lacks(addresses: number, blocks: number): 'addresses' | 'blocks' | undefined {
    const open = this.#free - this.#reserved.freeAside(this.#used, 'at all');
    if (addresses > open) return 'addresses';
    const shared = this.#reserved.anyForPrefixes ? 0 : addresses + blocks * BLOCK;
    return blocks > 0 && (blocks > this.freeBlocks || shared > open) ? 'blocks' : undefined;
  }

  /** Sets a range aside. Addresses in use stay where they are. */
  reserve(range: Range, type: ReservationType): void {
    this.#reserved.add(range, type);
  }

  /** Ends a reservation: what is unused of it is everybody's again. */
  unreserve(range: Range): void {
    this.#reserved.remove(range);
  }

  /** Where a CIDR lies; `undefined` when it is malformed, or not within this subnet. */
  range(cidr: string): Range | undefined {
    const [, address = '', bits] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr) ?? [];
    if (bits === undefined || Number(bits) > 32) return undefined;
    const size = 2 ** (32 - Number(bits));
    const from = toNumber(address) - this.#base;
    const isInside = from >= 0 && from % size === 0 && from + size <= this.#used.length;
    return isInside ? { from, to: from + size } : undefined;
  }

  /** One free address, or `undefined` when there is none. */
  takeAddress(): string | undefined {
    if (this.lacks(1, 0) !== undefined) return undefined;
    const index = this.#chance ? this.#scattered(this.#chance) : this.#packed();
    this.#take(index);
    return toText(this.#base + index);
  }

  /** One free aligned /28 as a CIDR, or `undefined` when there is none. */
  takeBlock(): string | undefined {
    if (this.freeBlocks === 0) return undefined;
    const isWhole = (block: number): boolean => this.#isWhole(block);
    const { from, to } = this.#reserved.choose(isWhole, this.#chance) ?? { from: 0, to: this.#used.length };
    const fits = (b: number): boolean => b * BLOCK >= from && b * BLOCK < to && this.#isWhole(b);
    const block = next(this.#usedInBlock.length, this.#lastBlock, fits);
    this.#lastBlock = block;
    for (let i = block * BLOCK; i < (block + 1) * BLOCK; i++) this.#take(i);
    return `${toText(this.#base + block * BLOCK)}/28`;
  }

  /** How an address, or an aligned /28 written as a CIDR, stands. */
  standing(addressOrBlock: string): 'free' | 'used' | 'kept' | 'outside' {
    const indices = this.#indices(addressOrBlock);
    if (indices === undefined) return 'outside';
    const size = this.#used.length;
    if (indices.some((i) => i < KEPT_AT_START || i >= size - KEPT_AT_END)) return 'kept';
    return indices.some((i) => this.#used[i] === 1) ? 'used' : 'free';
  }

  /** Takes exactly this address or block, which must be free. */
  take(addressOrBlock: string): void {
    for (const index of this.#indices(addressOrBlock) ?? []) this.#take(index);
  }

  /** Gives back an address, or a /28 written as a CIDR. */
  release(addressOrBlock: string): void {
    for (const index of this.#indices(addressOrBlock) ?? []) this.#give(index);
  }

  /** Where an address or a block lies; `undefined` when it is none of this subnet's. */
  #indices(addressOrBlock: string): readonly number[] | undefined {
    const [, address = '', length] = /^(\d{1,3}(?:\.\d{1,3}){3})(\/28)?$/.exec(addressOrBlock) ?? [];
    const first = toNumber(address) - this.#base;
    const count = length === undefined ? 1 : BLOCK;
    if (address === '' || first % count !== 0 || first < 0 || first + count > this.#used.length)
      return undefined;
    return Array.from({ length: count }, (_, offset) => first + offset);
  }

  /** Others leave only this many addresses free, of which `blocks` whole /28s: the rest of the free addresses lies in
   *  blocks that are partly used. */
  leaveFree(addresses: number, blocks: number): void {
    const wholeBlocks = Math.min(blocks, Math.floor(addresses / BLOCK), this.#freeBlocks);
    let single = addresses - wholeBlocks * BLOCK;
    let whole = 0;
    for (let block = 0; block < this.#usedInBlock.length; block++) {
      if (this.#usedInBlock[block] === 0 && whole < wholeBlocks) {
        whole++;
        continue;
      }
      let keep = Math.min(single, BLOCK - 1);
      for (let i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
        if (this.#used[i] === 1) continue;
        if (keep > 0) {
          keep--;
          single--;
        } else this.#take(i);
      }
    }
    if (single > 0)
      throw new RangeError(`a subnet this small cannot leave ${addresses} free in ${blocks} blocks`);
  }

  /** Others take so many single addresses, wherever they fall, as long as more than `blocks` whole /28s are left; then only in
   *  blocks that are broken already, while there are any. */
  takeForOthers(addresses: number, blocks: number): void {
    for (let taken = 0; taken < addresses && this.#free > 0; taken++)
      this.#take(this.#chance && this.#freeBlocks > blocks ? this.#scattered(this.#chance) : this.#packed());
  }

  /** Others take everything that is free; the returned function gives back exactly that. */
  takeAll(): () => void {
    const taken: number[] = [];
    for (let i = 0; i < this.#used.length; i++) {
      if (this.#used[i] === 1) continue;
      this.#take(i);
      taken.push(i);
    }
    return () => {
      for (const i of taken) this.#give(i);
    };
  }

  /** No block is to be had although single addresses are, as after an explicit CIDR reservation of somebody else's. */
  withholdBlocks(withheld: boolean): void {
    this.#blocksWithheld = withheld;
  }

  #isWhole(block: number): boolean {
    return this.#usedInBlock[block] === 0 && this.#reserved.opensBlock(block);
  }

  #isOpen(index: number): boolean {
    return this.#used[index] === 0 && this.#reserved.opensAddress(index);
  }

  #scattered(chance: Stream): number {
    const size = this.#used.length;
    let i = Math.floor(chance.next() * size);
    while (!this.#isOpen(i)) i = (i + 1) % size;
    return i;
  }

  #packed(): number {
    const size = this.#used.length;
    const inBrokenBlock = (i: number): boolean => {
      const used = this.#usedInBlock[i >> 4] ?? 0;
      return used > 0 && used < BLOCK && this.#isOpen(i);
    };
    const broken = next(size, this.#lastSingle, inBrokenBlock);
    const index = broken >= 0 ? broken : next(size, this.#lastSingle, (i) => this.#isOpen(i));
    this.#lastSingle = index;
    return index;
  }

  #take(index: number): void {
    if (this.#used[index] === 1) return;
    const block = index >> 4;
    if (this.#usedInBlock[block] === 0) this.#freeBlocks--;
    this.#usedInBlock[block] = (this.#usedInBlock[block] ?? 0) + 1;
    this.#used[index] = 1;
    this.#free--;
  }

  #give(index: number): void {
    if (this.#used[index] !== 1) return;
    const block = index >> 4;
    this.#used[index] = 0;
    this.#free++;
    const left = (this.#usedInBlock[block] ?? 1) - 1;
    this.#usedInBlock[block] = left;
    if (left === 0) this.#freeBlocks++;
  }
}

/** The first index after `last`, going round once, that passes; -1 when none does. */
function next(size: number, last: number, passes: (index: number) => boolean): number {
  for (let step = 1; step <= size; step++) {
    const index = (last + step) % size;
    if (passes(index)) return index;
  }
  return -1;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
