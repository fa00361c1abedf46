/**
 * A map that is walked in the order Go's runtime would walk it. Which ENI ipamd fills, which it frees and where a pod's
 * address comes from all follow that order, so it is part of the node's behaviour although Go promises nothing about it.
 *
 * Go keeps up to eight entries in one group of eight slots and takes the first free slot for a new one; larger maps are
 * tables of such groups in which the key's hash picks the group. A walk starts at a random slot and goes round once: in
 * a small map the entry in the first slot therefore leads with probability (9 − n)/8.
 * Source: Go 1.24 and later, internal/runtime/maps.
 */
import type { Stream } from '../chance.ts';

const GROUP = 8;
/** A table grows when it would be more than 7/8 full. */
const LOAD = 7 / 8;

interface Entry<V> {
  readonly key: string;
  readonly hash: number;
  value: V;
}

export class GoMap<V> {
  readonly #stream: Stream;
  readonly #slotOf = new Map<string, number>();
  #slots: (Entry<V> | undefined)[];

  /** `expected`: how many entries Go was told to make room for. */
  constructor(stream: Stream, expected = 0) {
    this.#stream = stream;
    this.#slots = new Array(capacityFor(expected)).fill(undefined);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  has(key: string): boolean {
    return this.#slotOf.has(key);
  }

  get(key: string): V | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : this.#slots[slot]?.value;
  }

  set(key: string, value: V): void {
    const slot = this.#slotOf.get(key);
    const present = slot === undefined ? undefined : this.#slots[slot];
    if (present !== undefined) {
      present.value = value;
      return;
    }
    const capacity = this.#slots.length;
    if (this.size + 1 > (capacity === GROUP ? GROUP : capacity * LOAD)) this.#grow();
    const hash = this.#slots.length === GROUP ? 0 : Math.floor(this.#stream.next() * 2 ** 30);
    this.#place({ key, hash, value });
  }

  delete(key: string): void {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return;
    this.#slots[slot] = undefined;
    this.#slotOf.delete(key);
  }

  /** The first value, in Go's order, that passes. */
  find(passes: (value: V) => boolean): V | undefined {
    const { length } = this.#slots;
    const start = this.#start();
    for (let n = 0; n < length; n++) {
      const entry = this.#slots[(start + n) & (length - 1)];
      if (entry !== undefined && passes(entry.value)) return entry.value;
    }
    return undefined;
  }

  /** All values in Go's order: a walk begun now. */
  walk(): V[] {
    const values: V[] = [];
    this.find((value) => {
      values.push(value);
      return false;
    });
    return values;
  }

  /** For sums and other questions to which the order does not matter. */
  each(visit: (value: V) => void): void {
    for (const entry of this.#slots) if (entry !== undefined) visit(entry.value);
  }

  keys(): IterableIterator<string> {
    return this.#slotOf.keys();
  }

  /** A new map filled by walking this one, as ipamd hands out copies: the copy has an order of its own. */
  copy(): GoMap<V> {
    const copy = new GoMap<V>(this.#stream, this.size);
    const { length } = this.#slots;
    const start = this.#start();
    for (let n = 0; n < length; n++) {
      const entry = this.#slots[(start + n) & (length - 1)];
      if (entry !== undefined) copy.set(entry.key, entry.value);
    }
    return copy;
  }

  #start(): number {
    return Math.floor(this.#stream.next() * this.#slots.length);
  }

  #grow(): void {
    const entries = this.#slots.filter((entry) => entry !== undefined);
    const wasSmall = this.#slots.length === GROUP;
    this.#slots = new Array(this.#slots.length * 2).fill(undefined);
    this.#slotOf.clear();
    for (const entry of entries) {
      this.#place(wasSmall ? { ...entry, hash: Math.floor(this.#stream.next() * 2 ** 30) } : entry);
    }
  }

  #place(entry: Entry<V>): void {
    const groups = this.#slots.length / GROUP;
    let group = entry.hash & (groups - 1);
    for (let step = 1; ; step++) {
      for (let slot = group * GROUP; slot < (group + 1) * GROUP; slot++) {
        if (this.#slots[slot] !== undefined) continue;
        this.#slots[slot] = entry;
        this.#slotOf.set(entry.key, slot);
        return;
      }
      group = (group + step) & (groups - 1);
    }
  }
}

function capacityFor(entries: number): number {
  if (entries <= GROUP) return GROUP;
  let capacity = 2 * GROUP;
  while (capacity < Math.floor(entries / LOAD)) capacity *= 2;
  return capacity;
}
