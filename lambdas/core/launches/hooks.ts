/**
 * A lifecycle hook of the operator's own may hold a launch until its node has its addresses. It holds Auto Scaling's state of
 * the instance and nothing else, so nothing here waits for it: every decision that is over is answered, whatever it was, and
 * so is every failure. Nobody's launch ends because of us.
 */
import type { NodeId } from '../model.ts';
import type { Ports } from '../ports.ts';
import type { LaunchHook, NodeLaunching } from '../signals.ts';

/** The hook that waits for us, if the launch came with one and the policy says that it is ours to answer. */
export const hookOf = (
  { hook }: NodeLaunching,
  { settings: { policy } }: Pick<Ports, 'settings'>,
): LaunchHook | undefined => (hook?.hookName === policy.launchHook ? hook : undefined);

/** Answers the hooks of these launches. What cannot be answered ends by itself, at the hook's own time limit. */
export async function answerHooks(launches: readonly NodeLaunching[], ports: Ports): Promise<void> {
  await Promise.all(
    launches.map(async (signal) => {
      const hook = hookOf(signal, ports);
      if (hook === undefined) return;
      const { nodeId } = signal;
      const { groupName, hookName } = hook;
      try {
        await ports.launchHooks.complete(hook);
        ports.journal.note('hook answered', { nodeId, groupName, hookName });
      } catch (error) {
        const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        ports.journal.warn('hook not answered', { nodeId, groupName, hookName, why });
      }
    }),
  );
}

/** The ports, and the launches that went back on the queue through them: those are not over. */
export function watchingBack(ports: Ports): { readonly watched: Ports; readonly back: ReadonlySet<NodeId> } {
  const back = new Set<NodeId>();
  const { continuations } = ports;
  const watched: Ports = {
    ...ports,
    continuations: {
      later: (signals) => {
        for (const { signal } of signals) if (signal.kind === 'node-launching') back.add(signal.nodeId);
        return continuations.later(signals);
      },
    },
  };
  return { watched, back };
}
