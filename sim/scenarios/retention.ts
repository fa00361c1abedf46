/**
 * S7, the retention matrix: what ipamd keeps of interfaces somebody attaches to a quiet node, by setting, pods and shape.
 * In TypeScript because a scenario file says what people and clusters do, and here we attach by hand, shape by shape.
 * Source: amazon-vpc-cni-k8s v1.23.1, ipamd.go, decreaseDatastorePool and its kin, as this world's ipamd has them.
 */
import { World } from '../world.ts';
import { SUBNET } from './subnets.ts';

export const RETENTION_MODES = {
  'W=1': { WARM_ENI_TARGET: '1' },
  'W=2': { WARM_ENI_TARGET: '2' },
  'IP 5/10': { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' },
  'P=1': { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
  'P=2': { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '2' },
  disabled: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
export type RetentionMode = keyof typeof RETENTION_MODES;

/** Secondary addresses, or /28 blocks in the prefix modes, on each interface attached. */
export const RETENTION_SHAPES = [[0], [0, 0], [4], [8], [9], [9, 9]] as const;
export type RetentionShape = (typeof RETENTION_SHAPES)[number];
export const RETENTION_PODS = [0, 5, 10] as const;

/** Interfaces, and secondary addresses on each. Source: EC2 User Guide, IP addresses per network interface. On the smaller type the CNI
 *  takes every slot itself in some modes. */
export const RETENTION_TYPES = {
  'm5.large': { enis: 3, perEni: 9 },
  'm5.xlarge': { enis: 4, perEni: 14 },
} as const;
export type RetentionType = keyof typeof RETENTION_TYPES;
/** Joined, pods placed, grown and quiet: reconciles come every 60 s from ipamd's last action. */
const QUIET_AFTER_MS = 300_000;
const PODS_AT_MS = 60_000;
/** Longer than a reconcile (65 s), an interface's youth (60 s) and a decrease interval (30 s) together. */
const WATCH_MS = 300_000;
const LOOK_EVERY_MS = 1_000;

export interface Retained {
  readonly mode: RetentionMode;
  readonly pods: number;
  readonly shape: readonly number[];
  /** Interfaces that found a slot. */
  readonly attached: number;
  /** Addresses on the node before, and five minutes after; interfaces' own not counted. */
  readonly before: number;
  readonly after: number;
  /** Interfaces of ours still attached after that time. */
  readonly kept: number;
  /** From the attach to the first interface of ours in ipamd's store, s. */
  readonly adoptedAfterS: number | undefined;
  /** From then until the first of them was given back, s; `undefined` while all stay. */
  readonly givenBackAfterS: number | undefined;
}

export async function retention(
  seed: number,
  mode: RetentionMode,
  pods: number,
  shape: RetentionShape,
  type: RetentionType = 'm5.large',
): Promise<Retained> {
  const world = new World({
    seed,
    cluster: 'shop',
    subnets: [SUBNET],
    cniEnv: RETENTION_MODES[mode],
  });
  const { kernel, account } = world;
  // Where ipamd allocates nothing, the node must have been given what its pods need.
  const { enis, perEni } = RETENTION_TYPES[type];
  const node = world.established(type, mode === 'disabled' ? [perEni] : [0]);
  kernel.at(PODS_AT_MS, () => {
    for (let index = 0; index < pods; index++) world.createPod(`pod-${index}`);
  });
  await kernel.run(QUIET_AFTER_MS);

  const onNode = (): number =>
    node.instance.enis.reduce((sum, eni) => sum + eni.secondaryIps.length + 16 * eni.prefixes.length, 0);
  const before = onNode();
  const prefixes = 'ENABLE_PREFIX_DELEGATION' in RETENTION_MODES[mode];
  const attached: string[] = [];
  const slots = enis - node.instance.enis.length;
  for (const [index, count] of shape.slice(0, slots).entries()) {
    const { networkInterface } = account.perform('CreateNetworkInterface', {
      subnetId: node.instance.subnetId,
      groups: node.instance.enis[0]?.groups ?? [],
      ...(prefixes ? { ipv4PrefixCount: count } : { secondaryPrivateIpAddressCount: count }),
    });
    account.perform('AttachNetworkInterface', {
      networkInterfaceId: networkInterface.id,
      instanceId: node.instanceId,
      deviceIndex: enis - 1 - index,
    });
    attached.push(networkInterface.id);
  }
  let adoptedAtMs: number | undefined;
  let givenBackAtMs: number | undefined;
  const startMs = kernel.nowMs;
  for (let atMs = startMs; atMs < startMs + WATCH_MS; atMs += LOOK_EVERY_MS) {
    await kernel.run(atMs + LOOK_EVERY_MS);
    const held = attached.filter((id) => node.ipamd.holds(id)).length;
    if (held > 0) adoptedAtMs ??= kernel.nowMs;
    const there = node.instance.enis.filter(({ id }) => attached.includes(id)).length;
    if (there < attached.length) givenBackAtMs ??= kernel.nowMs;
  }
  const secondsFrom = (fromMs: number, toMs: number | undefined): number | undefined =>
    toMs === undefined ? undefined : (toMs - fromMs) / 1000;
  return {
    mode,
    pods,
    shape,
    attached: attached.length,
    before,
    after: onNode(),
    kept: node.instance.enis.filter(({ id }) => attached.includes(id)).length,
    adoptedAfterS: secondsFrom(startMs, adoptedAtMs),
    givenBackAfterS: secondsFrom(adoptedAtMs ?? startMs, givenBackAtMs),
  };
}
