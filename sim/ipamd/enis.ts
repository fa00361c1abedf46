/**
 * What ipamd does with whole ENIs: find them, tag them, take them into the store, make new ones, give them back.
 * Source: amazon-vpc-cni-k8s v1.23.1, awsutils.go and setupENI.
 */
import { ApiError, type Eni, type ReplyLost, type Subnet } from '../ec2/api.ts';
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import type { Process } from '../kernel.ts';
import { type Backoff, withBackoff } from './backoff.ts';
import type { Daemon } from './daemon.ts';
import { GoMap } from './go-map.ts';
import { attempt } from './sdk.ts';

export const NODE_TAG = 'node.k8s.amazonaws.com/instance_id';
const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';
export const CREATED_TAG = 'node.k8s.amazonaws.com/createdAt';
export const CLUSTER_TAG = 'cluster.k8s.amazonaws.com/name';
/** How ipamd's own ENIs are described; the instance id follows. */
export const DESCRIPTION_PREFIX = 'aws-K8S-';
const SUBNET_TAG = 'kubernetes.io/role/cni';
const SUBNET_CLUSTER_TAG = 'cni.networking.k8s.aws/cluster/';

const DESCRIBE_TRIES = 12;
const TAG: Backoff = { tries: 5, firstMs: 500, jitter: 0.3 };
const DETACH: Backoff = { tries: 12, firstMs: 200, jitter: 0.15 };
const DELETE: Backoff = { tries: 12, firstMs: 500, jitter: 0.15 };
const APPEAR: Backoff = { tries: 12, firstMs: 100, jitter: 0.15 };
/** Pause between detach and delete. */
const DETACH_SETTLES_MS = 2_000;

type Tags = ReadonlyMap<string, string>;

export interface KnownEnis {
  /** As metadata showed them when the question was asked, in the order of a Go map. */
  readonly enis: readonly MetadataEni[];
  readonly tags: ReadonlyMap<string, Tags>;
}

/** Asks EC2 about every ENI metadata shows; ids EC2 does not know are dropped and the rest asked again. */
export function* describeAll(d: Daemon): Process<KnownEnis> {
  const shown = new Map(d.metadata().map((eni) => [eni.id, eni]));
  if (d.settings.metadataOnly) return { enis: [...shown.values()], tags: new Map() };
  let failure: ApiError | ReplyLost | undefined;
  let answered: readonly Eni[] = [];
  for (let n = 0; n < DESCRIBE_TRIES && shown.size > 0; n++) {
    const answer = yield* attempt(
      d.sdk.send('DescribeNetworkInterfaces', { networkInterfaceIds: [...shown.keys()] }),
    );
    failure = answer.ok ? undefined : answer.error;
    if (answer.ok) {
      answered = answer.value.networkInterfaces;
      break;
    }
    if (isCode(answer.error, 'InvalidNetworkInterfaceID.NotFound')) {
      shown.delete(/eni-[0-9a-z]+/.exec(answer.error.message)?.[0] ?? '');
    } else yield* d.kernel.sleep(n * 10);
  }
  if (failure !== undefined) throw failure;
  return {
    enis: inMapOrder(d, [...shown.values()]),
    tags: new Map(answered.map((eni) => [eni.id, eni.tags])),
  };
}

/** Which ENIs belong to ipamd, from their tags. The primary always does. */
export function noteUnmanaged(d: Daemon, tags: ReadonlyMap<string, Tags>): void {
  if (tags.size === 0) return;
  d.unmanaged.clear();
  for (const [eniId, of] of tags) {
    const noManage = of.get(NO_MANAGE_TAG);
    const managed =
      noManage === undefined
        ? of.get(NODE_TAG) === d.host.instanceId || d.settings.managesUntagged
        : noManage !== 'true';
    if (!managed && eniId !== d.host.primaryEniId) d.unmanaged.add(eniId);
  }
}

/** The managed ones on the default network card; the others are counted, for they take slots. */
export function managedOf(d: Daemon, enis: readonly MetadataEni[]): MetadataEni[] {
  d.unmanagedAttached = enis.filter((eni) => d.unmanaged.has(eni.id)).length;
  return enis.filter((eni) => !d.unmanaged.has(eni.id) && eni.networkCardIndex === 0);
}

/** Writes the tags that are missing; false after the last failed try. */
export function* tagEni(d: Daemon, eniId: string, present: Tags): Process<boolean> {
  const tags = Object.fromEntries(
    Object.entries(ownTags(d)).filter(([key, value]) => present.get(key) !== value),
  );
  return Object.keys(tags).length === 0 || (yield* writeTags(d, eniId, tags));
}

