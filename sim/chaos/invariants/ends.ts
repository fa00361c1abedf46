/** How a history must have ended: nothing left over, nothing left half done, nothing left unsaid. */
import type { NodeId } from '../../../lambdas/core/model.ts';
import { OUR_NODE_TAG } from '../../../lambdas/core/model.ts';
import type { Node } from '../../cluster/node.ts';
import type { Book } from '../book.ts';
import type { Invariant } from './invariant.ts';

const ours = (book: Book) => book.world.account.enis().filter(({ tags }) => tags.has(OUR_NODE_TAG));

export const NO_LEAK: Invariant = {
  name: 'no-leak',
  says: 'Two sweeps after the last trouble no interface of ours hangs on no instance.',
  ends: (book) => {
    const left = ours(book).filter(({ attachment }) => attachment === undefined);
    return left.length === 0
      ? undefined
      : left.map(({ id, tags }) => `${id} for ${tags.get(OUR_NODE_TAG)} is unattached`).join(', ');
  },
};

export const GOES_WITH_NODE: Invariant = {
  name: 'goes-with-node',
  says: 'In the end every attached interface of ours goes away with its instance.',
  ends: (book) => {
    const outliving = ours(book).filter(({ attachment }) => attachment?.deleteOnTermination === false);
    return outliving.length === 0
      ? undefined
      : outliving.map(({ id, attachment }) => `${id} would outlive ${attachment?.instanceId}`).join(', ');
  },
};

/** States of a record that say what became of the node; the others say that somebody is still at it. */
const CLOSED: readonly string[] = [
  'seen',
  'adopted',
  'filled',
  'late attach',
  'not seen',
  'left',
  'would attach',
];

export const STORY_CLOSED: Invariant = {
  name: 'story-closed',
  says: 'In the end every living node we heard of has an outcome or a reason on record.',
  ends: async (book) => {
    const launched = book.world.nodes.filter(({ booted, terminated }) => booted && !terminated);
    const records = await book.ledger.nodes(launched.map(({ instanceId }) => instanceId as NodeId));
    for (const node of launched) {
      const state = records.get(node.instanceId as NodeId)?.outcome.state;
      if (state === undefined && (wasLeft(book, node) || book.has('events'))) continue;
      if (state === undefined) return `${node.instanceId}: no record, and no plan says why it was left`;
      // Nothing waits for a tag there: attached is the last word.
      if (state === 'attached' && book.allocatesNothing(node.instanceId)) continue;
      if (!CLOSED.includes(state)) return `${node.instanceId}: the record still says ${state}`;
    }
    return undefined;
  },
};

const wasLeft = (book: Book, { instanceId }: Node): boolean =>
  book.stage.journal
    .filter(({ what }) => what === 'plan')
    .flatMap(({ facts }) => facts['steps'] as readonly { readonly do: string; readonly nodeId?: string }[])
    .some((step) => step.do === 'leave' && step.nodeId === instanceId);

/** What can make a message fail five times: functions that die, EC2 that cannot be read. */
const FAILS_MESSAGES = ['kill', 'refuse', 'lostReply', 'throttle', 'storeFails'] as const;

export const QUEUES_EMPTY: Invariant = {
  name: 'queues-empty',
  says: 'In the end no message is left on a queue, and dead letters are there only if functions died or EC2 could not be read.',
  ends: (book) => {
    for (const [name, queue] of Object.entries(book.stage.queues)) {
      const { visible, inFlight, delayed } = queue.depth;
      if (visible + inFlight + delayed > 0) return `${visible + inFlight + delayed} messages on ${name}`;
    }
    if (FAILS_MESSAGES.some((kind) => book.has(kind))) return undefined;
    for (const [name, { depth, bodies }] of Object.entries(book.stage.deadLetters))
      if (depth.visible > 0) return `${depth.visible} dead letters of ${name}: ${bodies[0]}`;
    return undefined;
  },
};

/** Codes that only a defect of the request itself brings, never the state of the world. */
const OUR_FAULT = [
  'IdempotentParameterMismatch',
  'InvalidParameterCombination',
  'MissingParameter',
  'UnknownParameter',
  'ValidationError',
  'OperationNotPermitted',
] as const;

export const WELL_ASKED: Invariant = {
  name: 'well-asked',
  says: 'EC2 never finds fault with a request of ours itself.',
  ends: ({ refusals }) => {
    const code = OUR_FAULT.find((one) => refusals.has(one));
    return code === undefined ? undefined : `${refusals.get(code)} answers ${code}`;
  },
};
