/**
 * What ipamd believes it has: ENIs, the addresses and prefixes on them, and which pod holds which address.
 * Nothing here asks EC2. Source of all rules: amazon-vpc-cni-k8s v1.23.1, datastore.
 */
import type { Stream } from '../chance.ts';
import { type Address, type Cidr, coolingIn, covers, sizeOf, usableAddress } from './cidrs.ts';
import { GoMap } from './go-map.ts';
import { PREFIX_SIZE } from './settings.ts';

/** An ENI is not given back before it has been in the store this long: minENILifeTime. */
const MINIMUM_AGE_MS = 60_000;

export interface PooledEni {
  readonly id: string;
  readonly isPrimary: boolean;
  /** It carries the branches of pods with security groups of their own, and gives no addresses. */
  readonly isTrunk: boolean;
  readonly subnetId: string;
  readonly enteredAtMs: number;
  /** Its subnet is closed to pods: kept, but gives no addresses. */
  excluded: boolean;
  readonly cidrs: GoMap<Cidr>;
  /** Addresses of the mode's kind, and how many of its addresses pods hold. */
  total: number;
  assigned: number;
}

export interface Stats {
  /** Addresses of the mode's kind, on ENIs open to pods. */
  readonly total: number;
  readonly assigned: number;
  /** /28s as ipamd counts them: an ENI removed by force under its pods is subtracted twice. */
  readonly prefixes: number;
}

/** What must stay on other ENIs for one to go. */
export interface Keep {
  readonly warmIps: number;
  readonly minimumIps: number;
  readonly warmPrefixes: number;
}

export class Store {
  readonly enis: GoMap<PooledEni>;
  readonly #stream: Stream;
  readonly #now: () => number;
  readonly #prefixMode: boolean;
  readonly #cooldownMs: number;
  readonly #podAddress = new Map<string, { eni: PooledEni; cidr: Cidr; ip: string }>();
  #prefixes = 0;

  constructor(options: { stream: Stream; now: () => number; prefixMode: boolean; cooldownMs: number }) {
    this.#stream = options.stream;
    this.#now = options.now;
    this.#prefixMode = options.prefixMode;
    this.#cooldownMs = options.cooldownMs;
    this.enis = new GoMap(options.stream);
  }

