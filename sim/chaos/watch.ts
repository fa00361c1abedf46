/** Writes the book: stands around core's ports, and listens to EC2 itself. */
import type { Calls } from '../../lambdas/core/budget/metered.ts';
import type { Answer } from '../../lambdas/core/failures.ts';
import type { MutatingAction } from '../../lambdas/core/limits.ts';
import { OUR_NODE_TAG, type World as ReadWorld } from '../../lambdas/core/model.ts';
import type { Budget, CallClass, Granted, Inventory, Ledger, Vpc } from '../../lambdas/core/ports.ts';
import type { SharedRead } from '../../lambdas/core/shared-reads.ts';
import type { Node } from '../cluster/node.ts';
import { PREWARMER } from '../stage.ts';
import type { Book, Listener, ReadOf, Sent } from './book.ts';
import type { Around, Invocation, OutsideCall } from './invocations.ts';

const ACTIONS: Readonly<Record<string, MutatingAction>> = {
  createEni: 'CreateNetworkInterface',
  attachEni: 'AttachNetworkInterface',
  deleteOnTermination: 'ModifyNetworkInterfaceAttribute',
  assign: 'AssignPrivateIpAddresses',
  deleteEni: 'DeleteNetworkInterface',
};

/** Around core's ports: what is asked for, by which run, and what the stores answer. */
export function watchPorts(book: Book, listener: Listener): Around {
  return async <T>(call: OutsideCall, send: () => Promise<T>): Promise<T> => {
    const action = call.port === 'vpc' ? ACTIONS[call.method] : undefined;
    if (action !== undefined) return await mutation(book, listener, call, action, send);
    const answer = await send();
    const leased = (nodeId: string, owner: string, untilMs: number): void => {
      book.leases.set(nodeId, { owner, untilMs: untilMs - book.world.epochMs, invocation: call.invocation });
    };
    switch (`${call.port}.${call.method}`) {
      case 'vpc.read':
        readWas(book, call.invocation, answer as Answer<ReadWorld>);
        break;
      case 'reads.last':
        sharedWas(book, call.invocation, answer as SharedRead | undefined);
        break;
      case 'vpc.inventory':
        inventoryWas(book, call.invocation, answer as Answer<Inventory>);
        break;
      case 'budget.spend': {
        const [asks, as] = call.args as Parameters<Budget['spend']>;
        for (const calls of asks.slice(0, (answer as Granted).granted))
          grant(book, listener, calls, as, call.invocation);
        break;
      }
      case 'ledger.lease': {
        const [, owner, untilMs] = call.args as Parameters<Ledger['lease']>;
        for (const nodeId of (answer as ReadonlyMap<string, unknown>).keys()) leased(nodeId, owner, untilMs);
        break;
      }
      case 'ledger.intend': {
        const [intents, owner] = call.args as Parameters<Ledger['intend']>;
        for (const { record, leaseUntilMs } of intents)
          if ((answer as ReadonlySet<string>).has(record.nodeId)) leased(record.nodeId, owner, leaseUntilMs);
        break;
      }
      case 'ledger.release': {
        const [records, owner] = call.args as Parameters<Ledger['release']>;
        for (const { nodeId } of records)
          if (book.leases.get(nodeId)?.owner === owner) book.leases.delete(nodeId);
        break;
      }
      case 'ledger.claim': {
        const [demand] = call.args as Parameters<Ledger['claim']>;
        const taken = Object.values(demand.claims).reduce((sum, pods) => sum + pods, 0);
        if (answer === true)
          book.claims.set(demand.id, {
            pods: demand.podsLeft + taken,
            by: new Set(Object.keys(demand.claims)),
          });
        break;
      }
    }
    return answer;
  };
}

function grant(
  book: Book,
  listener: Listener,
  calls: Calls,
  as: CallClass,
  invocation: Invocation | undefined,
): void {
  const granted = { atMs: book.nowMs, as, calls, invocation };
  book.grants.push(granted);
  listener.granted?.(granted);
}

function remember(book: Book, invocation: Invocation | undefined, read: ReadOf): void {
  const id = invocation?.id ?? 0;
  const reads = book.reads.get(id);
  if (reads === undefined) book.reads.set(id, [read]);
  else reads.push(read);
}

function readWas(book: Book, invocation: Invocation | undefined, answer: Answer<ReadWorld>): void {
  if (!answer.ok) return;
  remember(book, invocation, { endMs: book.nowMs, world: answer.value });
  const { readAtMs } = answer.value;
  book.readEndsMs.set(readAtMs, Math.max(book.nowMs, book.readEndsMs.get(readAtMs) ?? 0));
}

/** Another run's read: what it did not show, it does not show to us either. */
function sharedWas(book: Book, invocation: Invocation | undefined, shared: SharedRead | undefined): void {
  if (shared === undefined) return;
  const endMs = book.readEndsMs.get(shared.world.readAtMs);
  if (endMs !== undefined) remember(book, invocation, { endMs, world: shared.world });
}

function inventoryWas(book: Book, invocation: Invocation | undefined, answer: Answer<Inventory>): void {
  if (!answer.ok) return;
  remember(book, invocation, { endMs: book.nowMs, world: answer.value.world });
  for (const { id, attached } of answer.value.own)
    if (!attached) book.unattachedSights.set(id, [...(book.unattachedSights.get(id) ?? []), book.nowMs]);
}

