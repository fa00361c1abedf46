/** What each launch of a batch meant and what became of it, in a few words, for its line in the journal. */
import { LOOK_AGAIN_MS, MOST_ATTEMPTS, type Planned } from '../calls/launch-calls.ts';
import { ignored } from '../ignored.ts';
import { type Node, nodeGroupOf } from '../model.ts';
import type { Delayed } from '../ports.ts';
import type { NodeRecord, Outcome } from '../records.ts';
import type { Ignored, NodeLaunching } from '../signals.ts';
import { ONLY_ASKED } from '../telling.ts';
import type { Entered } from './entering.ts';

export interface LaunchStory {
  readonly signal: NodeLaunching;
  readonly meant: string;
  readonly done: string;
}

function meaning({ type, tags }: Node, cluster: string, share = 0): string {
  const pods = share > 0 ? `, ${share} announced pods for it` : '';
  return `a node of ${nodeGroupOf(tags)} in ${cluster} (${type})${pods}`;
}

export function againOrNot({ attempt }: NodeLaunching, want: 'plan' | 'do'): string {
  if (want === 'plan') return ONLY_ASKED;
  return attempt < MOST_ATTEMPTS ? `looked at again in ${LOOK_AGAIN_MS / 1000} s` : 'let go';
}

export const storyOf = (
  { runner: { signal, candidate: own, cluster }, share }: Planned,
  done: string,
): LaunchStory => ({ signal, meant: meaning(own.node, cluster.name, share), done });

/** Of launches of which nothing was planned. */
export const storiesEntered = (
  { foreign, out, unseen }: Pick<Entered, 'foreign' | 'out' | 'unseen'>,
  want: 'plan' | 'do',
): LaunchStory[] => [
  ...foreign.map((signal) => ({ signal, meant: 'no node of a cluster of ours', done: 'nothing' })),
  ...out.map(({ signal, node, cluster }) => ({
    signal,
    meant: meaning(node, cluster),
    done: want === 'do' ? 'nothing' : ONLY_ASKED,
  })),
  ...unseen.map((signal) => ({
    signal,
    meant: 'an instance that EC2 does not show',
    done: againOrNot(signal, want),
  })),
];

/** Of launches that were carried out: what their records say, and whether they come back. */
export function storiesOf(
  planned: readonly Planned[],
  records: readonly NodeRecord[],
  waiting: readonly Delayed[],
): LaunchStory[] {
  const outcomes = new Map(records.map(({ nodeId, outcome }) => [nodeId, outcome]));
  const waits = new Map(
    waiting.flatMap(({ signal, delayMs }) =>
      signal.kind === 'node-launching' ? [[signal.nodeId, delayMs]] : [],
    ),
  );
  return planned.map((one) => {
    const { signal, observedBecause } = one.runner;
    return storyOf(one, doneFor(outcomes.get(signal.nodeId), waits.get(signal.nodeId), observedBecause));
  });
}

function doneFor(
  outcome: Outcome | undefined,
  waitMs: number | undefined,
  observedBecause: string | undefined,
): string {
  if (outcome?.state === 'would attach')
    return `nothing: only observed${observedBecause === undefined ? '' : `, ${observedBecause}`}`;
  const done = outcome?.state === 'left' ? `left: ${outcome.reason}` : (outcome?.state ?? 'nothing');
  return waitMs === undefined ? done : `${done}, looked at again in ${waitMs / 1000} s`;
}

/** Instances there is nothing to decide about: one line a kind, however many of the account's instances launched. */
export function ignoredOf(
  foreign: readonly NodeLaunching[],
  unseen: readonly NodeLaunching[],
  clusters: readonly string[],
  want: 'plan' | 'do',
): Ignored[] {
  const gone = unseen.filter(({ attempt }) => want === 'plan' || attempt >= MOST_ATTEMPTS);
  const ours = `a node of ${clusters.join(', ') || 'a cluster that EKS knows'}`;
  return [...together('not ours', foreign, ours), ...together('gone', gone, 'an instance that EC2 shows')];
}

function together(as: Ignored['as'], launches: readonly NodeLaunching[], expected: string): Ignored[] {
  const ids = launches.map(({ nodeId }) => nodeId);
  const got = ids.length === 1 ? ids[0] : ids;
  return ids.length === 0 ? [] : [ignored(as, { field: 'detail.instance-id', expected, got })];
}
