/** EC2 through its SDK. The client is to be made with `maxAttempts: 1`: a repeated assign would assign twice. */
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { type Answer, failed, succeeded } from '../core/failures.ts';
import { CREATE_ANSWER_MS } from '../core/leases.ts';
import type { EniId, Subnet, World } from '../core/model.ts';
import type { Clock, Inventory, NamedNodes, NewEni, Vpc } from '../core/ports.ts';
import { type Context, failureOf, unreadable } from './ec2-failures.ts';
import { readInventory } from './ec2-inventory.ts';
import { eachEni, eachInstance, eachSubnet, inChunks, nodesOfCluster, reading } from './ec2-pages.ts';
import { isEniId, NodesRead, readSubnet } from './ec2-reading.ts';

const within = (answerMs: number | undefined) => (answerMs === undefined ? {} : { requestTimeout: answerMs });

export class Ec2Vpc implements Vpc {
  readonly #client: EC2Client;
  readonly #clock: Clock;

  constructor(client: EC2Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  read({ nodes, vpcIds }: Parameters<Vpc['read']>[0]): Promise<Answer<World>> {
    // The time the reads began: what they show is at least as new.
    const readAtMs = this.#clock();
    return reading(async () => {
      const read = new NodesRead();
      const subnets: Subnet[] = [];
      await Promise.all([
        'ids' in nodes ? this.#named(nodes, read) : this.#ofCluster(nodes.ofCluster, read),
        inChunks('vpc-id', vpcIds, (filters) =>
          eachSubnet(this.#client, filters, (answer) => {
            const subnet = readSubnet(answer);
            if (subnet !== undefined) subnets.push(subnet);
          }),
        ),
      ]);
      return { readAtMs, ...read.whole(), subnets };
    });
  }

  async createEni(ask: NewEni): Promise<Answer<EniId>> {
    const { subnetId, groupIds, addresses, token, description } = ask;
    const Tags = Object.entries(ask.tags).map(([Key, Value]) => ({ Key, Value }));
    const command = new CreateNetworkInterfaceCommand({
      SubnetId: subnetId,
      ...(groupIds.length > 0 && { Groups: [...groupIds] }),
      ...(addresses > 0 && { SecondaryPrivateIpAddressCount: addresses }),
      ClientToken: token,
      Description: description,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags }],
    });
    const context = { action: 'CreateNetworkInterface', subnetId } as const;
    return answered(context, async () => {
      const { NetworkInterface } = await this.#client.send(command, { requestTimeout: CREATE_ANSWER_MS });
      const id = NetworkInterface?.NetworkInterfaceId;
      return isEniId(id) ? succeeded(id) : failed(unreadable('the id of the ENI', context));
    });
  }

  async attachEni(ask: Parameters<Vpc['attachEni']>[0]): Promise<Answer<string>> {
    const { eniId, nodeId, deviceIndex, answerMs } = ask;
    const command = new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: eniId,
      InstanceId: nodeId,
      DeviceIndex: deviceIndex,
    });
    const context = { action: 'AttachNetworkInterface', nodeId } as const;
    return answered(context, async () => {
      const { AttachmentId } = await this.#client.send(command, within(answerMs));
      return AttachmentId === undefined
        ? failed(unreadable('the id of the attachment', context))
        : succeeded(AttachmentId);
    });
  }

  async deleteOnTermination(eniId: EniId, attachmentId: string): Promise<Answer<void>> {
    const command = new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: eniId,
      Attachment: { AttachmentId: attachmentId, DeleteOnTermination: true },
    });
    const answer = await answered({ action: 'ModifyNetworkInterfaceAttribute' }, async () => {
      await this.#client.send(command);
      return succeeded(undefined);
    });
    // Detached meanwhile, by whoever it was: then it does not go away with the instance any more.
    const detached = !answer.ok && answer.failure.code === 'InvalidAttachmentID.NotFound';
    return detached ? succeeded(undefined) : answer;
  }

  async assign(eniId: EniId, addresses: number, answerMs?: number): Promise<Answer<void>> {
    if (addresses <= 0) return succeeded(undefined);
    const command = new AssignPrivateIpAddressesCommand({
      NetworkInterfaceId: eniId,
      SecondaryPrivateIpAddressCount: addresses,
    });
    return answered({ action: 'AssignPrivateIpAddresses' }, async () => {
      await this.#client.send(command, within(answerMs));
      return succeeded(undefined);
    });
  }

  inventory(ask: Parameters<Vpc['inventory']>[0]): Promise<Answer<Inventory>> {
    return readInventory(this.#client, this.#clock, ask);
  }

  async deleteEni(eniId: EniId): Promise<Answer<void>> {
    const answer = await answered({ action: 'DeleteNetworkInterface' }, async () => {
      await this.#client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eniId }));
      return succeeded(undefined);
    });
    const gone = !answer.ok && answer.failure.code === 'InvalidNetworkInterfaceID.NotFound';
    return gone ? succeeded(undefined) : answer;
  }

  /** By filter, because one unknown id would fail a question by ids (EC2 API reference, DescribeInstances). */
  async #named({ ids, known = [], pending }: NamedNodes, read: NodesRead): Promise<void> {
    const asked = new Set(ids);
    const enis = new Set<string>(pending ? [] : ids);
    for (const node of known) {
      if (!asked.delete(node.id)) continue;
      read.addKnown(node);
      enis.add(node.id);
    }
    const instances = inChunks('instance-id', [...asked], (filters) =>
      eachInstance(this.#client, filters, (instance) => {
        read.add(instance);
        const { InstanceId: id } = instance;
        if (id !== undefined && pending && !read.addUntouched(id, instance)) enis.add(id);
      }),
    );
    // Only the instances tell which of them are pending no more.
    if (pending) await instances;
    await Promise.all([instances, this.#enisOf([...enis], read)]);
  }

  async #ofCluster(cluster: string, read: NodesRead): Promise<void> {
    const ids: string[] = [];
    await eachInstance(this.#client, nodesOfCluster(cluster), (instance) => {
      read.add(instance);
      if (instance.InstanceId !== undefined) ids.push(instance.InstanceId);
    });
    await this.#enisOf(ids, read);
  }

  #enisOf(ids: readonly string[], read: NodesRead): Promise<void> {
    return inChunks('attachment.instance-id', [...new Set(ids)], (filters) =>
      eachEni(this.#client, { filters }, (eni) => read.addEni(eni)),
    );
  }
}

async function answered<T>(context: Context, send: () => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await send();
  } catch (error) {
    return failed(failureOf(error, context));
  }
}
