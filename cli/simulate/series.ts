/** A run as it went: figures every few seconds, for charts. */
import type { Kernel } from '../../sim/kernel.ts';
import type { World } from '../../sim/world.ts';

export interface Sample {
  /** Virtual seconds since the first pod was due; negative before. */
  readonly atSeconds: number;
  /** Pods of the burst that have an address. */
  readonly pods: number;
  /** Addresses nodes hold for pods, used or not. */
  readonly addresses: number;
  /** Refused requests for an address so far. */
  readonly failedRequests: number;
  /** Requests to EC2 so far, of everybody in the account. */
  readonly ec2Calls: number;
}

/** As often as pools change: by the loop of ipamd. */
const EVERY_MS = 5_000;

/** Samples from now on. */
export function sampling(world: World, dueMs: number): Sample[] {
  const { kernel } = world;
  const fromMs = kernel.nowMs;
  const callsBefore = calls(world);
  const samples: Sample[] = [];
  const look = (): void => {
    samples.push(sample(world, { fromMs, dueMs, callsBefore }));
    kernel.after(EVERY_MS, look);
  };
  look();
  return samples;
}

interface Since {
  readonly fromMs: Kernel['nowMs'];
  readonly dueMs: number;
  readonly callsBefore: number;
}

function sample(world: World, { fromMs, dueMs, callsBefore }: Since): Sample {
  let pods = 0;
  let failedRequests = 0;
  for (const pod of world.pods) {
    if (pod.createdAtMs < fromMs) continue;
    if (pod.gotAddressAtMs !== undefined) pods++;
    failedRequests += pod.failedRequests;
  }
  let addresses = 0;
  for (const { instance } of world.nodes)
    for (const { secondaryIps, prefixes } of instance.enis)
      addresses += secondaryIps.length + 16 * prefixes.length;
  const atSeconds = (world.kernel.nowMs - dueMs) / 1000;
  return { atSeconds, pods, addresses, failedRequests, ec2Calls: calls(world) - callsBefore };
}

const calls = ({ account }: World): number =>
  [...account.calls.of('*').values()].reduce((sum, count) => sum + count, 0);