async function mutation<T>(
  book: Book,
  listener: Listener,
  call: OutsideCall,
  action: MutatingAction,
  send: () => Promise<T>,
): Promise<T> {
  const sent: Sent = {
    id: book.sent.length,
    action,
    invocation: call.invocation,
    ...subjectOf(book, call),
    startMs: book.nowMs,
    endMs: undefined,
    answer: undefined,
  };
  listener.sends?.(sent);
  book.sent.push(sent);
  const answer = await send();
  const said = answer as Answer<unknown>;
  sent.endMs = book.nowMs;
  sent.answer = said.ok ? 'ok' : 'failed';
  if (!said.ok && said.failure.kind === 'subnet-full' && sent.subnetId !== undefined)
    book.heardFull(sent.subnetId, call.invocation);
  listener.answered?.(sent);
  return answer;
}

function subjectOf(
  book: Book,
  { method, args, invocation }: OutsideCall,
): Pick<Sent, 'nodeId' | 'eniId' | 'subnetId' | 'addresses'> {
  const { account } = book.world;
  // An instance may have gone since its interface was read.
  const holder = (eniId: string): string | undefined =>
    account.eni(eniId)?.attachment?.instanceId ?? book.eniReadOf(invocation, eniId)?.nodeId;
  const none = { nodeId: undefined, eniId: undefined, subnetId: undefined, addresses: 0 };
  switch (method) {
    case 'createEni': {
      const [{ subnetId, addresses, tags }] = args as Parameters<Vpc['createEni']>;
      return { ...none, nodeId: tags[OUR_NODE_TAG], subnetId, addresses: addresses + 1 };
    }
    case 'attachEni': {
      const [{ eniId, nodeId }] = args as Parameters<Vpc['attachEni']>;
      return { ...none, eniId, nodeId };
    }
    case 'assign': {
      const [eniId, addresses] = args as Parameters<Vpc['assign']>;
      return { eniId, nodeId: holder(eniId), subnetId: account.eni(eniId)?.subnetId, addresses };
    }
    default: {
      const [eniId] = args as [string];
      return { ...none, eniId, nodeId: holder(eniId) };
    }
  }
}

/** Hears of every call that reached EC2 in the instant it takes effect, and of instances' states. */
export function watchAccount(book: Book, listener: Listener): void {
  const { account } = book.world;
  const record = account.calls.record.bind(account.calls);
  account.calls.record = (caller, call) => {
    record(caller, call);
    const settled = { ...call, caller: caller.name };
    if (call.action.startsWith('Describe') || call.action === 'CreateTags') return;
    keepCount(book, settled);
    listener.settled?.(settled);
  };
  account.onStateChange(({ id }, state) => {
    if (state === 'running') book.runningAtMs.set(id, book.nowMs);
    if (state === 'terminated') book.terminatedAtMs.set(id, book.nowMs);
  });
}

type Settled = Parameters<NonNullable<Listener['settled']>>[0];

function keepCount(book: Book, { caller, action, input, result, eniId }: Settled): void {
  const ours = caller === PREWARMER;
  if (ours && result !== 'ok') book.refusals.set(result, (book.refusals.get(result) ?? 0) + 1);
  if (result !== 'ok' || eniId === undefined) return;
  const asked = input as {
    readonly secondaryPrivateIpAddressCount?: number;
    readonly privateIpAddresses?: readonly string[];
    readonly instanceId?: string;
  };
  const count = asked.secondaryPrivateIpAddressCount ?? asked.privateIpAddresses?.length ?? 0;
  switch (action) {
    case 'AttachNetworkInterface':
      book.lastHolder.set(eniId, asked.instanceId ?? '');
      break;
    case 'AssignPrivateIpAddresses':
      if (ours) book.added.set(eniId, (book.added.get(eniId) ?? 0) + count);
      break;
    case 'UnassignPrivateIpAddresses':
      if (!ours) book.removedByOthers.set(eniId, (book.removedByOthers.get(eniId) ?? 0) + count);
      break;
  }
}

/** An interface that ipamd's start missed and that it finds sooner, because a call of its own overflowed, may go unnoticed:
 *  looks are 30 s apart, and one that finds ipamd started is repeated 10 s later. */
const MISSED_FOR_MS = 45_000;

/** Hears which addresses pods use on the node, and what its ipamd's start missed. */
export function watchNode(book: Book, node: Node): void {
  const { ipamd } = node;
  let served = false;
  ipamd.onServing(() => {
    if (served || !node.booted) return;
    served = true;
    book.world.kernel.after(MISSED_FOR_MS, () => {
      // A restart that is under way holds nothing, and finds everything when it is over.
      if (node.terminated || !ipamd.serving) return;
      for (const { id, tags } of node.instance.enis)
        if (tags.has(OUR_NODE_TAG) && !ipamd.holds(id)) book.missedByStart.set(node.instanceId, id);
    });
  });
  const pods = new Map<string, string>();
  book.inUse.set(node, pods);
  const add = ipamd.addPod.bind(ipamd);
  const remove = ipamd.deletePod.bind(ipamd);
  ipamd.addPod = (podId) => {
    const added = add(podId);
    if (added.ok) pods.set(podId, added.ip);
    return added;
  };
  ipamd.deletePod = (podId) => {
    pods.delete(podId);
    remove(podId);
  };
}
