/** What the commands learn from a cluster's API server when they may ask it, and what they say when they may not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccount } from '../../cli/account.ts';
import type { Account } from '../../cli/account-clients.ts';
import { diagnose } from '../../cli/doctor-run.ts';
import { countOn, kubeOf } from '../../cli/kubernetes.ts';
import { type PlanRead, readPlan } from '../../cli/plan/read.ts';
import { withCounts } from '../../cli/snapshot/counts.ts';
import { readSnapshot } from '../../cli/snapshot/read.ts';
import { takeSnapshot } from '../../cli/snapshot/take.ts';
import { named } from '../../lambdas/core/lens.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { KubeObjects } from '../../sim/cluster/kube-objects.ts';

/** Two m5.large whose kubelets run 20 pods, ten of a Deployment and two on the host's network on each. CronJobs have left
 *  pods behind that have ended. */
const BUSY = {
  name: 'busy',
  title: 'Pods that hold addresses, and others',
  subnets: [{ name: 'a', cidr: '10.0.0.0/20' }],
  clusters: [
    {
      nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2, maxPods: 20 }],
      workloads: [
        { kind: 'Deployment', name: 'web', replicas: 20 },
        { kind: 'CronJob', name: 'report', everySeconds: 60, pods: 4, runSeconds: 5 },
      ],
    },
  ],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubernetes-'));
  await writeFile(join(folder, 'busy.json'), JSON.stringify(BUSY));
});
afterAll(() => rm(folder, { recursive: true }));

type Trouble = (kubernetes: KubeObjects) => unknown;

/** The world a while into its story. */
async function busy(trouble: Trouble = () => {}): Promise<Account> {
  const account = await openAccount({ scenario: join(folder, 'busy.json'), at: 110 });
  if ('complaint' in account) throw new Error(account.complaint);
  const cluster = account.simulated?.world.cluster();
  if (cluster === undefined) throw new Error('no world');
  trouble(cluster.kubernetes);
  return account;
}

async function counted(account: Account) {
  const read = await account.ask(() => takeSnapshot('shop', account));
  if (!('snapshot' in read)) throw new Error(JSON.stringify(read));
  const { nodes } = read.inventory.world;
  const count = await account.ask(() => countOn(kubeOf(account), 'shop', account));
  return { ...count, nodes, each: nodes.map((node) => count.of(named(node))), snapshot: read.snapshot };
}

const denied =
  (...rules: readonly string[]): Trouble =>
  (kubernetes) => {
    for (const rule of rules) kubernetes.denied.add(rule);
  };
const access =
  (to: KubeObjects['access']): Trouble =>
  (kubernetes) => {
    kubernetes.access = to;
  };

const EXACT = { pods: 10, hostNetworkPods: 2, maxPods: 20 };

describe('counted', () => {
  test('each node’s pods with an address, without the host’s and the ended ones, and its kubelet’s max-pods', async () => {
    const account = await busy();
    const ended = account.simulated?.world.cluster().kubernetes.pods() ?? [];
    expect(ended.filter(({ phase }) => phase === 'Succeeded').length).toBeGreaterThan(0);
    const { each, troubles } = await counted(account);
    expect(each).toEqual([EXACT, EXACT]);
    expect(troubles).toEqual([]);
  });

  test('nodes that may not be listed are found by the names they are likely to have', async () => {
    const { each, troubles } = await counted(await busy(denied('list nodes')));
    expect(each).toEqual(Array(2).fill({ pods: 10, hostNetworkPods: 2 }));
    expect(troubles).toEqual([
      'kubernetes list nodes: the RBAC of shop lacks a rule for the identity you are signed in as: apiGroups [""], ' +
        'resources ["nodes"], verbs ["list"] (docs/lens.md)',
    ]);
  });

  test('pods that may not be listed leave max-pods', async () => {
    const { each, troubles, hasPods } = await counted(await busy(denied('list pods')));
    expect(each).toEqual([{ maxPods: 20 }, { maxPods: 20 }]);
    expect(hasPods).toBe(false);
    expect(troubles).toEqual([expect.stringMatching(/^kubernetes list pods: .*resources \["pods"\]/)]);
  });

  test.each<[string, Trouble, RegExp]>([
    [
      'of a private endpoint',
      access('private'),
      /its endpoint is private: run this inside its VPC or over a VPN into it, or leave Kubernetes out/,
    ],
    [
      'that is closed to this address',
      ({ outages }) => outages.push({ fromMs: 0, toMs: Number.POSITIVE_INFINITY }),
      /its public endpoint may be closed to your address \(publicAccessCidrs\)/,
    ],
    ['that does not know who asks', access('stranger'), /does not know the identity .* access entry/],
  ])('an API server %s is asked once, and said in one line', async (_, trouble, line) => {
    const { each, troubles } = await counted(await busy(trouble));
    expect(each).toEqual([{}, {}]);
    expect(troubles).toEqual([expect.stringMatching(line)]);
  });

  test('nothing but reads is sent', async () => {
    const { kube } = await busy();
    const patch = { method: 'PATCH', url: 'https://shop/api/v1/nodes/a', headers: {}, ca: '' } as const;
    await expect(kube(patch)).rejects.toThrow('is no read, and was not sent');
  });
});

