/** How long the embedded world takes for a large cluster, and how much memory. */
import { subnetsIn } from '../sim/scenarios/subnets.ts';
import { World } from '../sim/world.ts';

export interface WorldFigures {
  readonly nodes: number;
  readonly pods: number;
  readonly virtualMinutes: number;
  readonly seconds: number;
  /** Peak of the whole process so far: true of this run only in a process of its own. */
  readonly peakMegabytes: number;
  readonly failedRequests: number;
  readonly ec2Calls: number;
}

export interface WorldSize {
  readonly nodes: number;
  readonly pods: number;
  readonly virtualMinutes: number;
}

/** What the world must manage within 10 s and 512 MB: 500 nodes, 23,000 pods, ten minutes. */
export const LARGE: WorldSize = { nodes: 500, pods: 23_000, virtualMinutes: 10 };

/** m5.xlarge: 4 ENIs with 15 addresses each, 56 pods with an address of their own. */
const TYPE = 'm5.xlarge';
const SETTLED_MS = 30_000;

/** Four nodes of five are there and half of the pods run; then the other half comes over three minutes, the missing nodes
 *  are launched, and a tenth of the pods is replaced by a rolling update. */
export async function measureWorld({
  nodes,
  pods,
  virtualMinutes,
}: WorldSize = LARGE): Promise<WorldFigures> {
  const from = performance.now();
  const world = new World({
    seed: 1,
    cluster: 'large',
    subnets: subnetsIn(3, 16),
  });
  const { kernel } = world;
  const established = Math.floor(nodes * 0.8);
  const workers = world.addNodeGroup({
    name: 'workers',
    type: TYPE,
    launchedBy: 'karpenter',
    established: { nodes: established, addresses: [14, 14] },
  });
  await kernel.run(SETTLED_MS);
  const pod = { imagePullMs: 5_000, readyAfterMs: 5_000, exitMs: 2_000 } as const;
  const tenth = Math.floor(pods / 10);
  world.deploy({ kind: 'Deployment', name: 'steady', replicas: tenth * 4, ...pod });
  const updated = world.deploy({ kind: 'Deployment', name: 'updated', replicas: tenth, ...pod });
  const growing = world.deploy({ kind: 'Deployment', name: 'growing', replicas: 0, ...pod });
  workers.scaleTo(nodes);
  growing.scaleTo(pods - tenth * 5, 180_000);
  kernel.at(240_000, () => updated.rollOut());
  await kernel.run(virtualMinutes * 60_000);
  return {
    nodes: world.nodes.length,
    pods: world.cluster().pods.length,
    virtualMinutes,
    seconds: (performance.now() - from) / 1000,
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    failedRequests: world.pods.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
    ec2Calls: [...world.account.calls.of('*').values()].reduce((sum, count) => sum + count, 0),
  };
}
