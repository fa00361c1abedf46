/** Draws a history from its seed. The shares are chosen so that most histories have a little trouble and some have much:
 *  one story in which everything fails proves less than many in which two things do. */
import { Chance, type Stream } from '../chance.ts';
import type { Ec2Action } from '../ec2/api.ts';
import { CLUSTERS, type ClusterName, type CompetitorAction, type History, type Stimulus } from './history.ts';

/** Trouble and stories begin no earlier: standing nodes have joined and grown by then. */
const FROM_MS = 60_000;
/** The last trouble ends before this: then the sweeps find what is left. */
export const TROUBLE_ENDS_MS = 420_000;

const TYPES = ['t3.medium', 'm5.large', 'm5.large', 'm5.xlarge'] as const;
/** Addresses on a standing node's interfaces, the primary's first: some with slots left, some with room on the last only. */
const STANDING: Readonly<Record<string, readonly (readonly number[])[]>> = {
  't3.medium': [[5], [5, 5], [5, 5, 1], [5, 5, 0], [5, 5, 2]],
  'm5.large': [[9], [9, 9], [9, 3], [9, 9, 1], [9, 9, 0], [9, 9, 2]],
  'm5.xlarge': [[14], [14, 14], [14, 6], [14, 14, 1, 0], [14, 14, 0, 0]],
};

const OURS: readonly Ec2Action[] = [
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
  'AssignPrivateIpAddresses',
  'DeleteNetworkInterface',
];
const READS: readonly Ec2Action[] = ['DescribeInstances', 'DescribeSubnets', 'DescribeNetworkInterfaces'];

const TAKING: readonly Ec2Action[] = ['CreateNetworkInterface', 'AssignPrivateIpAddresses'];
const FULL = 'InsufficientFreeAddressesInSubnet';

/** Other codes EC2 sends for each of our actions, with their usual HTTP status. Source: EC2 Developer Guide, error codes. */
const CODES: Readonly<Partial<Record<Ec2Action, readonly (readonly [code: string, httpStatus: number])[]>>> =
  {
    CreateNetworkInterface: [
      ['NetworkInterfaceLimitExceeded', 400],
      ['UnauthorizedOperation', 403],
      ['InternalError', 500],
      ['Unavailable', 503],
    ],
    AttachNetworkInterface: [
      ['AttachmentLimitExceeded', 400],
      ['InvalidParameterValue', 400],
      ['IncorrectState', 400],
      ['IncorrectInstanceState', 400],
      ['InvalidNetworkInterface.InUse', 400],
      ['InvalidNetworkInterfaceID.NotFound', 400],
      ['InvalidInstanceID.NotFound', 400],
      ['UnauthorizedOperation', 403],
      ['InternalError', 500],
    ],
    ModifyNetworkInterfaceAttribute: [
      ['InvalidAttachmentID.NotFound', 400],
      ['UnauthorizedOperation', 403],
      ['InternalError', 500],
    ],
    AssignPrivateIpAddresses: [
      ['PrivateIpAddressLimitExceeded', 400],
      ['InvalidNetworkInterfaceID.NotFound', 400],
      ['UnauthorizedOperation', 403],
      ['InternalError', 500],
    ],
    DeleteNetworkInterface: [
      ['InvalidParameterValue', 400],
      ['UnauthorizedOperation', 403],
      ['InternalError', 500],
    ],
    DescribeInstances: [['InternalError', 500]],
    DescribeSubnets: [['Unavailable', 503]],
    DescribeNetworkInterfaces: [['InternalError', 500]],
  };

export function drawHistory(seed: number): History {
  const chance = new Chance(seed).stream('history');
  const before = standing(chance);
  const stimuli = before.length > 0 && chance.chance(0.3) ? before : [...before, ...stories(chance)];
  const nodes = stimuli.filter((one) => one.kind === 'launch' || one.kind === 'standing');
  if (chance.chance(0.08))
    stimuli.push({ kind: 'soleAllocator', atMs: 0, cluster: chance.pick(nodes).cluster });
  const moments = stimuli.filter((one) => one.kind === 'launch' || one.kind === 'announce');
  stimuli.push(...onNodes(chance, nodes), ...troubles(chance, moments));
  return { seed, stimuli: stimuli.sort((a, b) => a.atMs - b.atMs) };
}

const whole = (chance: Stream, low: number, high: number): number =>
  Math.floor(chance.between(low, high + 1));
const ms = (chance: Stream, low: number, high: number): number => Math.round(chance.between(low, high));

