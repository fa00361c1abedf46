/** Carries one node's steps out. Each call is made once; what went wrong is a value that says whether to look again or to
 *  give up. */
import { type Answer, type Failure, type FailureKind, failed, succeeded } from '../failures.ts';
import type { ShortLease } from '../leases.ts';
import { CLIENT_TOKEN_CHARACTERS, type MutatingAction } from '../limits.ts';
import { type EniId, OUR_CLUSTER_TAG, OUR_DEMAND_TAG, OUR_NODE_TAG } from '../model.ts';
import { inParallel } from '../parallel.ts';
import type { ActStep, AttachStep, LeaveReason } from '../plan/steps.ts';
import type { Ports } from '../ports.ts';
import type { Place, Volley } from './volley.ts';

/** Calls of one node at a time, per function: an ENI or two and a fill. */
const STEPS_AT_ONCE = 4;

/** How far one ENI came. */
export interface EniDone {
  readonly eniId?: EniId;
  readonly attached: boolean;
  /** What ended its way, if anything did. */
  readonly failed?: FailureKind;
}

/** What became of one node's steps. */
export interface Done {
  /** By the token of their create. */
  readonly enis: ReadonlyMap<string, EniDone>;
  /** Fills that failed, by ENI. */
  readonly fills: ReadonlyMap<EniId, FailureKind>;
  readonly failures: readonly Failure[];
  /** ENIs that are there, and whose attach would have been too late. */
  readonly late: number;
}

/** ENIs that are attached, or may be: an attach that was not answered is looked for like one that was. */
export const attachedIn = ({ enis }: Done): number =>
  [...enis.values()].filter(({ attached, failed }) => attached || failed === 'uncertain').length;

/** Where one node's calls go. */
export interface Where {
  readonly cluster: string;
  readonly zone: string;
  /** Absent where the lease outlasts the run. */
  readonly lease?: ShortLease | undefined;
}

/** Source: EC2 API reference, error codes. */
const IN_USE = 'InvalidNetworkInterface.InUse';

/** An attach that a dead run may have sent is refused: in use says that it stands. Which of its reasons EC2 looks at first nothing
 *  documents, so others that the first one would bring about leave it open, and verification looks. */
function onceMore(failure: Failure): Answer<undefined> {
  if (failure.code === IN_USE) return succeeded(undefined);
  const open = failure.kind === 'conflict' || failure.kind === 'slots-full';
  return failed(open ? { ...failure, kind: 'uncertain' } : failure);
}

const LEASE_ENDS: Failure = {
  kind: 'transient',
  code: 'LeaseEnds',
  message: 'not sent: the lease would end before the answer',
};

