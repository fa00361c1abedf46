/** No more than was planned: addresses on an interface, interfaces on a node, room in a subnet. */
import { OUR_DEMAND_TAG, OUR_NODE_TAG } from '../../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../../lambdas/core/policy.ts';
import { typeLimits } from '../../ec2/instance-types.ts';
import { PREWARMER } from '../../stage.ts';
import { type Book, LEFT_ALONE_MS, type Sent } from '../book.ts';
import type { Invariant } from './invariant.ts';

/** Makes the invariant that watches fills: it keeps what each decision knew and wanted. */
export function addressesWithinPlan(): Invariant {
  const decided = new Map<string, { least: number; most: number }>();
  return {
    name: 'addresses-within-plan',
    says: 'What our assigns add to an interface never exceeds the largest target decided for it.',
    sends: ({ action, eniId = '', addresses, invocation }, book) => {
      if (action !== 'AssignPrivateIpAddresses') return undefined;
      const read = book.eniReadOf(invocation, eniId);
      if (read === undefined) return `assign to ${eniId}, which this run has not read`;
      const target = read.secondaryIps + addresses;
      const before = decided.get(eniId) ?? { least: read.secondaryIps, most: target };
      decided.set(eniId, {
        least: Math.min(before.least, read.secondaryIps),
        most: Math.max(before.most, target),
      });
      return undefined;
    },
    settled: ({ action, eniId = '', caller, result }, book) => {
      if (action !== 'AssignPrivateIpAddresses' || caller !== PREWARMER || result !== 'ok') return undefined;
      const { least = 0, most = 0 } = decided.get(eniId) ?? {};
      const added = (book.added.get(eniId) ?? 0) - (book.removedByOthers.get(eniId) ?? 0);
      return added > most - least
        ? `${added} addresses added to ${eniId}, which had ${least} and was to have ${most}`
        : undefined;
    },
  };
}

/** Makes the invariant that watches creates. A launch wants what its announced pods, or all its pods, need; what it claims
 *  may change between two runs, so the largest want counts. */
export function enisWithinPlan(): Invariant {
  const wanted = new Map<string, number>();
  return {
    name: 'enis-within-plan',
    says: 'A node never has more interfaces of ours than the largest plan for it wanted.',
    sends: ({ action, nodeId }, book) => {
      if (action !== 'CreateNetworkInterface' || nodeId === undefined) return undefined;
      wanted.set(nodeId, Math.max(wanted.get(nodeId) ?? 0, wantedForLaunch(book, nodeId)));
      return undefined;
    },
    settled: ({ action, caller, result, eniId = '' }, book) => {
      if (action !== 'CreateNetworkInterface' || caller !== PREWARMER || result !== 'ok') return undefined;
      const { tags } = book.world.account.eni(eniId) ?? {};
      const nodeId = tags?.get(OUR_NODE_TAG);
      if (tags === undefined || nodeId === undefined) return undefined;
      const demand = tags.get(OUR_DEMAND_TAG);
      const ours = book.world.account
        .enis()
        .filter((eni) => eni.tags.get(OUR_NODE_TAG) === nodeId && eni.tags.get(OUR_DEMAND_TAG) === demand);
      const most = demand === undefined ? (wanted.get(nodeId) ?? 0) : slotsBesidePrimary(book, nodeId);
      return ours.length > most
        ? `${ours.length} interfaces of ours for ${nodeId}, ${most} wanted${demand === undefined ? '' : ` for ${demand}`}`
        : undefined;
    },
  };
}

const limitsOf = (book: Book, nodeId: string): { readonly enis: number; readonly perEni: number } => {
  const limits = typeLimits(book.world.account.instance(nodeId).type);
  return { enis: limits?.enisPerCard ?? 0, perEni: (limits?.ipv4PerEni ?? 1) - 1 };
};

const slotsBesidePrimary = (book: Book, nodeId: string): number => limitsOf(book, nodeId).enis - 1;

/** A launch's interfaces beside the primary: for the pods it claimed some of, which may all come to it, or for as many as it
 *  may run when nobody announced any. ipamd's own start
 *  brings one interface's worth. */
function wantedForLaunch(book: Book, nodeId: string): number {
  const { enis, perEni } = limitsOf(book, nodeId);
  const claimed = [...book.claims.values()].reduce(
    (sum, { pods, by }) => sum + (by.has(nodeId) ? pods : 0),
    0,
  );
  // Where nobody else allocates, every pod the node may run is owed its address, whoever announced it.
  const pods = claimed > 0 && !book.allocatesNothing(nodeId) ? claimed : enis * perEni;
  return Math.max(0, Math.min(enis, Math.ceil(pods / perEni)) - 1);
}

const takesRoom = ({ action }: Sent): boolean =>
  action === 'CreateNetworkInterface' || action === 'AssignPrivateIpAddresses';

export const RESERVE: Invariant = {
  name: 'reserve',
  says: 'No call takes addresses below the subnet’s reserve, going by what its run read and has taken since.',
  sends: (call, book) => belowReserve(call, book, (other) => other.invocation === call.invocation),
};

export const RESERVE_TOGETHER: Invariant = {
  name: 'reserve-together',
  says: 'No call takes addresses below the subnet’s reserve, going by what its run read and all our runs have taken since.',
  sends: (call, book) => belowReserve(call, book, () => true),
};

function belowReserve(call: Sent, book: Book, counts: (other: Sent) => boolean): string | undefined {
  const { subnetId, addresses, action } = call;
  if (!takesRoom(call) || subnetId === undefined) return undefined;
  const read = book.subnetReadOf(call.invocation, subnetId);
  if (read === undefined) return `${action} in ${subnetId}, which this run has not read`;
  const taken = book.sent
    .filter((one) => takesRoom(one) && one.subnetId === subnetId && one.startMs >= read.endMs && counts(one))
    .reduce((sum, one) => sum + (one.answer === 'failed' ? 0 : one.addresses), 0);
  const left = read.freeAddresses - taken - addresses;
  return left < DEFAULT_POLICY.subnetReserveAddresses
    ? `${action} of ${addresses} leaves ${left} of ${read.freeAddresses} addresses in ${subnetId}`
    : undefined;
}

/** A mark is written at once, and looked at beside the read of EC2; tables take their few ms. */
const MARKED_WITHIN_MS = 200;

export const FULL_LEFT_ALONE: Invariant = {
  name: 'full-left-alone',
  says: 'A subnet that said it is full is left alone for two minutes by every run that begins after that.',
  sends: (call, book) => {
    const { subnetId, action, invocation } = call;
    if (subnetId === undefined || book.has('storeFails') || book.has('slowTables')) return undefined;
    const full = book.saidFull.get(subnetId);
    const read = book.subnetReadOf(invocation, subnetId);
    if (full === undefined || full.invocation?.dead !== false || read === undefined) return undefined;
    const knows = read.beganMs - full.atMs > MARKED_WITHIN_MS;
    return knows && book.nowMs - full.atMs < LEFT_ALONE_MS
      ? `${action} in ${subnetId}, which was full ${(book.nowMs - full.atMs) / 1000} s ago`
      : undefined;
  },
};
