/**
 * EC2's eventual consistency, for some of its callers: what they Describe is the account as it was a while ago. A new
 * instance or ENI is not found yet, an attachment or tag not shown, a state is the one before. Changes made by calls and
 * changes of state lag; free addresses of subnets do not.
 * Source: EC2 Developer Guide, eventual consistency; it names no time, so the lag is an assumption of whoever sets it.
 */
import type { Kernel, Process } from '../kernel.ts';
import type { Account } from './account.ts';
import type { Caller, Ec2, Ec2Action, Ec2Actions, Eni, Filter, Instance, InstanceState } from './api.ts';
import { select, showsEni } from './describe.ts';
import { refused } from './errors.ts';

export interface ReadLagOptions {
  /** Whose reads lag. */
  readonly callers: (name: string) => boolean;
  readonly lagMs: number;
}

/** What something was from a moment on; `undefined`: not there. */
interface Version<T> {
  readonly fromMs: number;
  readonly was: T | undefined;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/** The past of things that changed within the lag; everything else is as the account says. */
class History<T> {
  readonly #versions = new Map<string, Version<T>[]>();

  add(id: string, atMs: number, before: T | undefined, after: T | undefined): void {
    const versions = this.#versions.get(id) ?? [{ fromMs: LONG_AGO, was: before }];
    versions.push({ fromMs: atMs, was: after });
    this.#versions.set(id, versions);
  }

  /** What it was at `atMs`, for those that changed since. */
  since(atMs: number): Map<string, T | undefined> {
    const past = new Map<string, T | undefined>();
    for (const [id, versions] of this.#versions) {
      if ((versions.at(-1)?.fromMs ?? LONG_AGO) <= atMs) this.#versions.delete(id);
      else past.set(id, versions.findLast(({ fromMs }) => fromMs <= atMs)?.was);
    }
    return past;
  }
}

export class LaggingReads implements Ec2 {
  readonly #account: Account;
  readonly #kernel: Kernel;
  readonly #options: ReadLagOptions;
  readonly #enis = new History<Eni>();
  readonly #states = new History<InstanceState>();
  readonly #stateNow = new Map<string, InstanceState>();

  constructor(account: Account, kernel: Kernel, options: ReadLagOptions) {
    this.#account = account;
    this.#kernel = kernel;
    this.#options = options;
    account.onStateChange(({ id }, state) => {
      this.#states.add(id, kernel.nowMs, this.#stateNow.get(id), state);
      this.#stateNow.set(id, state);
    });
  }

  *call<A extends Ec2Action>(
    caller: Caller,
    action: A,
    input: Ec2Actions[A]['input'],
  ): Process<Ec2Actions[A]['output']> {
    if (action.startsWith('Describe')) {
      const output = yield* this.#account.call(caller, action, input);
      return this.#options.callers(caller.name) ? this.#asItWas(input, output) : output;
    }
    const before = new Map(this.#subjects(input).map((id) => [id, this.#account.eni(id)]));
    try {
      const output = yield* this.#account.call(caller, action, input);
      if ('networkInterface' in output) before.set(output.networkInterface.id, undefined);
      return output;
    } finally {
      for (const [id, eni] of before) this.#enis.add(id, this.#kernel.nowMs, eni, this.#account.eni(id));
    }
  }

  /** ENIs a call may change. */
  #subjects(input: Ec2Actions[Ec2Action]['input']): string[] {
    if ('networkInterfaceId' in input) return [input.networkInterfaceId];
    if ('resources' in input) return input.resources.filter((id) => id.startsWith('eni-'));
    if (!('attachmentId' in input)) return [];
    return this.#account
      .enis()
      .flatMap(({ id, attachment }) => (attachment?.id === input.attachmentId ? [id] : []));
  }

  #asItWas<O extends Ec2Actions[Ec2Action]['output']>(input: Ec2Actions[Ec2Action]['input'], output: O): O {
    const thenMs = this.#kernel.nowMs - this.#options.lagMs;
    if ('networkInterfaces' in output) {
      const asked = 'networkInterfaceIds' in input ? input.networkInterfaceIds : undefined;
      const filters = 'filters' in input ? input.filters : undefined;
      return {
        ...output,
        networkInterfaces: this.#enisThen(output.networkInterfaces, asked, filters, thenMs),
      };
    }
    if ('instances' in output) {
      const asked = 'instanceIds' in input ? input.instanceIds : undefined;
      return { ...output, instances: this.#instancesThen(output.instances, asked, thenMs) };
    }
    return output;
  }

  #enisThen(
    now: readonly Eni[],
    asked: readonly string[] | undefined,
    filters: readonly Filter[] | undefined,
    thenMs: number,
  ): Eni[] {
    const past = this.#enis.since(thenMs);
    const hidden = now.filter(({ id }) => past.has(id) && past.get(id) === undefined);
    const unknown = hidden.map(({ id }) => id).filter((id) => asked?.includes(id));
    if (unknown.length > 0) throw refused.notFound('NetworkInterfaceID', unknown);
    const changed = new Map<string, Eni>();
    for (const [id, eni] of past)
      if (eni !== undefined && (asked?.includes(id) ?? true)) changed.set(id, eni);
    const { found } = select({
      page: { filters: filters ?? [] },
      ids: undefined,
      all: changed,
      shows: showsEni,
      unknown: (ids) => refused.notFound('NetworkInterfaceID', ids),
    });
    return [...now.filter(({ id }) => !past.has(id)), ...found];
  }

  #instancesThen(now: readonly Instance[], asked: readonly string[] | undefined, thenMs: number): Instance[] {
    const states = this.#states.since(thenMs);
    const past = this.#enis.since(thenMs);
    const shown: Instance[] = [];
    const unknown: string[] = [];
    for (const instance of now) {
      const { id } = instance;
      const state = states.has(id) ? states.get(id) : instance.state;
      if (state !== undefined) shown.push({ ...instance, state, enis: attachedThen(instance, past) });
      else if (asked?.includes(id)) unknown.push(id);
    }
    if (unknown.length > 0) throw refused.notFound('InstanceID', unknown);
    return shown;
  }
}

/** ENIs the instance had then, in order of device index. */
function attachedThen({ id, enis }: Instance, past: ReadonlyMap<string, Eni | undefined>): Eni[] {
  const unchanged = enis.filter((eni) => !past.has(eni.id));
  const changed = [...past.values()].filter((eni) => eni?.attachment?.instanceId === id);
  return [...unchanged, ...changed.filter((eni) => eni !== undefined)].sort(
    (a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0),
  );
}
