/**
 * S8: events come twice and in any order, and every function that has a call under way dies, once after each call that
 * changes something, in runs of their own; what is left half done must be found and finished or removed. In TypeScript
 * because a scenario file knows no functions. Source: Lambda ends functions at their time limit and with their
 * environments; AWS promises no more.
 */
import type { Ec2Action } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import { PREWARMER, Stage } from '../stage.ts';
import { World } from '../world.ts';
import { SUBNET } from './subnets.ts';

const CLUSTER = 'shop';
const TYPE = 'm5.large';
const NODES = 3;
const PODS = 60;
const OUR_TAG = 'eks-ip-prewarmer/node';
/** Every event twice, and out of order by up to two seconds. */
const EVENTS = { duplicateShare: 1, reorderWithinMs: 2_000 } as const;
/** A sweep deletes an unattached interface of ours once it was seen so for five minutes; sweeps run every five. */
const LASTS_MS = 1_500_000;

export interface Killed {
  /** The call after which the functions died, from 1; 0: none died. */
  readonly after: number;
  readonly action: string;
  /** Calls of ours that changed something, by the end. */
  readonly changes: number;
  readonly failedRequests: number;
  readonly withoutAddress: number;
  readonly lateAttach: number;
  /** Interfaces of ours that hang on no instance at the end. */
  readonly orphans: number;
  /** Interfaces of ours that would outlive their instance. */
  readonly outliving: number;
  /** Interfaces beyond what each node has slots for pods. */
  readonly tooMany: number;
}

export interface KillOptions {
  readonly prewarmer: boolean;
  /** 0: nobody dies. */
  readonly killAfter: number;
}

export async function launchWithKill(seed: number, options: KillOptions): Promise<Killed> {
  const world = new World({
    seed,
    cluster: CLUSTER,
    events: EVENTS,
    subnets: [SUBNET],
  });
  const reaper = reap(world, options.killAfter);
  const stage = options.prewarmer ? new Stage(world, { mode: 'warm' }) : undefined;
  const pods = Array.from({ length: PODS }, (_, index) => world.createPod(`pod-${index}`));
  for (let index = 0; index < NODES; index++) world.launch(TYPE);
  await world.kernel.run(LASTS_MS);

  const ours = world.account.enis().filter(({ tags }) => tags.has(OUR_TAG));
  return {
    after: options.killAfter,
    action: reaper.action,
    changes: reaper.changes,
    failedRequests: pods.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
    withoutAddress: pods.filter(({ gotAddressAtMs }) => gotAddressAtMs === undefined).length,
    lateAttach: (stage?.journal ?? [])
      .filter(({ what }) => what === 'verified')
      .reduce((sum, { facts }) => sum + (facts['lateAttach'] as readonly string[]).length, 0),
    orphans: ours.filter(({ attachment }) => attachment === undefined).length,
    outliving: ours.filter(({ attachment }) => attachment?.deleteOnTermination === false).length,
    tooMany: world.nodes.filter(
      ({ instance }) => instance.enis.filter(({ tags }) => tags.has(OUR_TAG)).length > 2,
    ).length,
  };
}

/** Puts itself before EC2. After our `killAfter`-th change no call of ours that was under way is ever answered, though
 *  EC2 carries it out: the request had left. */
function reap({ account }: World, killAfter: number): { changes: number; action: string } {
  const count = { changes: 0, action: '' };
  const real = account.call.bind(account);
  let deaths = 0;
  const call: typeof account.call = function* (caller, action, input) {
    if (caller.name !== PREWARMER) return yield* real(caller, action, input);
    const alive = deaths;
    const answer = yield* settled(real(caller, action, input));
    if (isChange(action) && ++count.changes === killAfter) {
      deaths++;
      count.action = action;
    }
    if (alive < deaths) yield () => {};
    if (!answer.ok) throw answer.error;
    return answer.output;
  };
  account.call = call;
  return count;
}

const isChange = (action: Ec2Action): boolean => !action.startsWith('Describe');

type Settled<T> = { readonly ok: true; readonly output: T } | { readonly ok: false; readonly error: unknown };

function* settled<T>(process: Process<T>): Process<Settled<T>> {
  try {
    return { ok: true, output: yield* process };
  } catch (error) {
    return { ok: false, error };
  }
}
