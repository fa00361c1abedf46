/** Stories in which functions are killed after each of their calls to the outside (kill-points.ts). */
import type { Book } from './book.ts';
import type { Stimulus } from './history.ts';
import type { Story } from './kill-points.ts';

const CLUSTER = 'shop';
const TYPE = 'm5.large';

/** The launch of a node that has long been there is heard by nobody. */
const UNHEARD = { lateByMs: 0, duplicateShare: 0, reorderWithinMs: 0, lostShare: 1 };

/** A standing node that runs `pods`, was looked at a while ago, and expects as many more, ten minutes ahead. */
const rollout = (addresses: readonly number[], pods: number, more: number): readonly Stimulus[] => [
  { kind: 'events', atMs: 0, toMs: 10_000, ...UNHEARD },
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

const LAUNCHES: Stimulus = { kind: 'launch', atMs: 1_000, cluster: CLUSTER, node: 'new', type: TYPE };

/** A story without its seed. */
interface KillStory {
  readonly name: string;
  readonly stimuli: readonly Stimulus[];
  /** What it brings undisturbed: secondary addresses on each interface of each living node, with what is ours marked. */
  readonly brings: string;
}

export const KILL_STORIES: readonly KillStory[] = [
  {
    name: 'a launch, its verification and the sweeps after it',
    stimuli: [{ kind: 'pods', atMs: 1_000, cluster: CLUSTER, count: 27 }, LAUNCHES],
    brings: '9, ours 9, ours 9',
  },
  { name: 'a rollout that attaches', stimuli: rollout([9], 5, 20), brings: '9, 9, ours 4' },
  { name: 'a rollout that fills', stimuli: rollout([9, 9, 1], 8, 16), brings: '9, 9, 7' },
  {
    name: 'a launch whose node dies: the sweeps collect what was made for it',
    stimuli: [LAUNCHES, { kind: 'dies', atMs: 8_000, node: 'new' }],
    brings: '',
  },
];

const onNodes = ({ world }: Book): string =>
  world.nodes
    .filter(({ terminated }) => !terminated)
    .flatMap(({ instance }) => instance.enis)
    .map(
      ({ secondaryIps, tags }) => `${tags.has('eks-ip-prewarmer/node') ? 'ours ' : ''}${secondaryIps.length}`,
    )
    .join(', ');

export const seeded = ({ name, stimuli }: KillStory, seed: number): Story => ({
  name,
  history: { seed, stimuli },
  brought: onNodes,
});
