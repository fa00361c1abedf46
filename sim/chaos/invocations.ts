/**
 * Runs of the functions, told apart, and how they die. Core does not know which run it is in, so the run travels with the
 * asynchronous calls; every call to the outside passes here and can be its run's last.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ports } from '../../lambdas/core/ports.ts';

/** One run of one function: it ends, or it dies and does nothing any more. */
export interface Invocation {
  readonly id: number;
  readonly name: string;
  dead: boolean;
  /** Ends it here and now: what it has under way is carried out outside, but nobody hears the answer. */
  readonly die: () => void;
}

export type Port =
  | 'vpc'
  | 'ledger'
  | 'budget'
  | 'reads'
  | 'continuations'
  | 'deliveries'
  | 'rolloutBook'
  | 'rolloutMachine'
  | 'bus'
  | 'kubernetes';

/** One call through a port. */
export interface OutsideCall {
  readonly port: Port;
  readonly method: string;
  readonly args: readonly unknown[];
  /** `undefined` for what no function's run asked. */
  readonly invocation: Invocation | undefined;
}

/** Stands around a call: may look at it, hold it up, or never answer. */
export type Around = <T>(call: OutsideCall, send: () => Promise<T>) => Promise<T>;

export class Invocations {
  readonly #current = new AsyncLocalStorage<Invocation>();
  #count = 0;

  get current(): Invocation | undefined {
    return this.#current.getStore();
  }

  /** Runs a function; rejects in the moment its run dies, as a function's environment that goes away does. */
  run<A>(name: string, work: () => Promise<A>): Promise<A> {
    const { promise: death, reject } = Promise.withResolvers<never>();
    const invocation: Invocation = {
      id: ++this.#count,
      name,
      dead: false,
      die: () => {
        invocation.dead = true;
        reject(new Error(`${name} was killed`));
      },
    };
    return Promise.race([this.#current.run(invocation, work), death]);
  }

  /** The ports with `by` around every call to the outside. */
  around(ports: Ports, by: Around): Ports {
    const through = <P extends object>(port: Port, target: P): P =>
      new Proxy(target, {
        get: (_target, method) => {
          const real: unknown = Reflect.get(target, method, target);
          if (typeof real !== 'function') return real;
          return (...args: unknown[]) =>
            by({ port, method: String(method), args, invocation: this.current }, async () =>
              Reflect.apply(real, target, args),
            );
        },
      });
    return {
      ...ports,
      vpc: through('vpc', ports.vpc),
      ledger: through('ledger', ports.ledger),
      budget: through('budget', ports.budget),
      reads: through('reads', ports.reads),
      continuations: through('continuations', ports.continuations),
      deliveries: through('deliveries', ports.deliveries),
      rolloutBook: through('rolloutBook', ports.rolloutBook),
      rolloutMachine: through('rolloutMachine', ports.rolloutMachine),
      bus: through('bus', ports.bus),
      ...(ports.kubernetes !== undefined && { kubernetes: through('kubernetes', ports.kubernetes) }),
    };
  }
}

/** Sends what goes to different queues one after the other, so that a run can die in between. */
export const oneQueueAtATime = (ports: Ports): Ports => ({
  ...ports,
  continuations: {
    later: async (signals) => {
      for (const some of Map.groupBy(signals, ({ signal }) => signal.kind).values())
        await ports.continuations.later(some);
    },
  },
});

/** When a run is killed: with the `after`-th call to the outside, counted from `fromMs` over all runs, if that comes
 *  before `untilMs`. */
export interface Kill {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly after: number;
}

/** Kills runs. A dead run sends nothing and hears nothing. */
export class Reaper {
  readonly #kills: (Omit<Kill, 'after'> & { left: number })[];
  readonly #nowMs: () => number;
  /** Calls to the outside so far, and the one after which each death came. */
  calls = 0;
  readonly deaths: string[] = [];

  constructor(kills: readonly Kill[], nowMs: () => number) {
    this.#kills = kills.map(({ after, ...span }) => ({ ...span, left: after }));
    this.#nowMs = nowMs;
  }

  readonly around: Around = async (call, send) => {
    const { invocation } = call;
    if (invocation?.dead) return never();
    try {
      const answer = await send();
      if (this.#ends(call)) return never();
      return answer;
    } catch (error) {
      if (this.#ends(call)) return never();
      throw error;
    }
  };

  #ends({ invocation, port, method }: OutsideCall): boolean {
    if (invocation === undefined) return false;
    if (invocation.dead) return true;
    this.calls++;
    let dies = false;
    const nowMs = this.#nowMs();
    for (const kill of this.#kills)
      if (nowMs >= kill.fromMs && nowMs < kill.untilMs && kill.left > 0 && --kill.left === 0) dies = true;
    if (!dies) return false;
    this.deaths.push(`${invocation.name} after ${port}.${method}`);
    invocation.die();
    return true;
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});
