/** EC2's actions on the inventory: parameters checked, effect, answer. Answers are copies: nobody sees later changes. */
import type { Ec2Action, Ec2Actions } from './api.ts';
import type { AttachmentTimes } from './attachment-times.ts';
import { copyEni, copyInstance, copyReservation, copySubnet } from './copies.ts';
import {
  select,
  showsEni,
  showsInstance,
  showsInstanceType,
  showsReservation,
  showsSubnet,
} from './describe.ts';
import { refused } from './errors.ts';
import type { Origin } from './held.ts';
import { instanceTypes } from './instance-types.ts';
import type { Inventory } from './inventory.ts';
import { moveHere } from './moving.ts';
import type { View } from './read-lag.ts';
import { readWish, sizes } from './taking.ts';

/** What the input does not say. */
export interface Circumstances {
  readonly origin: Origin;
  /** Whether instance metadata will ever show what an attach brings. */
  readonly shows: 'late' | 'never';
  /** What the caller sees when it reads; the truth, unless said. */
  readonly sees?: View;
  /** How long attachments are on their way; not at all, unless said. */
  readonly takes?: AttachmentTimes;
}

type Carry<A extends Ec2Action> = (
  inventory: Inventory,
  input: Ec2Actions[A]['input'],
  circumstances: Circumstances,
) => Ec2Actions[A]['output'];

/** Tags one resource may carry (EC2 User Guide, tag restrictions). */
const TAGS_PER_RESOURCE = 50;
/** Types in one answer (EC2 API reference, DescribeInstanceTypes). */
const TYPES_PER_PAGE = 100;
/** Longest client token (EC2 Developer Guide, ensuring idempotency). */
const TOKEN_CHARACTERS = 64;