export function* writeTags(
  d: Daemon,
  eniId: string,
  tags: Readonly<Record<string, string>>,
): Process<boolean> {
  return yield* withBackoff(d, TAG, function* () {
    return (yield* attempt(d.sdk.send('CreateTags', { resources: [eniId], tags }))).ok;
  });
}

/** Into the store with what metadata showed. Throws when the subnet cannot be looked up: the ENI is then in the store,
 *  empty. */
export function* setUp(d: Daemon, eni: MetadataEni): Process {
  const pooled = d.store.addEni(eni.id, eni.id === d.host.primaryEniId, eni.subnetId);
  if (d.settings.subnetDiscovery && (yield* isExcluded(d, eni.subnetId))) pooled.excluded = true;
  for (const ip of eni.secondaryIps) d.store.addCidr(eni.id, ip, false);
  for (const prefix of eni.prefixes) d.store.addCidr(eni.id, prefix, true);
}

/** Creates and attaches an ENI with `count` addresses or prefixes. Returns its id; the empty text when the attribute
 *  could not be set and the ENI was given back again, which ipamd takes for success. */
export function* allocateEni(d: Daemon, count: number): Process<string> {
  const eniId = yield* createEni(d, Math.min(count, d.settings.slotsPerEni));
  const attached = yield* attempt(attachEni(d, eniId));
  if (!attached.ok) {
    yield* deleteEni(d, eniId);
    throw attached.error;
  }
  const kept = yield* attempt(
    d.sdk.send('ModifyNetworkInterfaceAttribute', {
      networkInterfaceId: eniId,
      attachment: { attachmentId: attached.value, deleteOnTermination: true },
    }),
  );
  if (kept.ok) return eniId;
  if (yield* freeEni(d, eniId)) return '';
  throw kept.error;
}

/** Polls metadata until the ENI shows with at least `count` addresses or prefixes. After the last poll fewer will do:
 *  one address, or two prefixes. */
export function* waitUntilShown(d: Daemon, eniId: string, count: number): Process<MetadataEni | undefined> {
  let seen: MetadataEni | undefined;
  let partly = false;
  const content = (eni: MetadataEni): number =>
    (d.settings.prefixes ? eni.prefixes : eni.secondaryIps).length;
  const complete = yield* withBackoff(d, APPEAR, function* () {
    const eni = d.metadata().find((shown) => shown.id === eniId);
    partly = eni !== undefined && content(eni) >= 1;
    if (eni === undefined || !partly) return false;
    seen = eni;
    return content(eni) >= count;
  });
  if (complete) return seen;
  const enough = seen !== undefined && content(seen) >= (d.settings.prefixes ? 2 : 1);
  return partly && enough ? seen : undefined;
}

/** Detaches and deletes; false when a step failed for good. The ENI has left the store before and may stay in EC2. */
export function* freeEni(d: Daemon, eniId: string): Process<boolean> {
  const found = yield* attempt(d.sdk.send('DescribeNetworkInterfaces', { networkInterfaceIds: [eniId] }));
  if (!found.ok) return isCode(found.error, 'InvalidNetworkInterfaceID.NotFound');
  const attachmentId = found.value.networkInterfaces[0]?.attachment?.id;
  const detached = yield* withBackoff(d, DETACH, function* () {
    if (attachmentId === undefined) return false;
    return (yield* attempt(d.sdk.send('DetachNetworkInterface', { attachmentId }))).ok;
  });
  if (!detached) return false;
  yield* d.kernel.sleep(DETACH_SETTLES_MS);
  return yield* deleteEni(d, eniId);
}

/** False when it is still there after all tries. */
export function* deleteEni(d: Daemon, eniId: string): Process<boolean> {
  return yield* withBackoff(d, DELETE, function* () {
    const answer = yield* attempt(d.sdk.send('DeleteNetworkInterface', { networkInterfaceId: eniId }));
    return answer.ok || isCode(answer.error, 'InvalidNetworkInterfaceID.NotFound');
  });
}

