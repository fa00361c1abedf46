/**
 * What a node's record says of calls that were about to be sent, and how a later run reads it. A function may die after any
 * call, and EC2's reads may lag behind it: so each call that makes something is written down before it is sent, and what was
 * written is asked for again by the same token, or waited for, before anything new is asked.
 */

import type { FailureKind } from '../failures.ts';
import { CONSISTENT_AFTER_MS } from '../limits.ts';
import { type Eni, type Node, OUR_NODE_TAG } from '../model.ts';
import type { ActStep, AttachStep } from '../plan/steps.ts';
import type { NodeRecord, PromisedEni, PromisedFill } from '../records.ts';
import { type Done, tokenOf } from './doing.ts';

/** A create nobody heard of for so long is asked for no more: its ENI, if it came about, has been deleted by a sweep. */
const UNMADE_KEPT_MS = 600_000;

/** Reads may not show yet what was sent since then. */
const unsettled = (atMs: number | undefined, nowMs: number): boolean =>
  atMs !== undefined && nowMs - atMs < CONSISTENT_AFTER_MS;

/** When the first of these attaches was sent. */
export function sentAtMs({ enis }: NodeRecord, done: Done): number | undefined {
  const sent = enis.flatMap(({ token, attachedAtMs }) =>
    done.enis.has(token) && attachedAtMs !== undefined ? [attachedAtMs] : [],
  );
  return sent.length === 0 ? undefined : Math.min(...sent);
}

/** The node as it is once EC2's reads have caught up with us: ENIs whose attach was sent a moment ago are on it. */
export function asPromised(node: Node, record: NodeRecord | undefined, nowMs: number): Node {
  const sent = (record?.enis ?? []).flatMap((eni) => {
    const shown = node.enis.some(({ id, deviceIndex, networkCardIndex }) =>
      eni.eniId === id ? true : networkCardIndex === 0 && deviceIndex === eni.deviceIndex,
    );
    return shown || eni.eniId === undefined || !unsettled(eni.attachedAtMs, nowMs)
      ? []
      : [onItsWay(node, eni, eni.eniId)];
  });
  return sent.length === 0 ? node : { ...node, enis: [...node.enis, ...sent] };
}

/** Nothing is asked of it: it counts as finished until a read shows it. */
const onItsWay = (node: Node, eni: PromisedEni, id: Eni['id']): Eni => ({
  id,
  subnetId: eni.subnetId,
  deviceIndex: eni.deviceIndex,
  networkCardIndex: 0,
  attachmentId: '',
  deleteOnTermination: true,
  attachmentStatus: 'attaching',
  secondaryIps: eni.addresses,
  prefixes: 0,
  groupIds: [],
  tags: { [OUR_NODE_TAG]: node.id },
});

export interface Honoured {
  readonly steps: readonly ActStep[];
  /** Steps that were sent before, and whose effect no read can be trusted to show yet. */
  readonly unsettled: number;
}

/** Steps planned without the record, in view of it: an ENI promised for the same demand is taken up again instead of a new
 *  one, and what was sent a moment ago is not sent again. */
export function honour(steps: readonly ActStep[], record: NodeRecord, nowMs: number): Honoured {
  const kept: ActStep[] = [];
  const promised = new Map(record.enis.map((eni) => [eni.token, eni]));
  for (const step of steps) {
    if (step.do === 'fill') {
      const sent = record.fills?.find(({ eniId }) => eniId === step.eniId);
      if (!unsettled(sent?.atMs, nowMs)) kept.push(step);
      continue;
    }
    const earlier = step.do === 'attach' ? takeUp(step, promised) : undefined;
    if (step.do !== 'attach' || earlier === undefined) kept.push(step);
    else if (!unsettled(earlier.attachedAtMs, nowMs)) kept.push(again(step, earlier));
  }
  return { steps: kept, unsettled: steps.length - kept.length };
}

function takeUp(step: AttachStep, promised: Map<string, PromisedEni>): PromisedEni | undefined {
  const found = [...promised.values()].find(
    (eni) =>
      eni.demandId === step.demandId && (eni.token === tokenOf(step) || eni.deviceIndex === step.deviceIndex),
  );
  if (found !== undefined) promised.delete(found.token);
  return found;
}

const again = (step: AttachStep, { eniId, subnetId, addresses, token }: PromisedEni): AttachStep => ({
  ...step,
  subnetId,
  addresses,
  token,
  ...(eniId !== undefined && { eniId }),
});

/** Forgets that attaches were sent of which their run never heard, so that they are sent again: if one did come about, EC2 refuses the
 *  second. Only for the holder of the lease: nobody else may still be sending. */
