/**
 * The ENIs that are there: find them, tell whose they are, sign them, take them into the store.
 * Source: amazon-vpc-cni-k8s v1.23.1, DescribeAllENIs, setUnmanagedENIs, TagENI, setupENI.
 */
import { ApiError, type Eni, type ReplyLost } from '../ec2/api.ts';
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import type { Process } from '../kernel.ts';
import { type Backoff, withBackoff } from './backoff.ts';
import type { Daemon } from './daemon.ts';
import { GoMap } from './go-map.ts';
import { attempt } from './sdk.ts';
import { isExcluded } from './subnets.ts';

export const NODE_TAG = 'node.k8s.amazonaws.com/instance_id';
const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';
/** To ipamd the virtual clock's zero is the epoch. */
export const CREATED_TAG = 'node.k8s.amazonaws.com/createdAt';
export const CLUSTER_TAG = 'cluster.k8s.amazonaws.com/name';

const DESCRIBE_TRIES = 12;
const TAG: Backoff = { tries: 5, firstMs: 500, jitter: 0.3 };

type Tags = ReadonlyMap<string, string>;

export interface KnownEnis {
  /** As metadata showed them when the question was asked, in the order of a Go map. */
  readonly enis: readonly MetadataEni[];
  readonly tags: ReadonlyMap<string, Tags>;
  /** Ids of trunk ENIs: only EC2 tells them apart. */
  readonly trunks: ReadonlySet<string>;
}

/** Asks EC2 about every ENI metadata shows; ids EC2 does not know are dropped and the rest asked again. */
export function* describeAll(d: Daemon): Process<KnownEnis> {
  const shown = new Map(d.metadata().map((eni) => [eni.id, eni]));
  if (d.settings.metadataOnly) return { enis: [...shown.values()], tags: new Map(), trunks: new Set() };
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
    trunks: new Set(answered.filter(({ interfaceType }) => interfaceType === 'trunk').map(({ id }) => id)),
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
export function* setUp(d: Daemon, eni: MetadataEni, isTrunk = false): Process {
  const pooled = d.store.addEni(eni.id, eni.id === d.host.primaryEniId, eni.subnetId, isTrunk);
  if (d.settings.subnetDiscovery && (yield* isExcluded(d, eni.subnetId))) pooled.excluded = true;
  for (const ip of eni.secondaryIps) d.store.addCidr(eni.id, ip, false);
  for (const prefix of eni.prefixes) d.store.addCidr(eni.id, prefix, true);
}

export function ownTags(d: Daemon): Record<string, string> {
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

export const isCode = (error: ApiError | ReplyLost, code: string): boolean =>
  error instanceof ApiError && error.code === code;
