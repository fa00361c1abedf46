/**
 * Subnet CIDR reservations as one subnet's addresses see them: what EC2 may still choose by itself. Positions count from
 * the subnet's first address. Source: VPC User Guide, subnet CIDR reservations.
 */
import type { Stream } from '../chance.ts';

/** Addresses in a /28, the only prefix length EC2 delegates (EC2 User Guide, prefixes on network interfaces). */
export const BLOCK = 16;

/** `prefix` for the /28 blocks AWS chooses, `explicit` for what callers name. */
export type ReservationType = 'prefix' | 'explicit';

export interface Range {
  readonly from: number;
  /** The first position after it. */
  readonly to: number;
}

export class ReservedRanges {
  readonly #size: number;
  readonly #ranges: (Range & { readonly type: ReservationType })[] = [];
  /** 1 where EC2 may choose an address, or a block; made anew at every change, `undefined` while nothing is reserved. */
  #open: { readonly addresses: Uint8Array; readonly blocks: Uint8Array } | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  get none(): boolean {
    return this.#open === undefined;
  }

  get anyForPrefixes(): boolean {
    return this.#ranges.some(({ type }) => type === 'prefix');
  }

  add({ from, to }: Range, type: ReservationType): void {
    this.#ranges.push({ from, to, type });
    this.#open = this.#opened();
  }

  remove({ from, to }: Range): void {
    const at = this.#ranges.findIndex((range) => range.from === from && range.to === to);
    if (at >= 0) this.#ranges.splice(at, 1);
    this.#open = this.#opened();
  }

  /** Single addresses EC2 chooses never lie in a reservation. */
  opensAddress(index: number): boolean {
    return this.#open === undefined || this.#open.addresses[index] === 1;
  }

  /** Blocks EC2 chooses come from the reservations for prefixes; without one, from outside every reservation. That it
   *  falls back on the rest of the subnet when they are full is not documented: here it does not. */
  opensBlock(block: number): boolean {
    return this.#open === undefined || this.#open.blocks[block] === 1;
  }

  /** Free addresses that are set aside, for prefixes or for anything. */
  freeAside(used: Uint8Array, aside: 'for prefixes' | 'at all'): number {
    let free = 0;
    for (const { type, from, to } of this.#ranges) {
      if (aside === 'for prefixes' && type !== 'prefix') continue;
      for (let i = from; i < to; i++) if (used[i] === 0) free++;
    }
    return free;
  }

  /** Of several reservations for prefixes with a whole block left, one at random; `undefined` without that choice. */
  choose(isWhole: (block: number) => boolean, chance: Stream | undefined): Range | undefined {
    if (this.#ranges.length < 2 || chance === undefined) return undefined;
    const choices = this.#ranges.filter(({ type, from, to }) => {
      if (type !== 'prefix') return false;
      for (let block = from / BLOCK; block < to / BLOCK; block++) if (isWhole(block)) return true;
      return false;
    });
    return choices.length < 2 ? undefined : chance.pick(choices);
  }

  #opened(): { addresses: Uint8Array; blocks: Uint8Array } | undefined {
    if (this.#ranges.length === 0) return undefined;
    const addresses = new Uint8Array(this.#size).fill(1);
    for (const { from, to } of this.#ranges) addresses.fill(0, from, to);
    const blocks = new Uint8Array(this.#size / BLOCK);
    for (const { type, from, to } of this.#ranges) {
      if (type === 'prefix') blocks.fill(1, from / BLOCK, to / BLOCK);
    }
    if (this.anyForPrefixes) return { addresses, blocks };
    for (let block = 0; block < blocks.length; block++) {
      const untouched = !addresses.subarray(block * BLOCK, (block + 1) * BLOCK).includes(0);
      blocks[block] = untouched ? 1 : 0;
    }
    return { addresses, blocks };
  }
}
