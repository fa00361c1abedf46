/**
 * A history: everything that happens to the clusters and everything that goes wrong, as a list made from the seed alone.
 * Each stimulus stands for itself, so that any part of a history is a history too: that is how a violation is shrunk.
 */
import type { Ec2Action } from '../ec2/api.ts';

export const CLUSTERS = ['shop', 'bank'] as const;
export type ClusterName = (typeof CLUSTERS)[number];

/** Times in virtual ms since the world began. A window lasts from `atMs` to `toMs`. An `action` is one of EC2's, or several
 *  joined by commas. */
export type Stimulus =
  /** An autoscaler asks for a node. `node` is what other stimuli call it. */
  | Happens<'launch', { cluster: ClusterName; node: string; type: string }>
  /** A node that has been there for long, with so many pods to come. */
  | Happens<'standing', { cluster: ClusterName; node: string; type: string; addresses: readonly number[] }>
  | Happens<'pods', { cluster: ClusterName; count: number }>
  | Happens<'podsEnd', { cluster: ClusterName; share: number }>
  | Happens<
      'announce',
      {
        cluster: ClusterName;
        from: number;
        to: number;
        startsInMs: number;
        overMs: number;
        podsPerNode: number | undefined;
        /** The same announcement once more. */
        againAfterMs?: number;
      }
    >
  | Happens<'dies', { node: string }>
  | Happens<'ipamdRestarts', { node: string; downMs: number }>
  | Happens<'cordon', { node: string }>
  /** A third party attaches an ENI of its own. */
  | Happens<'foreignEni', { node: string; addresses: number }>
  /** Others leave only so many addresses free, for good. */
  | Happens<'subnetFills', { subnet: number; free: number }>
  /** Others take all addresses, and give them back. */
  | Lasts<'subnetFull', { subnet: number }>
  | Lasts<'throttle', { action: string; of: 'prewarmer' | 'everybody' }>
  | Lasts<'competitor', { action: CompetitorAction; perSecond: number }>
  | Lasts<'lostReply', { action: string; carriedOut: boolean; share: number }>
  | Lasts<'refuse', { action: Ec2Action; code: string; httpStatus: number; share: number }>
  | Lasts<'events', { lateByMs: number; duplicateShare: number; reorderWithinMs: number; lostShare: number }>
  | Lasts<'slowTables', { tookMs: number }>
  /** A share of the ledger's, or of the queues', answers to us are errors; nothing was done. */
  | Lasts<'storeFails', { port: 'ledger' | 'continuations'; share: number }>
  /** From the beginning on, our reads of EC2 may show it as it was up to `lagMs` ago. */
  | Happens<'staleReads', { lagMs: number }>
  /** From the beginning on, new ENIs show in instance metadata after `eniMs`. */
  | Happens<'slowMetadata', { eniMs: number }>
  /** The operator's policy, from the beginning on, allows us only this share of EC2's rate. */
  | Happens<'smallShare', { share: number }>
  /** From the beginning on, the CNI of the cluster allocates nothing, and we are the only one who does. */
  | Happens<'soleAllocator', { cluster: ClusterName }>
  /** Somebody starts a sweep by hand. */
  | Happens<'sweep', Record<never, never>>
  /** The function whose call to the outside is the `after`-th from now on dies with it; nobody, if that comes later than
   *  `toMs`. */
  | Happens<'kill', { after: number; toMs?: number }>
  /** The kill switch. */
  | Lasts<'stopped', Record<never, never>>;

type Happens<K extends string, F> = { readonly kind: K; readonly atMs: number } & Readonly<F>;
type Lasts<K extends string, F> = Happens<K, F & { toMs: number }>;

export type CompetitorAction =
  | 'AttachNetworkInterface'
  | 'CreateNetworkInterface'
  | 'AssignPrivateIpAddresses';

export interface History {
  readonly seed: number;
  readonly stimuli: readonly Stimulus[];
}

/** The part of a history that `keep` names by position. */
export const partOf = ({ seed, stimuli }: History, keep: readonly number[]): History => ({
  seed,
  stimuli: keep.flatMap((index) => stimuli[index] ?? []),
});

/** One line for people: when, what, and its figures. */
export function tell(stimulus: Stimulus): string {
  const { kind, atMs, ...rest } = stimulus;
  const until = 'toMs' in rest ? `–${seconds(rest.toMs)}` : '';
  const figures = Object.entries(rest)
    .filter(([name, value]) => name !== 'toMs' && value !== undefined)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join('+') : value}`);
  return `${seconds(atMs)}${until}  ${[kind, ...figures].join(', ')}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
