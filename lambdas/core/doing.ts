/** Carries steps out. Each call is made once; what went wrong is a value that says whether to look again or to give up. */
import type { Failure, FailureKind } from './failures.ts';
import type { PromisedEni } from './launches.ts';
import { CLIENT_TOKEN_CHARACTERS, type MutatingAction } from './limits.ts';
import { type EniId, OUR_CLUSTER_TAG, OUR_DEMAND_TAG, OUR_NODE_TAG } from './model.ts';
import { inParallel } from './parallel.ts';
import type { Ports } from './ports.ts';
import type { ActStep, AttachStep, LeaveReason } from './steps.ts';

/** Calls of one node at a time, per function: an ENI or two and a fill. */
const STEPS_AT_ONCE = 4;

/** What became of one node's steps. */
export interface Done {
  /** ENIs that exist and are not attached yet. */
  readonly made: readonly PromisedEni[];
  readonly attached: readonly EniId[];
  readonly failures: readonly Failure[];
}

export async function carryOut(steps: readonly ActStep[], cluster: string, ports: Ports): Promise<Done> {
  const made: PromisedEni[] = [];
  const attached: EniId[] = [];
  const failures: Failure[] = [];
  const failedAt = async (action: MutatingAction, failure: Failure, step: ActStep): Promise<void> => {
    failures.push(failure);
    if (failure.kind === 'throttled') await ports.budget.report({ throttled: [action], troubles: 0 });
    ports.journal.warn('call failed', {
      action,
      nodeId: step.nodeId,
      kind: failure.kind,
      code: failure.code,
      message: failure.message,
    });
  };

  await inParallel(steps, STEPS_AT_ONCE, async (step) => {
    switch (step.do) {
      case 'fill': {
        const answer = await ports.vpc.assign(step.eniId, step.addresses);
        // Somebody filled it before us: what we wanted is there.
        if (!answer.ok && answer.failure.kind !== 'interface-full')
          await failedAt('AssignPrivateIpAddresses', answer.failure, step);
        return;
      }
      case 'finish': {
        const answer = await ports.vpc.deleteOnTermination(step.eniId, step.attachmentId);
        if (!answer.ok) await failedAt('ModifyNetworkInterfaceAttribute', answer.failure, step);
        return;
      }
      case 'attach': {
        const eniId = step.eniId ?? (await create(step));
        if (eniId === undefined) return;
        if (step.until === 'created') {
          made.push(promised(step, eniId));
          return;
        }
        const { nodeId, deviceIndex } = step;
        const attachment = await ports.vpc.attachEni({ eniId, nodeId, deviceIndex });
        if (!attachment.ok) {
          made.push(promised(step, eniId));
          await failedAt('AttachNetworkInterface', attachment.failure, step);
          return;
        }
        attached.push(eniId);
        if (step.finish === 'later') return;
        const kept = await ports.vpc.deleteOnTermination(eniId, attachment.value);
        if (!kept.ok) await failedAt('ModifyNetworkInterfaceAttribute', kept.failure, step);
        return;
      }
    }
  });
  return { made, attached, failures };

  async function create(step: AttachStep): Promise<EniId | undefined> {
    const answer = await ports.vpc.createEni({
      subnetId: step.subnetId,
      groupIds: step.groupIds,
      addresses: step.addresses,
      token: clientToken(step),
      description: `eks-ip-prewarmer for ${step.nodeId}`,
      tags: {
        [OUR_CLUSTER_TAG]: cluster,
        [OUR_NODE_TAG]: step.nodeId,
        ...(step.demandId !== undefined && { [OUR_DEMAND_TAG]: step.demandId }),
      },
    });
    if (answer.ok) return answer.value;
    await failedAt('CreateNetworkInterface', answer.failure, step);
    return undefined;
  }
}

const promised = (step: AttachStep, eniId: EniId): PromisedEni => ({
  eniId,
  deviceIndex: step.deviceIndex,
  addresses: step.addresses,
  subnetId: step.subnetId,
  token: clientToken(step),
});

/** The same ENI for the same node, slot, subnet and size, however often it is asked for: a lost reply or a second run
 *  gets the first one's ENI back. Nothing in the request may therefore depend on the time or the run. */
export function clientToken(step: AttachStep): string {
  const token = `${step.nodeId}.${step.deviceIndex}.${step.addresses}.${step.subnetId.slice('subnet-'.length)}`;
  return token.slice(0, CLIENT_TOKEN_CHARACTERS);
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
    case 'uncertain':
    case 'transient':
    case 'interface-full':
    case 'node-not-ready':
    case 'conflict':
    case 'not-allowed':
    case 'quota':
    case 'unexpected':
      return 'call failed';
  }
}
