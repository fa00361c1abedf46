/** How long planning takes, from 100 to 5,000 nodes: pure functions on a made-up cluster of mixed fillings. */

import type { Cluster, Eni, Node, NodeId, Subnet } from '../lambdas/core/model.ts';
import { type Candidate, candidate } from '../lambdas/core/plan/eligibility.ts';
import { planLaunch } from '../lambdas/core/plan/launches.ts';
import { planRollout } from '../lambdas/core/plan/plan.ts';
import type { Sight } from '../lambdas/core/plan/standing.ts';
import { Room } from '../lambdas/core/plan/subnets.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';

export interface PlanningFigures {
  readonly nodes: number;
  readonly rolloutMs: number;
  readonly launchesMs: number;
  readonly steps: number;
}

const NOW_MS = Date.UTC(2026, 0, 1);
const CLUSTER: Cluster = {
  name: 'bench',
  vpcId: 'vpc-1',
  ipFamily: 'ipv4',
  autoMode: false,
  vpcCni: { version: 'v1.23.1' },
};
const SUBNETS: Subnet[] = ['a', 'b', 'c'].map((zone) => ({
  id: `subnet-${zone}`,
  vpcId: 'vpc-1',
  zone,
  freeAddresses: 60_000,
  tags: {},
}));
const RUNS = 9;

export function measurePlanning(nodes: number): PlanningFigures {
  const running = Array.from({ length: nodes }, (_, index) => nodeAt(index, 'running'));
  const launching = Array.from({ length: nodes }, (_, index) => nodeAt(index, 'pending'));
  const sights = new Map<NodeId, Sight>(
    running.map((node) => [
      node.id,
      { enis: node.enis.length, total: totalOf(node), sinceMs: NOW_MS - 120_000 },
    ]),
  );
  let steps = 0;
  const rolloutMs = median(() => {
    const plan = planRollout({
      demand: {
        id: 'bench',
        cluster: 'bench',
        addresses: nodes * 20,
        atOnce: nodes * 20,
        overMs: 0,
        startsAtMs: NOW_MS + 300_000,
        selector: {},
        because: 'bench',
      },
      candidates: running.map(checked),
      sights,
      room: new Room(SUBNETS, DEFAULT_POLICY.subnetReserveAddresses),
      policy: DEFAULT_POLICY,
      nowMs: NOW_MS,
    });
    steps = plan.steps.length;
  });
  const launchesMs = median(() => {
    const room = new Room(SUBNETS, DEFAULT_POLICY.subnetReserveAddresses);
    for (const node of launching)
      planLaunch(
        { candidate: checked(node), runningAtMs: undefined, share: 27, made: [] },
        'bench',
        room,
        DEFAULT_POLICY,
      );
  });
  return { nodes, rolloutMs, launchesMs, steps };
}

function checked(node: Node): Candidate {
  const result = candidate(node, CLUSTER, DEFAULT_POLICY);
  if ('candidate' in result) return result.candidate;
  throw new Error(result.refusal.because);
}

function nodeAt(index: number, state: 'running' | 'pending'): Node {
  const zone = ['a', 'b', 'c'][index % 3] ?? 'a';
  const enis = state === 'pending' ? 1 : 1 + (index % 3);
  return {
    id: `i-${index.toString(16).padStart(17, '0')}`,
    state,
    type: 'm5.large',
    vpcId: 'vpc-1',
    subnetId: `subnet-${zone}`,
    zone,
    launchedAtMs: NOW_MS - 600_000,
    platform: 'linux',
    tags: {},
    enis: Array.from({ length: enis }, (_, at) => eniAt(index, at, zone, state === 'pending' ? 0 : 9)),
  };
}

const eniAt = (node: number, at: number, zone: string, secondaryIps: number): Eni => ({
  id: `eni-${node}-${at}`,
  subnetId: `subnet-${zone}`,
  deviceIndex: at,
  networkCardIndex: 0,
  attachmentId: `eni-attach-${node}-${at}`,
  deleteOnTermination: true,
  attachmentStatus: 'attached',
  secondaryIps,
  prefixes: 0,
  groupIds: ['sg-1'],
  tags: {},
});

const totalOf = (node: Node): number => node.enis.reduce((sum, eni) => sum + eni.secondaryIps, 0);

function median(run: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const from = performance.now();
    run();
    return performance.now() - from;
  }).sort((a, b) => a - b);
  return times[Math.floor(RUNS / 2)] ?? 0;
}
