/** Settings under which Kubernetes paces a rolling update by itself, where no warming helps: the nodes' addresses are all
 *  there, and those that pods give back cool before they can be used again. */
import type { RolloutAnnounced } from '../signals.ts';
import { demandOf, heldMs, pods } from './demand.ts';

/** To be merged into a Deployment, as `kubectl patch` takes it. */
export interface DeploymentPatch {
  readonly spec: {
    readonly minReadySeconds: number;
    /** Set where Kubernetes' own would be over before a pod counts as available. */
    readonly progressDeadlineSeconds?: number;
    readonly strategy: {
      readonly type: 'RollingUpdate';
      readonly rollingUpdate: { readonly maxSurge: number; readonly maxUnavailable: number };
    };
  };
}

export interface SelfPaced {
  readonly patch: DeploymentPatch;
  /** From the first new pod to the last one, at least. */
  readonly takesMs: number;
  readonly because: string;
}

/** Source: Kubernetes API reference, DeploymentSpec. It must exceed minReadySeconds. */
const PROGRESS_DEADLINE_SECONDS = 600;

/**
 * A pod that must have been ready for longer than an old address is held makes Kubernetes go on only when the addresses of
 * the pods before are free again. With S pods more and U fewer than the replicas, the first S come while nothing is gone, and
 * from then on S + U come for as many that go: 2·S + U addresses are in use beyond the start (demand.ts, rollingUpdate). So of F
 * free addresses those that are missing anyway take what they may, U ≤ F, and S gets half of the rest. No more pods are
 * missing than the Deployment's own settings allow; where they allow none and one address is free, one.
 * `undefined` when no address is free, or when the settings as they are fit already.
 */
export function selfPaced(
  rollout: RolloutAnnounced,
  freeAddresses: number,
  cooldownMs: number,
): SelfPaced | undefined {
  const { strategy, replicas } = rollout;
  if (strategy.type !== 'rolling-update' || replicas.to === 0 || freeAddresses < 1) return undefined;
  if (demandOf(rollout, cooldownMs).addresses <= freeAddresses) return undefined;
  const missing = Math.min(freeAddresses, pods(strategy.maxUnavailable, replicas.to, 'down'));
  const surge = Math.floor((freeAddresses - missing) / 2);
  const maxUnavailable = missing + surge === 0 ? 1 : missing;
  const minReadySeconds = Math.floor(heldMs(rollout, cooldownMs) / 1000) + 1;
  const rounds = Math.ceil(replicas.to / (surge + maxUnavailable));
  return {
    patch: {
      spec: {
        minReadySeconds,
        ...(minReadySeconds >= PROGRESS_DEADLINE_SECONDS / 2 && {
          progressDeadlineSeconds: minReadySeconds + PROGRESS_DEADLINE_SECONDS,
        }),
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable } },
      },
    },
    takesMs: (rounds - 1) * minReadySeconds * 1000,
    because: `${freeAddresses} addresses are free; ${surge + maxUnavailable} pods at a time use at most ${2 * surge + maxUnavailable} of them, and each must be ready for ${minReadySeconds} s before the next`,
  };
}