export const carryOut: { readonly [A in Ec2Action]: Carry<A> } = {
  DescribeInstances: (inventory, input, { sees = inventory }) => {
    const { found, ...next } = select({
      page: input,
      ids: input.instanceIds,
      all: sees.instances,
      shows: showsInstance,
      unknown: (ids) => refused.notFound('InstanceID', ids),
    });
    return { instances: found.map(copyInstance), ...next };
  },

  DescribeSubnets: ({ subnets }, input) => {
    const { found, ...next } = select({
      page: input,
      ids: input.subnetIds,
      all: subnets,
      shows: showsSubnet,
      unknown: (ids) => refused.notFound('SubnetID', ids),
    });
    return { subnets: found.map(copySubnet), ...next };
  },

  DescribeNetworkInterfaces: (inventory, input, { sees = inventory }) => {
    const { found, ...next } = select({
      page: input,
      ids: input.networkInterfaceIds,
      all: sees.enis,
      shows: showsEni,
      unknown: (ids) => refused.notFound('NetworkInterfaceID', ids),
    });
    return { networkInterfaces: found.map(copyEni), ...next };
  },

  DescribeInstanceTypes: (_, input) => {
    const { maxResults } = input;
    if (maxResults !== undefined && maxResults > TYPES_PER_PAGE) {
      throw refused.invalidValue(`Expecting a value of at most ${TYPES_PER_PAGE} for parameter maxResults.`);
    }
    const asksAll = input.instanceTypes === undefined && maxResults === undefined;
    const { found, ...next } = select({
      page: asksAll ? { ...input, maxResults: TYPES_PER_PAGE } : input,
      ids: input.instanceTypes,
      all: instanceTypes(),
      shows: showsInstanceType,
      unknown: refused.unknownTypes,
    });
    return { instanceTypes: found, ...next };
  },

  CreateNetworkInterface: (inventory, input, { origin }) => {
    const { subnetId, groups, description, interfaceType, tags, clientToken, privateIpAddress } = input;
    if (subnetId === '') throw refused.missing('subnetId');
    const wish = readWish(input);
    checkTags(tags ?? {}, 0);
    if (clientToken !== undefined && clientToken.length > TOKEN_CHARACTERS) {
      throw refused.invalidValue(`Value (${clientToken}) for parameter ClientToken is invalid.`);
    }
    const eni = inventory.create({
      subnetId,
      ...wish,
      origin,
      ...(privateIpAddress !== undefined && { primaryIp: privateIpAddress }),
      ...(groups && { groups }),
      ...(description !== undefined && { description }),
      ...(interfaceType !== undefined && { interfaceType }),
      ...(tags && { tags }),
    });
    return { networkInterface: copyEni(eni), ...(clientToken !== undefined && { clientToken }) };
  },

  AttachNetworkInterface: (inventory, input, { shows, takes }) => {
    const eni = inventory.eni(input.networkInterfaceId);
    const instance = inventory.instance(input.instanceId);
    if (instance.state !== 'running' && instance.state !== 'stopped') {
      throw refused.wrongState(
        `Instance '${instance.id}' is not 'running' or 'stopped': it is '${instance.state}'.`,
      );
    }
    const networkCardIndex = input.networkCardIndex ?? 0;
    const attachment = inventory.attach(eni, instance, {
      deviceIndex: input.deviceIndex,
      networkCardIndex,
      shows,
    });
    takes?.attaching(attachment, () => inventory.changed(eni.id));
    return { attachmentId: attachment.id, networkCardIndex };
  },

  ModifyNetworkInterfaceAttribute: (inventory, input) => {
    const eni = inventory.eni(input.networkInterfaceId);
    if ((input.attachment === undefined) === (input.groups === undefined)) {
      throw refused.invalidCombination('Exactly one attribute must be specified.');
    }
    if (input.groups !== undefined) eni.groups = [...input.groups];
    if (input.attachment !== undefined) {
      const { attachmentId, deleteOnTermination } = input.attachment;
      if (eni.attachment?.id !== attachmentId) throw refused.notFound('AttachmentID', [attachmentId]);
      eni.attachment.deleteOnTermination = deleteOnTermination;
    }
    inventory.changed(eni.id);
    return {};
  },

  AssignPrivateIpAddresses: (inventory, input) => {
    const wish = readWish(input);
    const eni = inventory.eni(input.networkInterfaceId);
    const { ips, prefixes } = sizes(wish);
    if (ips + prefixes === 0) throw refused.missing('secondaryPrivateIpAddressCount');
    const given = moveHere(inventory, eni, wish, input.allowReassignment ?? false);
    return { assignedIps: given.ips, assignedPrefixes: given.prefixes };
  },

  UnassignPrivateIpAddresses: (inventory, input) => {
    const eni = inventory.eni(input.networkInterfaceId);
    inventory.unassign(eni, input.privateIpAddresses ?? [], input.ipv4Prefixes ?? []);
    return {};
  },

  DetachNetworkInterface: (inventory, input, { takes }) => {
    const eni = inventory.attached(input.attachmentId);
    const { attachment } = eni;
    if (attachment?.deviceIndex === 0 && attachment.networkCardIndex === 0) {
      throw refused.notPermitted('The network interface at device index 0 cannot be detached.');
    }
    if (takes === undefined || attachment === undefined) {
      inventory.detach(eni);
      return {};
    }
    takes.detaching(attachment, () => {
      if (eni.attachment === attachment) inventory.detach(eni);
    });
    inventory.changed(eni.id);
    return {};
  },

  DeleteNetworkInterface: (inventory, input) => {
    inventory.delete(inventory.eni(input.networkInterfaceId));
    return {};
  },

  CreateSubnetCidrReservation: (inventory, input) => {
    const { subnetId, cidr, reservationType: type, description = '', tags = {} } = input;
    checkTags(tags, 0);
    const made = inventory.reserve({
      subnetId,
      cidr,
      type,
      description,
      tags: new Map(Object.entries(tags)),
    });
    return { reservation: copyReservation(made) };
  },

  GetSubnetCidrReservations: (inventory, input) => {
    const { found, ...next } = select({
      page: input,
      ids: undefined,
      all: inventory.subnet(input.subnetId).reservations,
      shows: showsReservation,
      unknown: (ids) => refused.notFound('SubnetCidrReservationID', ids),
    });
    return { reservations: found.map(copyReservation), ...next };
  },

  DeleteSubnetCidrReservation: (inventory, input) => ({
    reservation: copyReservation(inventory.unreserve(input.subnetCidrReservationId)),
  }),

  CreateTags: (inventory, input) => {
    const tagged = input.resources.map((id) => taggable(inventory, id));
    for (const { tags } of tagged) {
      checkTags(
        input.tags,
        Object.keys(input.tags).reduce((extra, key) => extra - (tags.has(key) ? 1 : 0), tags.size),
      );
    }
    for (const { tags } of tagged) {
      for (const [key, value] of Object.entries(input.tags)) tags.set(key, value);
    }
    for (const id of input.resources) inventory.changed(id);
    return {};
  },
};

function checkTags(tags: Readonly<Record<string, string>>, alreadyThere: number): void {
  const keys = Object.keys(tags);
  if (keys.some((key) => key.startsWith('aws:'))) {
    throw refused.invalidValue("Tag keys starting with 'aws:' are reserved for internal use");
  }
  if (alreadyThere + keys.length > TAGS_PER_RESOURCE) throw refused.tooManyTags();
}

function taggable(inventory: Inventory, id: string): { readonly tags: Map<string, string> } {
  if (id.startsWith('eni-')) return inventory.eni(id);
  if (id.startsWith('subnet-')) return inventory.subnet(id);
  return inventory.instance(id);
}