/** Tries each usable subnet, most free addresses first, until one create succeeds; throws the last refusal. */
function* createEni(d: Daemon, count: number): Process<string> {
  const groups = d.groups;
  if (d.settings.customNetworking) {
    const { eniConfig } = d.host;
    if (eniConfig === undefined) throw new ApiError('ENIConfigNotFound', 'the node has no ENIConfig');
    const own = eniConfig.securityGroups.length > 0 ? eniConfig.securityGroups : groups;
    return yield* createIn(d, eniConfig.subnetId, own, count);
  }
  if (!d.settings.subnetDiscovery) {
    const excluded = yield* attempt(isExcluded(d, d.host.subnetId));
    if (excluded.ok && excluded.value) throw noSubnet();
    return yield* createIn(d, d.host.subnetId, groups, count);
  }
  const listed = yield* attempt(zoneSubnets(d));
  if (!listed.ok) {
    if (yield* isExcluded(d, d.host.subnetId)) throw noSubnet();
    return yield* createIn(d, d.host.subnetId, groups, count);
  }
  let refusal: ApiError | ReplyLost = noSubnet();
  for (const subnet of listed.value) {
    if (!isUsable(d, subnet)) continue;
    const created = yield* attempt(createIn(d, subnet.id, groups, count));
    if (created.ok) return created.value;
    refusal = created.error;
  }
  throw refusal;
}

function* createIn(d: Daemon, subnetId: string, groups: readonly string[], count: number): Process<string> {
  const { networkInterface } = yield* d.sdk.send('CreateNetworkInterface', {
    subnetId,
    groups,
    description: DESCRIPTION_PREFIX + d.host.instanceId,
    ...(d.settings.prefixes ? { ipv4PrefixCount: count } : { secondaryPrivateIpAddressCount: count }),
    tags: { [CREATED_TAG]: createdAt(d.nowMs), ...ownTags(d) },
  });
  return networkInterface.id;
}

/** Takes the lowest free device index on the default card. */
function* attachEni(d: Daemon, networkInterfaceId: string): Process<string> {
  const { instanceId } = d.host;
  const { instances } = yield* d.sdk.send('DescribeInstances', { instanceIds: [instanceId] });
  const taken = new Set<number>();
  for (const { attachment } of instances[0]?.enis ?? []) {
    if (attachment?.networkCardIndex === 0) taken.add(attachment.deviceIndex);
  }
  let deviceIndex = 0;
  while (taken.has(deviceIndex)) deviceIndex++;
  const attached = yield* d.sdk.send('AttachNetworkInterface', {
    networkInterfaceId,
    instanceId,
    deviceIndex,
  });
  return attached.attachmentId;
}

function* zoneSubnets(d: Daemon): Process<Subnet[]> {
  const { subnets } = yield* d.sdk.send('DescribeSubnets', {
    filters: [
      { name: 'vpc-id', values: [d.host.vpcId] },
      { name: 'availability-zone', values: [d.host.zone] },
    ],
  });
  return subnets.sort((a, b) => b.freeAddresses - a.freeAddresses);
}

/** Whether pods may not get addresses from ENIs in this subnet. */
function* isExcluded(d: Daemon, subnetId: string): Process<boolean> {
  const subnets = yield* zoneSubnets(d);
  const subnet = subnets.find(({ id }) => id === subnetId);
  const role = subnet?.tags.get(SUBNET_TAG) ?? '';
  if (subnet === undefined || role === '') return false;
  return role === '0' || !suitsCluster(d, subnet);
}

/** Without the tag only the node's own subnet is used. */
function isUsable(d: Daemon, subnet: Subnet): boolean {
  const role = subnet.tags.get(SUBNET_TAG) ?? '';
  if (role === '0') return false;
  return role === '' ? subnet.id === d.host.subnetId : suitsCluster(d, subnet);
}

function suitsCluster(d: Daemon, subnet: Subnet): boolean {
  const { clusterName } = d.settings;
  if (clusterName === '') return true;
  const clusters = [...subnet.tags.keys()].filter((key) => key.startsWith(SUBNET_CLUSTER_TAG));
  return clusters.length === 0 || clusters.includes(SUBNET_CLUSTER_TAG + clusterName);
}

function ownTags(d: Daemon): Record<string, string> {
  const { clusterName, extraTags } = d.settings;
  return {
    [NODE_TAG]: d.host.instanceId,
    ...(clusterName !== '' && { [CLUSTER_TAG]: clusterName, 'eks:eni:owner': 'amazon-vpc-cni' }),
    ...extraTags,
  };
}

/** Go fills a map with the ENIs and walks it. */
function inMapOrder(d: Daemon, enis: readonly MetadataEni[]): MetadataEni[] {
  const map = new GoMap<MetadataEni>(d.stream, enis.length);
  for (const eni of enis) map.set(eni.id, eni);
  return map.walk();
}

/** The virtual clock's zero is the epoch. */
export const createdAt = (nowMs: number): string => `${new Date(nowMs).toISOString().slice(0, 19)}Z`;

const noSubnet = (): ApiError =>
  new ApiError('NoUsableSubnet', 'no subnet of the zone is open to new interfaces');

export const isCode = (error: ApiError | ReplyLost, code: string): boolean =>
  error instanceof ApiError && error.code === code;