export async function carryOut(
  steps: readonly ActStep[],
  { cluster, zone, lease }: Where,
  volley: Volley,
  ports: Ports,
): Promise<Done> {
  const enis = new Map<string, EniDone>();
  const fills = new Map<EniId, FailureKind>();
  const failures: Failure[] = [];
  let late = 0;

  /** One call, if the volley lets it. */
  const send = async <T>(
    action: MutatingAction,
    step: ActStep,
    call: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> => {
    const takesRoom = action === 'CreateNetworkInterface' || action === 'AssignPrivateIpAddresses';
    const place: Place = {
      cluster,
      zone,
      ...(takesRoom && step.do !== 'finish' && { subnetId: step.subnetId }),
    };
    const refusal = await volley.refuses(action, place);
    if (refusal === undefined && lease !== undefined && ports.clock() >= lease.sendByMs) {
      // A create is taken up by whoever hears that the instance runs: no failure.
      if (action !== 'CreateNetworkInterface') failures.push(LEASE_ENDS);
      return failed(LEASE_ENDS);
    }
    if (refusal === undefined) volley.sent(action, place);
    const answer = refusal === undefined ? await call() : failed(refusal);
    if (answer.ok) return answer;
    const { failure } = answer;
    failures.push(failure);
    const { kind, code, message } = failure;
    ports.journal.warn('call failed', { action, nodeId: step.nodeId, kind, code, message });
    if (refusal === undefined) await volley.failed(action, failure, place);
    return answer;
  };

  /** When the lease ends another run may send: nobody waits for an answer any more. */
  const patience = (): { readonly answerMs?: number } =>
    lease === undefined ? {} : { answerMs: lease.untilMs - ports.clock() };

  await inParallel(steps, STEPS_AT_ONCE, async (step) => {
    switch (step.do) {
      case 'fill': {
        const answer = await send('AssignPrivateIpAddresses', step, () =>
          ports.vpc.assign(step.eniId, step.addresses, patience().answerMs),
        );
        if (!answer.ok) fills.set(step.eniId, answer.failure.kind);
        return;
      }
      case 'finish':
        await finish(step, step.eniId, step.attachmentId);
        return;
      case 'attach':
        enis.set(tokenOf(step), await attach(step));
        return;
    }
  });
  return { enis, fills, failures, late };

  async function attach(step: AttachStep): Promise<EniDone> {
    const { nodeId, deviceIndex } = step;
    const made =
      step.eniId === undefined
        ? await send('CreateNetworkInterface', step, () => ports.vpc.createEni(newEni(step, cluster)))
        : succeeded(step.eniId);
    if (!made.ok) return { attached: false, failed: made.failure.kind };
    const eniId = made.value;
    if (step.until === 'created') return { eniId, attached: false };
    // The create took its time: the guard is asked once more.
    if (step.attachByMs !== undefined && ports.clock() >= step.attachByMs) {
      late++;
      return { eniId, attached: false };
    }
    const attachment = await send('AttachNetworkInterface', step, async () => {
      const answer = await ports.vpc.attachEni({ eniId, nodeId, deviceIndex, ...patience() });
      return answer.ok || step.unheard !== true ? answer : onceMore(answer.failure);
    });
    if (!attachment.ok) return { eniId, attached: false, failed: attachment.failure.kind };
    if (step.finish === 'at once' && attachment.value !== undefined)
      await finish(step, eniId, attachment.value);
    return { eniId, attached: true };
  }

  function finish(step: ActStep, eniId: EniId, attachmentId: string): Promise<Answer<void>> {
    return send('ModifyNetworkInterfaceAttribute', step, () =>
      ports.vpc.deleteOnTermination(eniId, attachmentId),
    );
  }
}

const newEni = (step: AttachStep, cluster: string) => ({
  subnetId: step.subnetId,
  groupIds: step.groupIds,
  addresses: step.addresses,
  token: tokenOf(step),
  description: `eks-ip-prewarmer for ${step.nodeId}`,
  tags: {
    [OUR_CLUSTER_TAG]: cluster,
    [OUR_NODE_TAG]: step.nodeId,
    ...(step.demandId !== undefined && { [OUR_DEMAND_TAG]: step.demandId }),
  },
});

/** The same ENI for the same node, slot, subnet, size, groups and demand, however often it is asked for: a lost reply or a
 *  second run gets the first one's ENI back, and what would be another request has another token. Nothing in it depends on
 *  the time or the run. Once an ENI was given up, those after it are of another `generation`: EC2 would answer the old token
 *  with an ENI that is gone. */
export function tokenOf(step: AttachStep, generation = 0): string {
  if (step.token !== undefined) return step.token;
  const { nodeId, deviceIndex, addresses, subnetId, groupIds, demandId = '' } = step;
  const rest = hash([...groupIds, demandId, ...(generation > 0 ? [generation] : [])].join(' '));
  const token = `${nodeId}.${deviceIndex}.${addresses}.${subnetId.slice('subnet-'.length)}.${rest}`;
  return token.slice(0, CLIENT_TOKEN_CHARACTERS);
}

/** FNV-1a, 32 bits, as text: enough to tell a handful of requests for one slot apart. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(36);
}

/** Why a node is left after a failure that will not pass by itself. */
export function leftBecause(kind: FailureKind): LeaveReason {
  switch (kind) {
    case 'subnet-full':
    case 'no-prefix-block':
      return 'subnet full';
    case 'slots-full':
      return 'no slots';
    case 'node-gone':
      return 'not a live node';
    case 'throttled':
      return 'over budget';
    case 'stopped':
      return 'stopped';
    case 'quota':
      return 'quota reached';
    case 'not-allowed':
      return 'not allowed';
    case 'uncertain':
    case 'transient':
    case 'interface-full':
    case 'node-not-ready':
    case 'conflict':
    case 'unexpected':
      return 'call failed';
  }
}
