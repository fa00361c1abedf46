/**
 * One growth step: fill an ENI that has room, else attach a new one. At most one of the two per loop.
 * Source: amazon-vpc-cni-k8s v1.23.1, increaseDatastorePool, tryAssignIPs, tryAssignPrefixes, tryAllocateENI.
 */
import type { ApiError, ReplyLost } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import type { Daemon } from './daemon.ts';
import { isCode, setUp } from './enis.ts';
import { allocateEni, waitUntilShown } from './make-enis.ts';
import { hasIpTargets, missing, type Pool, stepSize } from './pool.ts';
import { attempt } from './sdk.ts';
import type { PooledEni } from './store.ts';

/** All growth rests this long after the subnet was found exhausted: insufficientCidrErrorCooldown. */
const EXHAUSTION_REST_MS = 120_000;

/** Throws only when an assign failed for another reason than exhaustion: at start that ends the process. */
export function* grow(d: Daemon): Process {
  if (!d.mayChangeEnis || d.nowMs - d.lastExhaustedMs <= EXHAUSTION_REST_MS) return;
  const filled = yield* attempt(fillOne(d));
  if (!filled.ok) {
    if (!isExhaustion(filled.error)) throw filled.error;
    d.lastExhaustedMs = d.nowMs;
    return;
  }
  const grew = filled.value || (hasSlot(d) && (yield* addEni(d)));
  if (grew) d.lastActionMs = d.nowMs;
}

/** The pool as the arithmetic wants it. */
export function poolOf(d: Daemon): Pool {
  return { ...d.store.stats(), freePrefixes: d.settings.prefixes ? d.store.freePrefixes() : 0 };
}

/** True when EC2 gave addresses, or said that the ENI already holds them. */
function* fillOne(d: Daemon): Process<boolean> {
  const { prefixes, slotsPerEni, customNetworking, subnetDiscovery } = d.settings;
  const pool = poolOf(d);
  if (!prefixes && hasIpTargets(d.settings) && missing(d.settings, pool) === 0) return false;
  const wanted = stepSize(d.settings, pool);
  for (const eni of d.store.withRoom(slotsPerEni, customNetworking)) {
    const room = slotsPerEni - eni.cidrs.size;
    if (room <= 0) continue;
    let answer = yield* attempt(assign(d, eni, Math.min(room, wanted)));
    if (!answer.ok && !isFull(answer.error)) answer = yield* attempt(assign(d, eni, 1));
    if (answer.ok) return true;
    if (!isFull(answer.error)) {
      if (subnetDiscovery && isExhaustion(answer.error)) continue;
      throw answer.error;
    }
    yield* learnContent(d, eni);
    return true;
  }
  return false;
}

function* assign(d: Daemon, eni: PooledEni, count: number): Process {
  const { prefixes } = d.settings;
  const given = yield* d.sdk.send('AssignPrivateIpAddresses', {
    networkInterfaceId: eni.id,
    ...(prefixes ? { ipv4PrefixCount: count } : { secondaryPrivateIpAddressCount: count }),
  });
  for (const entry of prefixes ? given.assignedPrefixes : given.assignedIps) {
    d.store.addCidr(eni.id, entry, prefixes);
  }
}

/** The ENI is fuller than the store thinks: takes in what EC2 lists, of the mode's kind only. */
function* learnContent(d: Daemon, eni: PooledEni): Process {
  const { prefixes } = d.settings;
  const { networkInterfaces } = yield* d.sdk.send('DescribeNetworkInterfaces', {
    networkInterfaceIds: [eni.id],
  });
  const truth = networkInterfaces[0];
  for (const entry of (prefixes ? truth?.prefixes : truth?.secondaryIps) ?? []) {
    d.store.addCidr(eni.id, entry, prefixes);
  }
}

/** Excluded ENIs count on both sides and cancel out. A trunk that is there takes its slot itself. */
function hasSlot(d: Daemon): boolean {
  const { maxEnis } = d.settings;
  const reserved = d.store.hasTrunk() ? 0 : d.settings.reservedSlots;
  return d.store.enis.size < maxEnis - d.unmanagedAttached - reserved;
}

function* addEni(d: Daemon): Process<boolean> {
  const count = Math.min(stepSize(d.settings, poolOf(d)), d.settings.slotsPerEni);
  if (count <= 0) return true;
  const created = yield* attempt(allocateEni(d, count));
  if (!created.ok) {
    if (isExhaustion(created.error)) d.lastExhaustedMs = d.nowMs;
    return false;
  }
  const shown = yield* waitUntilShown(d, created.value, count);
  if (shown === undefined) return false;
  return (yield* attempt(setUp(d, shown))).ok;
}

const isFull = (error: ApiError | ReplyLost): boolean => isCode(error, 'PrivateIpAddressLimitExceeded');

const isExhaustion = (error: ApiError | ReplyLost): boolean =>
  isCode(error, 'InsufficientFreeAddressesInSubnet') || isCode(error, 'InsufficientCidrBlocks');