/** Nodes that were there before, their pods, a first look at them, and announcements about them. */
function standing(chance: Stream): Stimulus[] {
  if (chance.chance(0.5)) return [];
  // The pods of a scale-out in the same cluster would land here first and leave nothing quiet to add to.
  const cluster = CLUSTERS[chance.chance(0.8) ? 1 : 0];
  const type = chance.pick(TYPES);
  const nodes = whole(chance, 1, 2);
  const all: Stimulus[] = [];
  for (let nth = 0; nth < nodes; nth++) {
    const addresses = chance.pick(STANDING[type] ?? [[9]]);
    all.push({ kind: 'standing', atMs: 0, cluster, node: `old-${nth}`, type, addresses });
  }
  const perNode = whole(chance, 0, 10);
  if (perNode > 0)
    all.push({ kind: 'pods', atMs: ms(chance, 20_000, 30_000), cluster, count: perNode * nodes });
  // Without an earlier sight nobody can tell a quiet node from a busy one.
  all.push({ kind: 'sweep', atMs: ms(chance, 60_000, 90_000) });
  for (let nth = whole(chance, 1, 2); nth > 0; nth--) {
    const from = perNode * nodes;
    const more = whole(chance, chance.chance(0.3) ? 1 : 12, 30) * nodes;
    all.push({
      kind: 'announce',
      atMs: ms(chance, 160_000, 290_000),
      cluster,
      from,
      to: chance.chance(0.3) ? Math.max(1, from) : from + more,
      startsInMs: chance.chance(0.9) ? ms(chance, 115_000, 220_000) : ms(chance, 0, 100_000),
      overMs: chance.chance(0.6) ? 0 : ms(chance, 5_000, 60_000),
      podsPerNode: chance.chance(0.7) ? perNode : undefined,
      // Pipelines too say things twice.
      ...(chance.chance(0.3) && { againAfterMs: ms(chance, 1_000, 15_000) }),
    });
    if (chance.chance(0.6))
      all.push({ kind: 'pods', atMs: ms(chance, 320_000, 410_000), cluster, count: more });
  }
  return all;
}

/** Scale-outs: perhaps announced, pods that wait, nodes that launch; later some pods end. */
function stories(chance: Stream): Stimulus[] {
  const all: Stimulus[] = [];
  const clusters: ClusterName[] = chance.chance(0.2) ? [...CLUSTERS] : [CLUSTERS[0]];
  for (const cluster of clusters) {
    const atMs = ms(chance, FROM_MS, 260_000);
    const nodes = whole(chance, 1, clusters.length > 1 ? 2 : chance.chance(0.2) ? 5 : 3);
    const type = chance.pick(TYPES);
    const count = whole(chance, 1, 27) * nodes;
    if (chance.chance(0.4))
      all.push({
        kind: 'announce',
        atMs: Math.max(1_000, atMs - ms(chance, 0, 20_000)),
        cluster,
        from: 0,
        to: count,
        startsInMs: ms(chance, 0, 30_000),
        overMs: 0,
        podsPerNode: undefined,
      });
    all.push({ kind: 'pods', atMs, cluster, count });
    for (let nth = 0; nth < nodes; nth++)
      all.push({
        kind: 'launch',
        atMs: atMs + ms(chance, 0, chance.chance(0.5) ? 1_500 : 40_000),
        cluster,
        node: `${cluster}-${nth}`,
        type,
      });
    if (chance.chance(0.3))
      all.push({ kind: 'podsEnd', atMs: ms(chance, atMs + 60_000, 400_000), cluster, share: chance.next() });
  }
  return all;
}

function onNodes(
  chance: Stream,
  nodes: readonly { readonly node: string; readonly atMs: number }[],
): Stimulus[] {
  const all: Stimulus[] = [];
  for (const { node, atMs } of nodes) {
    const soon = (): number => Math.min(TROUBLE_ENDS_MS, atMs + ms(chance, 2_000, 90_000));
    if (chance.chance(0.08)) all.push({ kind: 'dies', atMs: soon(), node });
    if (chance.chance(0.08))
      all.push({ kind: 'ipamdRestarts', atMs: soon(), node, downMs: ms(chance, 1_000, 20_000) });
    if (chance.chance(0.04)) all.push({ kind: 'cordon', atMs: soon(), node });
    if (chance.chance(0.08))
      all.push({ kind: 'foreignEni', atMs: soon(), node, addresses: whole(chance, 0, 4) });
  }
  return all;
}

