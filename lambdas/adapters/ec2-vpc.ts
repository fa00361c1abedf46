/** EC2 through its SDK. The client is to be made with `maxAttempts: 1`: a repeated assign would assign twice. */
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  type EC2Client,
  type Filter,
  type Instance,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import { type Answer, type Failure, failed, succeeded } from '../core/failures.ts';
import { type Ec2Action, IDS_PER_DESCRIBE } from '../core/limits.ts';
import { type EniId, type NodeId, OUR_CLUSTER_TAG, type Subnet, type World } from '../core/model.ts';
import { inParallel } from '../core/parallel.ts';
import type { Clock, Inventory, NewEni, OwnEni, Vpc } from '../core/ports.ts';
import { type Context, failureOf, unreadable } from './ec2-failures.ts';
import { isEniId, isGone, readNode, readOwnEni, readSubnet } from './ec2-reading.ts';

/** Most that EC2 answers in one page of any of the reads. Source: EC2 API reference, MaxResults of each. */
const PAGE = 1_000;
/** Reads of one kind under way at a time: 5,000 nodes are 34 chunks, of a bucket of 100 that others share. */
const READS_AT_ONCE = 4;

export class Ec2Vpc implements Vpc {
  readonly #client: EC2Client;
  readonly #clock: Clock;

  constructor(client: EC2Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async read({ nodes, vpcIds }: Parameters<Vpc['read']>[0]): Promise<Answer<World>> {
    // The time the reads began: what they show is at least as new.
    const readAtMs = this.#clock();
    try {
      const [[instances, enis], subnets] = await Promise.all([
        'ids' in nodes ? this.#named(nodes.ids) : this.#ofCluster(nodes.ofCluster),
        this.#subnets(vpcIds),
      ]);
      const enisOf = Map.groupBy(enis, (eni) => eni.Attachment?.InstanceId ?? '');
      const world = { readAtMs, nodes: [] as World['nodes'][number][], subnets };
      const incomplete: string[] = [];
      for (const instance of instances.filter((one) => !isGone(one))) {
        const node = readNode(instance, enisOf.get(instance.InstanceId ?? '') ?? []);
        if (node === undefined) incomplete.push(instance.InstanceId ?? 'an instance without id');
        else world.nodes.push(node);
      }
      return succeeded(incomplete.length > 0 ? { ...world, incomplete } : world);
    } catch (error) {
      if (error instanceof ReadFailed) return failed(error.failure);
      throw error;
    }
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
      const id = (await this.#client.send(command)).NetworkInterface?.NetworkInterfaceId;
      return isEniId(id) ? succeeded(id) : failed(unreadable('the id of the ENI', context));
    });
  }

  async attachEni({ eniId, nodeId, deviceIndex }: Parameters<Vpc['attachEni']>[0]): Promise<Answer<string>> {
    const command = new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: eniId,
      InstanceId: nodeId,
      DeviceIndex: deviceIndex,
    });
    const context = { action: 'AttachNetworkInterface', nodeId } as const;
    return answered(context, async () => {
      const { AttachmentId } = await this.#client.send(command);
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

  async assign(eniId: EniId, addresses: number): Promise<Answer<void>> {
    if (addresses <= 0) return succeeded(undefined);
    const command = new AssignPrivateIpAddressesCommand({
      NetworkInterfaceId: eniId,
      SecondaryPrivateIpAddressCount: addresses,
    });
    return answered({ action: 'AssignPrivateIpAddresses' }, async () => {
      await this.#client.send(command);
      return succeeded(undefined);
    });
  }

  async inventory({ cluster, vpcIds }: Parameters<Vpc['inventory']>[0]): Promise<Answer<Inventory>> {
    const [world, own] = await Promise.all([
      this.read({ nodes: { ofCluster: cluster }, vpcIds }),
      this.#ownEnis(cluster),
    ]);
    if (!world.ok) return world;
    if (!own.ok) return own;
    return succeeded({ world: world.value, own: own.value, freeBlocks: new Map() });
  }

  async #ownEnis(cluster: string): Promise<Answer<readonly OwnEni[]>> {
    try {
      const enis = await this.#enisBy(`tag:${OUR_CLUSTER_TAG}`, [cluster]);
      return succeeded(enis.flatMap((eni) => readOwnEni(eni) ?? []));
    } catch (error) {
      if (error instanceof ReadFailed) return failed(error.failure);
      throw error;
    }
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
  async #named(ids: readonly NodeId[]): Promise<[Instance[], NetworkInterface[]]> {
    const [instances, enis] = await Promise.all([
      inParallel(chunksOf([...new Set(ids)]), READS_AT_ONCE, (Values) =>
        this.#instances([{ Name: 'instance-id', Values }]),
      ),
      this.#enisBy('attachment.instance-id', [...new Set(ids)]),
    ]);
    return [instances.flat(), enis];
  }

  /** Every node that may join carries this tag (EKS User Guide), whoever launched it. */
  async #ofCluster(cluster: string): Promise<[Instance[], NetworkInterface[]]> {
    const instances = await this.#instances([
      { Name: 'tag-key', Values: [`kubernetes.io/cluster/${cluster}`] },
      { Name: 'instance-state-name', Values: ['pending', 'running'] },
    ]);
    const ids = instances.flatMap(({ InstanceId }) => InstanceId ?? []);
    return [instances, await this.#enisBy('attachment.instance-id', ids)];
  }

  #instances(Filters: Filter[]): Promise<Instance[]> {
    return allPages('DescribeInstances', paginateDescribeInstances(this.#pages(), { Filters }), (page) =>
      (page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []),
    );
  }

  async #enisBy(Name: string, values: readonly string[]): Promise<NetworkInterface[]> {
    const chunks = await inParallel(chunksOf(values), READS_AT_ONCE, (Values) => {
      const pages = paginateDescribeNetworkInterfaces(this.#pages(), { Filters: [{ Name, Values }] });
      return allPages('DescribeNetworkInterfaces', pages, (page) => page.NetworkInterfaces ?? []);
    });
    return chunks.flat();
  }

  async #subnets(vpcIds: readonly string[]): Promise<Subnet[]> {
    const chunks = await inParallel(chunksOf(vpcIds), READS_AT_ONCE, (Values) => {
      const pages = paginateDescribeSubnets(this.#pages(), { Filters: [{ Name: 'vpc-id', Values }] });
      return allPages('DescribeSubnets', pages, (page) => page.Subnets ?? []);
    });
    return chunks.flat().flatMap((subnet) => readSubnet(subnet) ?? []);
  }

  /** MaxResults goes with filters, not with ids: every question here is by filter. */
  #pages(): { client: EC2Client; pageSize: number } {
    return { client: this.#client, pageSize: PAGE };
  }
}

/** Ends a read of several requests at the first that fails; never leaves this file. */
class ReadFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, cause: unknown) {
    super(failure.message, { cause });
    this.failure = failure;
  }
}

async function allPages<P, T>(
  action: Ec2Action,
  pages: AsyncIterable<P>,
  items: (page: P) => readonly T[],
): Promise<T[]> {
  const all: T[] = [];
  try {
    for await (const page of pages) all.push(...items(page));
  } catch (error) {
    throw new ReadFailed(failureOf(error, { action }), error);
  }
  return all;
}

async function answered<T>(context: Context, send: () => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await send();
  } catch (error) {
    return failed(failureOf(error, context));
  }
}

function chunksOf(values: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let from = 0; from < values.length; from += IDS_PER_DESCRIBE)
    chunks.push(values.slice(from, from + IDS_PER_DESCRIBE));
  return chunks;
}