describe('doctor', () => {
  const examined = async (options: object, trouble?: Trouble) => {
    const account = await busy(trouble);
    const diagnosed = await diagnose(account, { cluster: 'shop', ...options }, () => {});
    if ('complaint' in diagnosed) throw new Error(diagnosed.complaint);
    const { look, examined: found } = diagnosed;
    const evidence = (rule: string) => found.findings.find((each) => each.rule === rule)?.evidence;
    return { look, evidence };
  };
  const BURST = { burst: { pods: 500, overMs: 0 } };

  test('judges by what is, where it may ask', async () => {
    const assumed = await examined(BURST);
    // 27 addresses each, and nothing that tells them free.
    expect(assumed.evidence('cold-launches')).toMatch(
      /500 pods expected, 0 free slots on 2 nodes; .* 27 pods/,
    );
    const { evidence, look } = await examined({ ...BURST, kubernetes: true });
    // 18 pods with an address each, of which ten are there.
    expect(evidence('cold-launches')).toMatch(/500 pods expected, 16 free slots on 2 nodes; .* 18 pods/);
    expect(look.troubles).toEqual([]);
  });

  test('what is said goes before what was counted', async () => {
    const { evidence } = await examined({ ...BURST, kubernetes: true, podsPerNode: 3, maxPods: 25 });
    expect(evidence('cold-launches')).toMatch(/500 pods expected, 40 free slots on 2 nodes; .* 23 pods/);
  });

  test('what it may not ask is one line, and the report is the one without', async () => {
    const { evidence, look } = await examined({ ...BURST, kubernetes: true }, access('private'));
    expect(look.troubles).toEqual([expect.stringContaining('its endpoint is private')]);
    expect(evidence('cold-launches')).toBe((await examined(BURST)).evidence('cold-launches'));
  });
});

describe('more pods on each node than max-pods allow', () => {
  const judged = async (options: object, policy = DEFAULT_POLICY): Promise<unknown> => {
    const burst = { over: 0, startsIn: 300_000, launches: true, pods: 30 };
    const account = await busy();
    return account.ask(() => readPlan(account, 'shop', { ...burst, ...options }, policy));
  };
  const diagnosed = async (options: object): Promise<unknown> =>
    diagnose(await busy(), { cluster: 'shop', ...options }, () => {});
  const refused = (most: number, got: number): unknown => ({
    complaint: expect.stringMatching(
      new RegExp(`^--pods-per-node: expected at most ${most}, .* m5\\.large .*, got ${got}$`),
    ),
  });

  test('are refused by doctor and plan alike, by the type’s own where nobody knows theirs', async () => {
    for (const ask of [judged, diagnosed]) {
      expect(await ask({ podsPerNode: 28 })).toEqual(refused(27, 28));
      expect(await ask({ podsPerNode: 27 })).not.toHaveProperty('complaint');
    }
  });

  test('are refused by the kubelets’ own where they were asked', async () => {
    for (const ask of [judged, diagnosed]) {
      expect(await ask({ kubernetes: true, podsPerNode: 19 })).toEqual(refused(18, 19));
      expect(await ask({ kubernetes: true, podsPerNode: 18 })).not.toHaveProperty('complaint');
    }
  });

  test('are not refused where somebody says that there are more', async () => {
    expect(await diagnosed({ maxPods: 110, podsPerNode: 60 })).not.toHaveProperty('complaint');
    expect(await judged({ podsPerNode: 60 }, { ...DEFAULT_POLICY, maxPods: 110 })).not.toHaveProperty(
      'complaint',
    );
  });
});

test('a snapshot has them, and can be read', async () => {
  const { snapshot, nodes, ...count } = await counted(await busy());
  const whole = withCounts(snapshot, nodes, count);
  expect(whole.nodes.map(({ pods, maxPods }) => [pods, maxPods])).toEqual([
    [10, 20],
    [10, 20],
  ]);
  expect(readSnapshot(JSON.parse(JSON.stringify(whole)), 'c.json')).toEqual({ snapshot: whole });
});

describe('plan', () => {
  const planned = async (options: object, trouble?: Trouble): Promise<PlanRead> => {
    const account = await busy(trouble);
    const burst = { over: 0, startsIn: 300_000, launches: true, pods: 30 };
    const read = await account.ask(() => readPlan(account, 'shop', { ...burst, ...options }, DEFAULT_POLICY));
    if ('complaint' in read) throw new Error(read.complaint);
    return read;
  };

  test('goes by the pods that are there, node by node', async () => {
    const told = await planned({ podsPerNode: 10 });
    const { report, snapshot, troubles } = await planned({ kubernetes: true });
    expect(troubles).toEqual([]);
    expect(snapshot.nodes.map(({ pods, maxPods }) => [pods, maxPods])).toEqual([
      [10, 20],
      [10, 20],
    ]);
    expect(report.openDemand).toBe(told.report.openDemand);
    expect(report.openDemand).toBeLessThan((await planned({})).report.openDemand);
  });

  test('what is said goes before what was counted', async () => {
    const { report, snapshot } = await planned({ kubernetes: true, podsPerNode: 3 });
    expect(snapshot.nodes.map(({ pods }) => pods)).toEqual([3, 3]);
    expect(report.openDemand).toBe((await planned({ podsPerNode: 3 })).report.openDemand);
  });

  test('is the one without where it may not ask, and says why', async () => {
    const { report, snapshot, troubles } = await planned({ kubernetes: true }, access('stranger'));
    expect(troubles).toEqual([expect.stringContaining('access entry')]);
    expect(snapshot.nodes.map(({ pods }) => pods)).toEqual([undefined, undefined]);
    expect(report.openDemand).toBe((await planned({})).report.openDemand);
  });
});