export const unheardAgain = (record: NodeRecord): NodeRecord => ({
  ...record,
  enis: record.enis.map((eni) => {
    if (eni.unheard !== true) return eni;
    const { attachedAtMs: _at, paid: _spent, ...promise } = eni;
    return promise;
  }),
});

/** Whether the node has an ENI of whose attach nobody heard. */
export const cameAbout = ({ enis }: NodeRecord, node: Node): boolean =>
  enis.some(({ unheard, eniId }) => unheard === true && node.enis.some(({ id }) => id === eniId));

/** The record with everything `steps` are about to do. */
export function intend(
  record: NodeRecord,
  node: Node | undefined,
  steps: readonly ActStep[],
  nowMs: number,
): NodeRecord {
  const enis = new Map(record.enis.map((eni) => [eni.token, eni]));
  const fills = new Map((record.fills ?? []).map((fill) => [fill.eniId, fill]));
  for (const step of steps) {
    if (step.do === 'attach') {
      const { eniId, deviceIndex, addresses, subnetId, demandId } = step;
      const token = tokenOf(step);
      enis.set(token, {
        token,
        deviceIndex,
        addresses,
        subnetId,
        sinceMs: enis.get(token)?.sinceMs ?? nowMs,
        ...(eniId !== undefined && { eniId }),
        ...(demandId !== undefined && { demandId }),
        ...(step.until === 'created' && { paid: true }),
        ...(step.until === 'attached' && { attachedAtMs: nowMs, unheard: true }),
      });
    } else if (step.do === 'fill') {
      const has = node?.enis.find(({ id }) => id === step.eniId)?.secondaryIps ?? 0;
      fills.set(step.eniId, { eniId: step.eniId, to: has + step.addresses, atMs: nowMs });
    }
  }
  return { ...record, enis: [...enis.values()], ...(fills.size > 0 && { fills: [...fills.values()] }) };
}

/** Failures after which a create may have taken effect all the same: its ENI is asked for again by its token. */
const mayStand = (kind: FailureKind): boolean => {
  switch (kind) {
    case 'uncertain':
    case 'transient':
      return true;
    case 'throttled':
    case 'node-not-ready':
    case 'not-allowed':
    case 'subnet-full':
    case 'no-prefix-block':
    case 'interface-full':
    case 'slots-full':
    case 'node-gone':
    case 'conflict':
    case 'quota':
    case 'stopped':
    case 'unexpected':
      return false;
  }
};

/** The record after the calls: what surely did not happen is forgotten, so that a new plan is free of it. */
export function keep(record: NodeRecord, done: Done): NodeRecord {
  const enis = record.enis.flatMap((eni) => {
    const result = done.enis.get(eni.token);
    if (result === undefined) return [eni];
    const { eniId = eni.eniId, attached, failed } = result;
    if (eniId === undefined && failed !== undefined && !mayStand(failed)) return [];
    const { attachedAtMs, unheard: _heard, ...promise } = eni;
    const sent = attached || failed === 'uncertain';
    return [
      {
        ...promise,
        ...(eniId !== undefined && { eniId }),
        ...(sent && attachedAtMs !== undefined && { attachedAtMs }),
      },
    ];
  });
  const fills = (record.fills ?? []).filter(({ eniId }) => {
    const failed = done.fills.get(eniId);
    return failed === undefined || failed === 'uncertain';
  });
  const { fills: _before, ...rest } = record;
  return { ...rest, enis, ...(fills.length > 0 && { fills }) };
}

/** The record without these ENIs, which are gone. Later ones get other tokens. */
export function giveUp(record: NodeRecord, tokens: ReadonlySet<string>): NodeRecord {
  const enis = record.enis.filter(({ token }) => !tokens.has(token));
  const given = record.enis.length - enis.length;
  return given === 0 ? record : { ...record, enis, generation: (record.generation ?? 0) + given };
}

/** Steps whose creates have the tokens of the record's present generation. */
export const withTokens = (steps: readonly ActStep[], { generation }: NodeRecord): readonly ActStep[] =>
  steps.map((step) => (step.do === 'attach' ? { ...step, token: tokenOf(step, generation) } : step));

/** The record without what reads show and time has settled. */
export function settled(record: NodeRecord, node: Node | undefined, nowMs: number): NodeRecord {
  const enis = record.enis.filter(({ eniId, sinceMs }) =>
    eniId === undefined ? nowMs - sinceMs < UNMADE_KEPT_MS : !node?.enis.some(({ id }) => id === eniId),
  );
  const fills = (record.fills ?? []).filter(({ atMs }: PromisedFill) => unsettled(atMs, nowMs));
  const { fills: _before, ...rest } = record;
  return { ...rest, enis, ...(fills.length > 0 && { fills }) };
}
