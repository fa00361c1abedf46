/** Copies of what the inventory holds: answers and records that later changes do not reach. */
import type { CidrReservation, Eni, Instance, Subnet } from './api.ts';
import type { HeldSubnet } from './held.ts';

export function copyEni(eni: Eni): Eni {
  return {
    id: eni.id,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    zone: eni.zone,
    mac: eni.mac,
    privateIp: eni.privateIp,
    secondaryIps: [...eni.secondaryIps],
    prefixes: [...eni.prefixes],
    groups: [...eni.groups],
    description: eni.description,
    interfaceType: eni.interfaceType,
    tags: new Map(eni.tags),
    attachment: eni.attachment && { ...eni.attachment },
    createdAtMs: eni.createdAtMs,
  };
}

export function copyInstance(instance: Instance): Instance {
  return {
    id: instance.id,
    type: instance.type,
    subnetId: instance.subnetId,
    vpcId: instance.vpcId,
    zone: instance.zone,
    state: instance.state,
    launchedAtMs: instance.launchedAtMs,
    tags: new Map(instance.tags),
    enis: instance.enis.map(copyEni),
  };
}

export function copySubnet(subnet: HeldSubnet): Subnet {
  return {
    id: subnet.id,
    vpcId: subnet.vpcId,
    zone: subnet.zone,
    cidr: subnet.cidr,
    tags: new Map(subnet.tags),
    freeAddresses: subnet.space.freeAddresses,
    freePrefixes: subnet.space.freeBlocks,
  };
}

export function copyReservation(reservation: CidrReservation): CidrReservation {
  return { ...reservation, tags: new Map(reservation.tags) };
}
