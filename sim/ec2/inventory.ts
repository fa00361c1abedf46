/**
 * What exists in the account, and the few ways it can change. Everything here takes effect at once and either happens
 * wholly or throws EC2's refusal; time, request buckets and callers are the account's business.
 */
import type { Chance } from '../chance.ts';
import type { Attachment, CidrReservation, Eni, InstanceState } from './api.ts';
import { refused } from './errors.ts';
import {
  type HeldEni,
  type HeldInstance,
  type HeldSubnet,
  type NewAttachment,
  type NewEni,
  ORIGINS,
  type Wish,
} from './held.ts';
import { InstanceMetadata, type MetadataLags } from './instance-metadata.ts';
import type { TypeLimits } from './instance-types.ts';
import type { ReadLag } from './read-lag.ts';
import { BLOCK } from './reserved-ranges.ts';
import { sizes, take } from './taking.ts';

interface InventoryOptions {
  readonly chance: Chance;
  readonly now: () => number;
  readonly lags: MetadataLags;
  readonly enisPerZone: number;
  /** Hears of every change, when somebody's reads lag. */
  readonly readLag: ReadLag | undefined;
}

export class Inventory {
  readonly instances = new Map<string, HeldInstance>();
  readonly enis = new Map<string, HeldEni>();
  readonly subnets = new Map<string, HeldSubnet>();
  readonly #byAttachment = new Map<string, HeldEni>();
  readonly #enisInZone = new Map<string, number>();
  /** How many ids of each kind were given: later ids sort after earlier ones. */
  readonly #given = new Map<string, number>();
  readonly #chance: Chance;
  readonly #now: () => number;
  readonly #lags: MetadataLags;
  readonly #enisPerZone: number;
  readonly #readLag: ReadLag | undefined;

  constructor(options: InventoryOptions) {
    this.#chance = options.chance;
    this.#now = options.now;
    this.#lags = options.lags;
    this.#enisPerZone = options.enisPerZone;
    this.#readLag = options.readLag;
  }

  subnet(id: string): HeldSubnet {
    return this.subnets.get(id) ?? raise(refused.notFound('SubnetID', [id]));
  }

  instance(id: string): HeldInstance {
    return this.instances.get(id) ?? raise(refused.notFound('InstanceID', [id]));
  }

  eni(id: string): HeldEni {
    return this.enis.get(id) ?? raise(refused.notFound('NetworkInterfaceID', [id]));
  }

  findAttached(attachmentId: string): HeldEni | undefined {
    return this.#byAttachment.get(attachmentId);
  }

  attached(attachmentId: string): HeldEni {
    return this.findAttached(attachmentId) ?? raise(refused.notFound('AttachmentID', [attachmentId]));
  }

  addInstance(
    type: string,
    limits: TypeLimits,
    subnetId: string,
    tags: Readonly<Record<string, string>>,
  ): HeldInstance {
    const subnet = this.subnet(subnetId);
    const id = this.#newId('i-');
    const instance: HeldInstance = {
      id,
      type,
      limits,
      subnetId,
      vpcId: subnet.vpcId,
      zone: subnet.zone,
      state: 'pending',
      launchedAtMs: this.#now(),
      tags: new Map(Object.entries(tags)),
      enis: [],
      metadata: new InstanceMetadata(this.#lags, (deviceIndex) =>
        this.#chance.stream(`instance metadata ${id}, device ${deviceIndex}`),
      ),
    };
    this.instances.set(id, instance);
    this.changed(id);
    return instance;
  }