  /** An ENI already there stays as it is, with its age. */
  addEni(id: string, isPrimary: boolean, subnetId: string, isTrunk = false): PooledEni {
    const present = this.enis.get(id);
    if (present !== undefined) return present;
    const eni: PooledEni = {
      id,
      isPrimary,
      isTrunk,
      subnetId,
      enteredAtMs: this.#now(),
      excluded: false,
      cidrs: new GoMap(this.#stream),
      total: 0,
      assigned: 0,
    };
    this.enis.set(id, eni);
    return eni;
  }

  /** Out of the store, pods or not: their addresses are forgotten. */
  removeByForce(id: string): void {
    const eni = this.enis.get(id);
    if (eni === undefined) return;
    const prefixes = countPrefixes(eni);
    if (eni.assigned > 0) {
      eni.cidrs.each((cidr) => this.#forgetPods(eni, cidr));
      this.#prefixes -= prefixes;
    }
    this.#prefixes -= prefixes;
    this.enis.delete(id);
  }

  addCidr(eniId: string, cidr: string, isPrefix: boolean): void {
    const eni = this.enis.get(eniId);
    if (eni === undefined || eni.cidrs.has(cidr)) return;
    eni.cidrs.set(cidr, { cidr, isPrefix, addresses: new Map(), assigned: 0 });
    if (isPrefix === this.#prefixMode) eni.total += sizeOf({ isPrefix });
    if (isPrefix) this.#prefixes++;
  }

  /** False when a pod still uses it and `force` is not given. */
  deleteCidr(eniId: string, cidr: string, force: boolean): boolean {
    const eni = this.enis.get(eniId);
    const entry = eni?.cidrs.get(cidr);
    if (eni === undefined || entry === undefined) return false;
    if (entry.assigned > 0 && !force) return false;
    this.#forgetPods(eni, entry);
    if (entry.isPrefix === this.#prefixMode) eni.total -= sizeOf(entry);
    if (entry.isPrefix) this.#prefixes--;
    eni.cidrs.delete(cidr);
    return true;
  }

  /** An address for a pod, from the first ENI and the first CIDR in map order that has a usable one. */
  assign(podId: string): string | undefined {
    const known = this.#podAddress.get(podId);
    if (known !== undefined) return known.ip;
    let given: string | undefined;
    this.enis.find((eni) => {
      if (eni.excluded || eni.assigned === eni.total) return false;
      eni.cidrs.find((cidr) => {
        if (cidr.isPrefix !== this.#prefixMode) return false;
        const ip = usableAddress(cidr, this.#isCooling);
        if (ip === undefined) return false;
        this.#give(podId, eni, cidr, ip);
        given = ip;
        return true;
      });
      return given !== undefined;
    });
    return given;
  }

  /** The pod's address starts to cool. Returns the CIDR when it lies on an excluded ENI and has become empty. */
  unassign(podId: string): { eniId: string; emptied: string | undefined } | undefined {
    const held = this.#podAddress.get(podId);
    if (held === undefined) return undefined;
    const { eni, cidr, ip } = held;
    this.#podAddress.delete(podId);
    cidr.addresses.set(ip, { podId: undefined, unassignedAtMs: this.#now() });
    cidr.assigned--;
    eni.assigned--;
    return { eniId: eni.id, emptied: eni.excluded && cidr.assigned === 0 ? cidr.cidr : undefined };
  }

  /** Pods and their addresses, as written to the checkpoint file. */
  assignments(): Map<string, string> {
    return new Map([...this.#podAddress].map(([podId, { ip }]) => [podId, ip]));
  }

  /** Puts recovered assignments back; an address no ENI holds any more is taken for dead. */
  restore(assignments: ReadonlyMap<string, string>): void {
    for (const [podId, ip] of assignments) {
      this.enis.find((eni) => {
        const cidr = eni.cidrs.find((entry) => covers(entry, ip));
        if (cidr !== undefined) this.#give(podId, eni, cidr, ip);
        return cidr !== undefined;
      });
    }
  }

  stats(): Stats {
    let [total, assigned] = [0, 0];
    this.enis.each((eni) => {
      if (eni.excluded) return;
      total += eni.total;
      assigned += eni.assigned;
    });
    return { total, assigned, prefixes: this.#prefixes };
  }

  /** Free addresses that rest since their pod went. */
  cooling(): number {
    let cooling = 0;
    this.enis.each((eni) => {
      if (!eni.excluded) cooling += this.#coolingOn(eni);
    });
    return cooling;
  }

  /** /28s nobody uses, on excluded ENIs too. */
  freePrefixes(): number {
    let free = 0;
    this.enis.each((eni) =>
      eni.cidrs.each((cidr) => {
        if (cidr.isPrefix && cidr.assigned === 0) free++;
      }),
    );
    return free;
  }

  /** Draws nothing from the stream: a question asked in every loop must not shift the order of the walks. */
  hasTrunk(): boolean {
    for (const id of this.enis.keys()) if (this.enis.get(id)?.isTrunk === true) return true;
    return false;
  }

  /** ENIs with a free slot, in map order. */
  withRoom(slotsPerEni: number, skipPrimary: boolean): PooledEni[] {
    return this.enis
      .walk()
      .filter((eni) => !eni.isTrunk && !(skipPrimary && eni.isPrimary) && !eni.excluded)
      .filter((eni) => eni.cidrs.size < slotsPerEni);
  }

  /** A secondary ENI without pods exists, young or not. */
  hasPodFreeEni(): boolean {
    return this.enis.find((eni) => !eni.isPrimary && !eni.isTrunk && eni.assigned === 0) !== undefined;
  }

  /** Takes the first ENI in map order that may be given back out of the store. */
  takeUnused(keep: Keep): string | undefined {
    const nowMs = this.#now();
    const eni = this.enis.find(
      (candidate) =>
        !candidate.isPrimary &&
        !candidate.isTrunk &&
        nowMs - candidate.enteredAtMs >= MINIMUM_AGE_MS &&
        candidate.assigned === 0 &&
        this.#coolingOn(candidate) === 0 &&
        this.#othersSuffice(candidate, keep),
    );
    if (eni === undefined) return undefined;
    this.#prefixes -= countPrefixes(eni);
    this.enis.delete(eni.id);
    return eni.id;
  }

  /** CIDRs of an ENI without pods, in map order; cooling ones count as free. */
  unassignedOn(eniId: string): Cidr[] {
    return (
      this.enis
        .get(eniId)
        ?.cidrs.walk()
        .filter((cidr) => cidr.assigned === 0) ?? []
    );
  }

  #othersSuffice(eni: PooledEni, keep: Keep): boolean {
    let [warm, total, freePrefixes] = [0, 0, 0];
    this.enis.each((other) => {
      if (other === eni || other.excluded) return;
      other.cidrs.each((cidr) => {
        if (cidr.assigned === 0) freePrefixes++;
        if (cidr.isPrefix !== this.#prefixMode) return;
        warm += sizeOf(cidr) - cidr.assigned;
        total += sizeOf(cidr);
      });
    });
    const whole = (ips: number): number =>
      this.#prefixMode ? Math.ceil(ips / PREFIX_SIZE) * PREFIX_SIZE : ips;
    if (keep.warmIps !== 0 && warm < whole(keep.warmIps)) return false;
    if (keep.minimumIps !== 0 && total < whole(keep.minimumIps)) return false;
    return !(this.#prefixMode && keep.warmPrefixes !== 0 && freePrefixes < keep.warmPrefixes);
  }

  #give(podId: string, eni: PooledEni, cidr: Cidr, ip: string): void {
    const unassignedAtMs = cidr.addresses.get(ip)?.unassignedAtMs ?? Number.NEGATIVE_INFINITY;
    cidr.addresses.set(ip, { podId, unassignedAtMs });
    cidr.assigned++;
    eni.assigned++;
    this.#podAddress.set(podId, { eni, cidr, ip });
  }

  #forgetPods(eni: PooledEni, cidr: Cidr): void {
    for (const address of cidr.addresses.values()) {
      if (address.podId === undefined) continue;
      this.#podAddress.delete(address.podId);
      address.podId = undefined;
    }
    eni.assigned -= cidr.assigned;
    cidr.assigned = 0;
  }

  readonly #isCooling = (address: Address): boolean =>
    this.#now() - address.unassignedAtMs <= this.#cooldownMs;

  #coolingOn(eni: PooledEni): number {
    let cooling = 0;
    eni.cidrs.each((cidr) => {
      cooling += coolingIn(cidr, this.#isCooling);
    });
    return cooling;
  }
}

function countPrefixes(eni: PooledEni): number {
  let prefixes = 0;
  eni.cidrs.each((cidr) => {
    if (cidr.isPrefix) prefixes++;
  });
  return prefixes;
}
