/** What the doctor promises of a setting, played on the cluster it looked at: with it no request fails, and without it some do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAccount } from '../../cli/account.ts';
import { diagnose } from '../../cli/doctor-run.ts';
import { countOn, kubeOf } from '../../cli/kubernetes.ts';
import { burstOf } from '../../cli/simulate/burst.ts';
import { playWay } from '../../cli/simulate/play.ts';
import { presentEnv } from '../../cli/simulate/ways.ts';
import { withCounts } from '../../cli/snapshot/counts.ts';
import type { CniEnv, Snapshot } from '../../cli/snapshot/format.ts';
import { takeSnapshot } from '../../cli/snapshot/take.ts';
import { replayable } from '../replay.ts';

const SEED = 1;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promises-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Two m5.large in a subnet with room, and a Deployment that has been there. */
async function scenario(cni: Readonly<Record<string, string>>, replicas: number): Promise<string> {
  const file = join(folder, `${replicas}-${Object.values(cni).join('-')}.json`);
  const document = {
    ...{ name: 'promises', title: 'A burst comes to two nodes' },
    subnets: [{ name: 'a', cidr: '10.0.0.0/20' }],
    clusters: [
      {
        cni,
        nodeGroups: [{ name: 'workers', type: 'm5.large', nodes: 2 }],
        workloads: [{ kind: 'Deployment', name: 'web', replicas }],
      },
    ],
  };
  await writeFile(file, JSON.stringify(document));
  return file;
}

interface Case {
  readonly what: string;
  readonly rule: string;
  readonly pods: number;
  readonly world: () => Promise<string>;
}

test.each<Case>([
  {
    what: 'prefixes, on the full nodes of the reported case: warming is not needed',
    rule: 'prefix-unused',
    pods: 100,
    world: async () => 'S1',
  },
  {
    what: 'more of them, where one is not enough for what waits for a new node',
    rule: 'cold-launches',
    pods: 54,
    world: () => scenario({ ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' }, 54),
  },
  {
    what: 'a minimum for what waits, where one ENI holds it',
    rule: 'cold-launches',
    pods: 8,
    world: () => scenario({ WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '4' }, 54),
  },
  {
    what: 'a minimum for what waits, with prefixes',
    rule: 'cold-launches',
    pods: 54,
    world: () => scenario({ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '1' }, 54),
  },
  {
    what: 'more prefixes kept free on nodes that run',
    rule: 'burst-beyond-addresses',
    pods: 40,
    world: () => scenario({ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '2' }, 4),
  },
  {
    what: 'a higher IP target, where the CNI trims what others bring',
    rule: 'burst-beyond-addresses',
    pods: 20,
    world: () => scenario({ WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '10' }, 20),
  },
])('$rule: $what', async ({ rule, pods, world }) => {
  replayable(SEED);
  const account = await openAccount({ scenario: await world(), seed: SEED });
  if ('complaint' in account) throw new Error(account.complaint);
  const options = { cluster: 'shop', burst: { pods, overMs: 0 }, kubernetes: true } as const;
  const diagnosed = await diagnose(account, options, () => {});
  if ('complaint' in diagnosed) throw new Error(diagnosed.complaint);
  const finding = diagnosed.examined.findings.find((each) => each.rule === rule);
  const { env } = JSON.parse(finding?.remedy.commands[0]?.at(-1) ?? '{}') as { readonly env: CniEnv };

  const taken = await account.ask(() => takeSnapshot('shop', account));
  if (!('snapshot' in taken)) throw new Error(JSON.stringify(taken));
  const count = await account.ask(() => countOn(kubeOf(account), 'shop', account));
  const snapshot = withCounts(taken.snapshot, taken.inventory.world.nodes, count);
  expect(await failing(snapshot, pods, presentEnv(snapshot))).toBeGreaterThan(0);
  expect(await failing(snapshot, pods, env)).toBe(0);
});

/** Refused requests for an address, of so many pods that come at once. */
async function failing(snapshot: Snapshot, pods: number, env: CniEnv): Promise<number> {
  const burst = burstOf({ pods, over: 0, startsIn: 300_000, launches: true });
  const way = { name: 'as told', env, us: 'nothing' } as const;
  const { figures } = await playWay(snapshot, burst, way, { seed: SEED, policy: {} });
  return figures.failedRequests;
}