  create(wanted: NewEni): HeldEni {
    const subnet = this.subnet(wanted.subnetId);
    const { primaryIp, theseIps = [], thesePrefixes = [] } = wanted;
    const inZone = this.#enisInZone.get(subnet.zone) ?? 0;
    if (inZone >= this.#enisPerZone) throw refused.quota(this.#enisPerZone);
    const found = take(subnet, {
      ...wanted,
      ips: (wanted.ips ?? 0) + (primaryIp === undefined ? 1 : 0),
      theseIps: primaryIp === undefined ? theseIps : [primaryIp, ...theseIps],
    });
    const addresses =
      primaryIp === undefined ? [...found.ips, ...theseIps] : [primaryIp, ...theseIps, ...found.ips];
    const blocks = [...thesePrefixes, ...found.prefixes];
    const id = this.#newId('eni-', ORIGINS[wanted.origin]);
    const eni: HeldEni = {
      id,
      subnetId: subnet.id,
      vpcId: subnet.vpcId,
      zone: subnet.zone,
      mac: macOf(id),
      privateIp: addresses[0] ?? '',
      secondaryIps: addresses.slice(1),
      prefixes: blocks,
      groups: [...(wanted.groups ?? [`sg-default-${subnet.vpcId}`])],
      description: wanted.description ?? '',
      interfaceType: wanted.interfaceType ?? 'interface',
      tags: new Map(Object.entries(wanted.tags ?? {})),
      attachment: undefined,
      createdAtMs: this.#now(),
      addedAtMs: new Map([...addresses.slice(1), ...blocks].map((entry) => [entry, this.#now()])),
      lastHolder: undefined,
    };
    this.enis.set(id, eni);
    this.#enisInZone.set(subnet.zone, inZone + 1);
    this.changed(id);
    return eni;
  }

  attach(eni: HeldEni, instance: HeldInstance, how: NewAttachment): Attachment {
    const card = how.networkCardIndex ?? 0;
    const { limits } = instance;
    if (eni.attachment !== undefined) throw refused.inUse(eni.id);
    if (eni.zone !== instance.zone) {
      throw refused.invalidValue(
        'You may not attach a network interface to an instance if they are not in the same availability zone',
      );
    }
    if (card < 0 || card >= limits.networkCards) {
      throw refused.invalidValue(
        `Network card index ${card} exceeds the cards of instance type ${instance.type}`,
      );
    }
    const onCard = instance.enis.filter((other) => other.attachment?.networkCardIndex === card);
    if (onCard.length >= limits.enisPerCard) {
      throw refused.slotsFull(instance.id, card, limits.enisPerCard);
    }
    if (onCard.some((other) => other.attachment?.deviceIndex === how.deviceIndex)) {
      throw refused.deviceTaken(instance.id, how.deviceIndex);
    }
    if (slotsUsed(eni) > limits.ipv4PerEni) throw refused.interfaceFull(eni.id, limits.ipv4PerEni);
    if (eni.prefixes.length > 0 && !limits.prefixes) throw refused.unsupported(noPrefixes(instance));
    const attachment: Attachment = {
      id: this.#newId('eni-attach-'),
      instanceId: instance.id,
      deviceIndex: how.deviceIndex,
      networkCardIndex: card,
      status: 'attached',
      deleteOnTermination: how.deleteOnTermination ?? false,
      attachedAtMs: this.#now(),
    };
    eni.attachment = attachment;
    eni.lastHolder = instance;
    this.#byAttachment.set(attachment.id, eni);
    instance.enis.push(eni);
    instance.enis.sort(byDevice);
    instance.metadata.attached(eni, eni.addedAtMs, this.#now(), how.shows ?? 'late');
    this.changed(eni.id);
    return attachment;
  }

  /** Assigns addresses and prefixes to an ENI: all of them or none. The order of refusals is the service's: the
   *  interface's own limit (that of the type it is or was attached to), then free addresses, then whole blocks. */
  assign(eni: HeldEni, wish: Wish): { ips: string[]; prefixes: string[] } {
    const { limits } = eni.lastHolder ?? {};
    const { ips, prefixes } = sizes(wish);
    if (limits !== undefined && slotsUsed(eni) + ips + prefixes > limits.ipv4PerEni) {
      throw refused.interfaceFull(eni.id, limits.ipv4PerEni);
    }
    const instance = this.#holder(eni);
    if (instance !== undefined && prefixes > 0 && !instance.limits.prefixes) {
      throw refused.unsupported(noPrefixes(instance));
    }
    const found = take(this.subnet(eni.subnetId), wish);
    const taken = {
      ips: [...(wish.theseIps ?? []), ...found.ips],
      prefixes: [...(wish.thesePrefixes ?? []), ...found.prefixes],
    };
    const nowMs = this.#now();
    for (const entry of [...taken.ips, ...taken.prefixes]) eni.addedAtMs.set(entry, nowMs);
    eni.secondaryIps.push(...taken.ips);
    eni.prefixes.push(...taken.prefixes);
    if (ips > 0) instance?.metadata.added(eni.id, taken.ips, 'ips', nowMs);
    if (prefixes > 0) instance?.metadata.added(eni.id, taken.prefixes, 'prefixes', nowMs);
    this.changed(eni.id);
    return taken;
  }

  unassign(eni: HeldEni, ips: readonly string[], prefixes: readonly string[]): void {
    for (const [kind, asked] of [
      ['secondaryIps', ips],
      ['prefixes', prefixes],
    ] as const) {
      const held = new Set(eni[kind]);
      const foreign = asked.filter((entry) => !held.has(entry));
      if (foreign.length > 0) {
        throw refused.invalidValue(
          `Some of the specified addresses are not assigned to interface ${eni.id}: ${foreign}`,
        );
      }
    }
    const { space } = this.subnet(eni.subnetId);
    for (const entry of [...ips, ...prefixes]) space.release(entry);
    this.drop(eni, ips, prefixes);
  }

  /** The ENI has these no longer, whoever has them now. */
  drop(eni: HeldEni, ips: readonly string[], prefixes: readonly string[]): void {
    const metadata = this.#holder(eni)?.metadata;
    for (const entry of [...ips, ...prefixes]) eni.addedAtMs.delete(entry);
    eni.secondaryIps = without(eni.secondaryIps, ips);
    eni.prefixes = without(eni.prefixes, prefixes);
    metadata?.removed(eni.id, ips, 'ips', this.#now());
    metadata?.removed(eni.id, prefixes, 'prefixes', this.#now());
    this.changed(eni.id);
  }

  detach(eni: HeldEni): void {
    const instance = this.#holder(eni);
    if (eni.attachment === undefined || instance === undefined) return;
    this.#byAttachment.delete(eni.attachment.id);
    eni.attachment = undefined;
    instance.enis = instance.enis.filter((other) => other !== eni);
    instance.metadata.detached(eni.id, this.#now());
    this.changed(eni.id);
  }

  delete(eni: HeldEni): void {
    if (eni.attachment !== undefined) throw refused.stillAttached(eni.id);
    const subnet = this.subnet(eni.subnetId);
    for (const entry of [eni.privateIp, ...eni.secondaryIps, ...eni.prefixes]) subnet.space.release(entry);
    this.enis.delete(eni.id);
    this.#enisInZone.set(eni.zone, (this.#enisInZone.get(eni.zone) ?? 1) - 1);
    eni.lastHolder?.metadata.deleted(eni.id);
    this.#readLag?.eniChanged(eni, 'gone');
  }

  /** Terminated instances lose their interfaces: deleted with them, or left over when DeleteOnTermination is off. Stopped
   *  ones keep them; a start counts as a launch (EC2 API reference, Instance: `launchTime` is the last one). */
  setState(instance: HeldInstance, state: InstanceState): void {
    if (instance.state === 'stopped' && state === 'pending') instance.launchedAtMs = this.#now();
    instance.state = state;
    this.changed(instance.id);
    if (state !== 'terminated') return;
    for (const eni of [...instance.enis]) {
      const goesToo = eni.attachment?.deleteOnTermination === true;
      this.detach(eni);
      if (goesToo) this.delete(eni);
    }
  }

  /** An instance or ENI of this id is no longer as it was. */
  changed(id: string): void {
    if (this.#readLag === undefined) return;
    const eni = this.enis.get(id);
    if (eni !== undefined) this.#readLag.eniChanged(eni, 'there');
    const instance = this.instances.get(id);
    if (instance !== undefined) this.#readLag.instanceChanged(instance);
  }

  #holder(eni: HeldEni): HeldInstance | undefined {
    return eni.attachment === undefined ? undefined : eni.lastHolder;
  }

  reserve(wanted: Omit<CidrReservation, 'id'>): CidrReservation {
    const { subnetId, cidr, type } = wanted;
    const { space, reservations } = this.subnet(subnetId);
    const range = space.range(cidr) ?? raise(refused.reservationOutside(cidr, subnetId));
    if (type === 'prefix' && range.to - range.from < BLOCK) throw refused.reservationTooSmall(cidr);
    for (const other of reservations.values()) {
      const { from, to } = space.range(other.cidr) ?? range;
      if (from < range.to && range.from < to) throw refused.reservationOverlaps(cidr, other.cidr);
    }
    const reservation = { ...wanted, id: this.#newId('scr-') };
    reservations.set(reservation.id, reservation);
    space.reserve(range, type);
    return reservation;
  }

  unreserve(id: string): CidrReservation {
    for (const { space, reservations } of this.subnets.values()) {
      const reservation = reservations.get(id);
      if (reservation === undefined) continue;
      const range = space.range(reservation.cidr);
      if (range !== undefined) space.unreserve(range);
      reservations.delete(id);
      return reservation;
    }
    throw refused.notFound('SubnetCidrReservationID', [id]);
  }

  /** 17 hexadecimal digits as EC2's ids have: series, count, then random. */
  #newId(kind: string, series = 0): string {
    const start = `${kind}0${series}`;
    const nth = (this.#given.get(start) ?? 0) + 1;
    this.#given.set(start, nth);
    return `${start}${nth.toString(16).padStart(7, '0')}${this.#chance.stream(`${start} ${nth}`).hex(8)}`;
  }
}

function raise(error: Error): never {
  throw error;
}

const slotsUsed = (eni: Eni): number => 1 + eni.secondaryIps.length + eni.prefixes.length;

const byDevice = (a: Eni, b: Eni): number =>
  (a.attachment?.networkCardIndex ?? 0) - (b.attachment?.networkCardIndex ?? 0) ||
  (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0);

const noPrefixes = (instance: HeldInstance): string =>
  `The instance type ${instance.type} does not support prefixes on network interfaces`;

function without(held: readonly string[], gone: readonly string[]): string[] {
  if (gone.length === 0) return [...held];
  const leaving = new Set(gone);
  return held.filter((entry) => !leaving.has(entry));
}

/** A locally administered address that sorts as the ids do. */
const macOf = (eniId: string): string => `02:${(eniId.slice(5, 15).match(/../g) ?? []).join(':')}`;
