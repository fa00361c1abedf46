/**
 * Making ENIs and giving them back, call by call. Source: amazon-vpc-cni-k8s v1.23.1, AllocENI, createENI, attachENI,
 * waitForENIAndIPsAttached, freeENI, deleteENI.
 */
import { ApiError, type ReplyLost } from '../ec2/api.ts';
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import { isoSeconds } from '../iso-seconds.ts';
import type { Process } from '../kernel.ts';
import { type Backoff, withBackoff } from './backoff.ts';
import type { Daemon } from './daemon.ts';
import { CREATED_TAG, isCode, ownTags } from './enis.ts';
import { attempt } from './sdk.ts';
import { isExcluded, isUsable, zoneSubnets } from './subnets.ts';

/** How ipamd's own ENIs are described; the instance id follows. */
export const DESCRIPTION_PREFIX = 'aws-K8S-';

const DETACH: Backoff = { tries: 12, firstMs: 200, jitter: 0.15 };
const DELETE: Backoff = { tries: 12, firstMs: 500, jitter: 0.15 };
const APPEAR: Backoff = { tries: 12, firstMs: 100, jitter: 0.15 };
/** Pause between detach and delete. */
const DETACH_SETTLES_MS = 2_000;

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
    tags: { [CREATED_TAG]: isoSeconds(d.nowMs), ...ownTags(d) },
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

const noSubnet = (): ApiError =>
  new ApiError('NoUsableSubnet', 'no subnet of the zone is open to new interfaces');
