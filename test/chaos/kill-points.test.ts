import { describe, expect, test } from 'vitest';
import type { Book } from '../../sim/chaos/book.ts';
import type { Stimulus } from '../../sim/chaos/history.ts';
import {
  type KilledAt,
  killedEverywhere,
  killedTwice,
  type Story,
  undisturbed,
} from '../../sim/chaos/kill-points.ts';
import { replayable } from '../replay.ts';

const CLUSTER = 'shop';
const TYPE = 'm5.large';
/** Random pairs of deaths for each story. */
const DOUBLE_FAULTS = 15;

/** Secondary addresses on each interface of each living node, with what is ours marked. */
const onNodes = ({ world }: Book): string =>
  world.nodes
    .filter(({ terminated }) => !terminated)
    .flatMap(({ instance }) => instance.enis)
    .map(
      ({ secondaryIps, tags }) => `${tags.has('eks-ip-prewarmer/node') ? 'ours ' : ''}${secondaryIps.length}`,
    )
    .join(', ');

const story = (name: string, seed: number, stimuli: readonly Stimulus[]): Story => ({
  name,
  history: { seed, stimuli },
  brought: onNodes,
});

/** A standing node that runs `pods`, was looked at a while ago, and expects as many more, ten minutes ahead. */
const rollout = (addresses: readonly number[], pods: number, more: number): readonly Stimulus[] => [
  { kind: 'standing', atMs: 0, cluster: CLUSTER, node: 'old', type: TYPE, addresses },
  { kind: 'pods', atMs: 20_000, cluster: CLUSTER, count: pods },
  // Twice: the first look at a node is what a killed sweep would cost it.
  { kind: 'sweep', atMs: 60_000 },
  { kind: 'sweep', atMs: 75_000 },
  {
    kind: 'announce',
    atMs: 150_000,
    cluster: CLUSTER,
    from: pods,
    to: pods + more,
    startsInMs: 600_000,
    overMs: 0,
    podsPerNode: pods,
  },
];

const LAUNCH = story('a launch, its verification and the sweeps after it', 71, [
  { kind: 'pods', atMs: 1_000, cluster: CLUSTER, count: 27 },
  { kind: 'launch', atMs: 1_000, cluster: CLUSTER, node: 'new', type: TYPE },
]);
const ATTACH = story('a rollout that attaches', 72, rollout([9], 5, 20));
const FILL = story('a rollout that fills', 73, rollout([9, 9, 1], 8, 16));
const ORPHANS = story('a launch whose node dies: the sweeps collect what was made for it', 74, [
  { kind: 'launch', atMs: 1_000, cluster: CLUSTER, node: 'new', type: TYPE },
  { kind: 'dies', atMs: 8_000, node: 'new' },
]);

const broken = ({ after, played }: KilledAt): string[] =>
  played.violation === undefined
    ? []
    : [
        `killed after call ${after.join(' and ')} (${played.deaths}): ${played.violation.invariant}, ${played.violation.what}`,
      ];

describe('the stories themselves', () => {
  test.each([
    [LAUNCH, '9, ours 9, ours 9'],
    [ATTACH, '9, 9, ours 4'],
    [FILL, '9, 9, 7'],
    [ORPHANS, ''],
  ])('$name: undisturbed it brings what was planned', async (one, planned) => {
    const { played, brought } = await undisturbed(one);
    expect(played.violation).toBeUndefined();
    expect(played.changes).toBeGreaterThan(0);
    expect(brought).toBe(planned);
  });
});

describe.each([LAUNCH, ATTACH, FILL, ORPHANS])('$name', (one) => {
  test('the function dies after any one call: nothing leaks, nothing goes beyond the plan, and the plan is completed', async () => {
    replayable(one.history.seed);
    const { brought: planned } = await undisturbed(one);
    let points = 0;
    const wrong: string[] = [];
    const undone: string[] = [];
    for await (const killed of killedEverywhere(one)) {
      points++;
      expect(killed.played.deaths).toHaveLength(1);
      wrong.push(...broken(killed));
      if (killed.brought !== planned) undone.push(...killed.played.deaths);
    }
    expect(wrong).toEqual([]);
    expect(undone).toEqual([]);
    expect(points).toBeGreaterThan(20);
  });

  test('two functions die at random points: the same holds', async () => {
    replayable(one.history.seed);
    const wrong: string[] = [];
    for await (const killed of killedTwice(one, DOUBLE_FAULTS)) wrong.push(...broken(killed));
    expect(wrong).toEqual([]);
  });
});