/** What goes wrong, most of it about the time of a launch or an announcement. */
function troubles(chance: Stream, moments: readonly { readonly atMs: number }[]): Stimulus[] {
  const all: Stimulus[] = [];
  if (chance.chance(0.25)) all.push({ kind: 'staleReads', atMs: 0, lagMs: ms(chance, 200, 4_000) });
  if (chance.chance(0.1)) all.push({ kind: 'slowMetadata', atMs: 0, eniMs: ms(chance, 8_000, 60_000) });
  if (chance.chance(0.2)) all.push({ kind: 'smallShare', atMs: 0, share: chance.pick([0.06, 0.1]) });
  const near = (earliest: number, latest: number): number => {
    const atMs = chance.pick(moments).atMs + ms(chance, earliest, latest);
    return Math.min(TROUBLE_ENDS_MS - 60_000, Math.max(1_000, atMs));
  };
  // Short trouble meets one call and is over for the next; long trouble outlasts a launch.
  for (let nth = chance.chance(0.1) ? 0 : whole(chance, 1, 5); nth > 0; nth--) {
    const short = chance.chance(0.5);
    const atMs = short ? near(-1_000, 6_000) : near(-10_000, 8_000);
    const toMs = Math.min(
      TROUBLE_ENDS_MS,
      atMs + (short ? ms(chance, 2_000, 6_000) : ms(chance, 10_000, 60_000)),
    );
    all.push(chance.pick(TROUBLES)(chance, { atMs, toMs }));
  }
  for (let nth = chance.chance(0.5) ? whole(chance, 1, 3) : 0; nth > 0; nth--)
    all.push({
      kind: 'kill',
      atMs: near(-5_000, 8_000),
      after: whole(chance, 1, 25),
      toMs: TROUBLE_ENDS_MS,
    });
  return all;
}

type Trouble = (chance: Stream, span: { readonly atMs: number; readonly toMs: number }) => Stimulus;

/** Everything that changes something, or one action. */
function aim(chance: Stream): string {
  if (chance.chance(0.4)) return OURS.join(',');
  return chance.chance(0.85) ? chance.pick(OURS) : chance.pick(READS);
}

const throttle: Trouble = (chance, span) => ({
  kind: 'throttle',
  ...span,
  action: aim(chance),
  of: chance.chance(0.5) ? 'prewarmer' : 'everybody',
});

const competitor: Trouble = (chance, span) => ({
  kind: 'competitor',
  ...span,
  action: chance.pick<CompetitorAction>([
    'AttachNetworkInterface',
    'CreateNetworkInterface',
    'AssignPrivateIpAddresses',
  ]),
  perSecond: whole(chance, 6, 15),
});

const lostReply: Trouble = (chance, span) => ({
  kind: 'lostReply',
  ...span,
  action: aim(chance),
  carriedOut: chance.chance(0.75),
  share: chance.chance(0.5) ? 1 : 0.5,
});

const refuse: Trouble = (chance, span) => {
  const share = chance.chance(0.5) ? 1 : 0.5;
  // Full subnets are what others cause most, and a read does not always show them.
  if (chance.chance(0.3)) {
    const action = chance.pick(TAKING);
    return { kind: 'refuse', ...span, action, code: FULL, httpStatus: 400, share };
  }
  const action = chance.chance(0.85) ? chance.pick(OURS) : chance.pick(READS);
  const [code, httpStatus] = chance.pick(CODES[action] ?? [['InternalError', 500]]);
  return { kind: 'refuse', ...span, action, code, httpStatus, share };
};

const events: Trouble = (chance) => ({
  kind: 'events',
  atMs: 0,
  toMs: TROUBLE_ENDS_MS,
  lateByMs: chance.chance(0.3) ? ms(chance, 1_000, 60_000) : 0,
  duplicateShare: chance.chance(0.6) ? chance.next() : 0,
  reorderWithinMs: chance.chance(0.5) ? ms(chance, 500, 6_000) : 0,
  lostShare: chance.chance(0.3) ? chance.between(0.1, 1) : 0,
});

const subnet: Trouble = (chance, { atMs, toMs }) =>
  chance.chance(0.7)
    ? { kind: 'subnetFills', atMs, subnet: whole(chance, 0, 1), free: whole(chance, 0, 70) }
    : { kind: 'subnetFull', atMs, toMs, subnet: whole(chance, 0, 1) };

const slowTables: Trouble = (chance, span) => ({ kind: 'slowTables', ...span, tookMs: ms(chance, 5, 400) });

const storeFails: Trouble = (chance, span) => ({
  kind: 'storeFails',
  ...span,
  port: chance.chance(0.7) ? 'ledger' : 'continuations',
  share: chance.pick([0.1, 0.3]),
});

/** Flipped some time before, so that its delay is over when the calls would leave. */
const stopped: Trouble = (chance, { atMs, toMs }) => ({
  kind: 'stopped',
  atMs: Math.max(1_000, atMs - ms(chance, 5_000, 15_000)),
  toMs: toMs + ms(chance, 0, 30_000),
});

/** As often as they stand here. */
const TROUBLES: readonly Trouble[] = [
  ...[lostReply, lostReply, lostReply, lostReply],
  ...[refuse, refuse, refuse],
  ...[throttle, throttle],
  ...[events, events],
  ...[subnet, subnet, subnet],
  ...[stopped, stopped],
  competitor,
  slowTables,
  storeFails,
];
