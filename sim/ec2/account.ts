/**
 * The embedded EC2: one account in one Region. A call takes its latency; then the request bucket, ordered trouble and
 * the limits decide; effect and answer come at the end of the call. A caller that dies while it waits never reaches EC2.
 */
import type { Chance, Stream } from '../chance.ts';
import { type Kernel, type Process, RANK } from '../kernel.ts';
import {
  type AccountOptions,
  DEFAULT_ENIS_PER_ZONE,
  type Latencies,
  type Launch,
  type PresentEni,
  type StateListener,
  type SubnetSetup,
} from './account-options.ts';
import { type Circumstances, carryOut } from './actions.ts';
import { AddressSpace } from './address-space.ts';
import {
  ApiError,
  type Caller,
  type Ec2,
  type Ec2Action,
  type Ec2Actions,
  type Eni,
  type Instance,
  type InstanceState,
  ReplyLost,
  type Subnet,
} from './api.ts';
import { AttachmentTimes } from './attachment-times.ts';
import { DOCUMENTED_BUCKETS, RequestBuckets } from './buckets.ts';
import { CallCounts } from './call-counts.ts';
import { ClientTokens } from './client-tokens.ts';
import { copyEni, copyInstance, copySubnet } from './copies.ts';
import { refused } from './errors.ts';
import { type Fault, Faults } from './faults.ts';
import type { HeldInstance } from './held.ts';
import { drawDelay, type InstanceMetadata } from './instance-metadata.ts';
import { typeLimits } from './instance-types.ts';
import { Inventory } from './inventory.ts';
import { ReadLag } from './read-lag.ts';

export type {
  AccountOptions,
  Latencies,
  Launch,
  PresentEni,
  StateListener,
  SubnetSetup,
} from './account-options.ts';

/** amazon-vpc-cni-k8s v1.23.1, HTTP_TIMEOUT. */
const DEFAULT_TIMEOUT_MS = 10_000;

export class Account implements Ec2 {
  readonly region: string;
  readonly accountId: string;
  readonly enisPerZone: number | undefined;
  readonly calls: CallCounts;
  readonly #kernel: Kernel;
  readonly #chance: Chance;
  readonly #inventory: Inventory;
  readonly #latencies: Latencies;
  readonly #buckets: RequestBuckets | undefined;
  readonly #faults: Faults;
  readonly #streams = new Map<string, Stream>();
  readonly #tokens = new ClientTokens();
  readonly #listeners: StateListener[] = [];
  readonly #readLag: ReadLag | undefined;
  readonly #attachmentTimes: AttachmentTimes | undefined;

  constructor(options: AccountOptions) {
    this.region = options.region;
    this.accountId = options.accountId;
    this.enisPerZone = options.enisPerZone;
    this.#kernel = options.kernel;
    this.#chance = options.chance;
    this.#latencies = options.latencies;
    this.calls = new CallCounts(options.keepsLog ?? false);
    this.#buckets =
      options.throttling === false
        ? undefined
        : new RequestBuckets({
            ...DOCUMENTED_BUCKETS,
            ...(options.throttling === true ? {} : options.throttling),
          });
    const { kernel, chance, readLag, attachmentTimes } = options;
    this.#readLag = readLag && new ReadLag(readLag, chance, () => kernel.nowMs);
    this.#attachmentTimes = attachmentTimes && new AttachmentTimes(attachmentTimes, kernel, chance);
    this.#inventory = new Inventory({
      chance: options.chance,
      now: () => this.#kernel.nowMs,
      lags: options.metadataLags,
      enisPerZone: options.enisPerZone ?? DEFAULT_ENIS_PER_ZONE,
      readLag: this.#readLag,
    });
    for (const subnet of options.subnets) this.#addSubnet(subnet);
    this.#faults = new Faults([]);
    for (const fault of options.faults ?? []) this.addFault(fault);
  }

  *call<A extends Ec2Action>(
    caller: Caller,
    action: A,
    input: Ec2Actions[A]['input'],
  ): Process<Ec2Actions[A]['output']> {
    const latencyMs = drawDelay(
      this.#latencies[action] ?? this.#latencies.default,
      this.#stream(caller.name),
    );
    const timeoutMs = caller.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (latencyMs >= timeoutMs) {
      this.#kernel.after(latencyMs, () => this.#settle(caller, action, input));
      yield* this.#kernel.sleep(timeoutMs);
      throw new ReplyLost(`${action}: no answer within ${timeoutMs} ms`);
    }
    yield* this.#kernel.sleep(latencyMs);
    const lost = this.#faults.losesReply(caller, action, this.#kernel.nowMs, this.#stream(caller.name));
    if (lost !== undefined) {
      if (lost.carriedOut) this.#settle(caller, action, input);
      yield* this.#kernel.sleep(timeoutMs - latencyMs);
      throw new ReplyLost(`${action}: no answer within ${timeoutMs} ms`);
    }
    const answer = this.#settle(caller, action, input);
    if (!answer.ok) throw answer.error;
    return answer.output;
  }

  /** The same action, at once, for everybody to see, and without request buckets, trouble or record: the world's own hand. */
  perform<A extends Ec2Action>(action: A, input: Ec2Actions[A]['input']): Ec2Actions[A]['output'] {
    return this.#forAllToSee(() => this.#carryOut(action, input, { origin: 'world', shows: 'late' }));
  }

  addFault(fault: Fault): void {
    this.#faults.add(fault);
    if (fault.kind !== 'subnetExhausted' && fault.kind !== 'noFreePrefix') return;
    const hit = [...this.#inventory.subnets.values()].filter((s) => (fault.subnetId ?? s.id) === s.id);
    for (const { space } of hit) {
      this.#kernel.at(
        fault.fromMs,
        () => {
          let end: () => void;
          if (fault.kind === 'subnetExhausted') end = space.takeAll();
          else {
            space.withholdBlocks(true);
            end = () => space.withholdBlocks(false);
          }
          this.#kernel.at(fault.toMs, end, RANK.stimulus);
        },
        RANK.stimulus,
      );
    }
  }

  /** A new instance in state `pending`, its primary ENI at device index 0 and visible in its metadata. */
  launch(wanted: Launch): Instance {
    const limits = wanted.limits ?? typeLimits(wanted.type);
    if (limits === undefined) throw refused.invalidValue(`Invalid value '${wanted.type}' for InstanceType.`);
    const instance = this.#inventory.addInstance(wanted.type, limits, wanted.subnetId, wanted.tags ?? {});
    this.#giveEni(instance, {
      deviceIndex: 0,
      ...(wanted.secondaryIps !== undefined && { secondaryIps: wanted.secondaryIps }),
      ...(wanted.prefixes !== undefined && { prefixes: wanted.prefixes }),
      ...(wanted.securityGroups && { securityGroups: wanted.securityGroups }),
    });
    this.#tell(instance);
    return copyInstance(instance);
  }

  /** An ENI the instance was launched with, or has had since long ago: metadata shows it and its content already. */
  attachedAtStart(instanceId: string, present: PresentEni): Eni {
    return this.#forAllToSee(() => this.#giveEni(this.#inventory.instance(instanceId), present));
  }

  /** Others leave only so much of a subnet free, now. */
  othersLeaveFree(subnetId: string, free: { addresses: number; prefixes: number }): void {
    this.#inventory.subnet(subnetId).space.leaveFree(free.addresses, free.prefixes);
  }

  /** Others take so many single addresses of a subnet, now, and leave at least so many whole /28 blocks if they can. */
  othersTake(subnetId: string, taken: { addresses: number; leavingPrefixes: number }): void {
    this.#inventory.subnet(subnetId).space.takeForOthers(taken.addresses, taken.leavingPrefixes);
  }

  setState(instanceId: string, state: InstanceState): void {
    const instance = this.#inventory.instance(instanceId);
    if (instance.state === state || instance.state === 'terminated') return;
    this.#inventory.setState(instance, state);
    this.#tell(instance);
  }

  /** `shutting-down` now, `terminated` after `tookMs`: then DeleteOnTermination decides about each ENI. */
  terminate(instanceId: string, tookMs = 0): void {
    this.setState(instanceId, 'shutting-down');
    if (tookMs === 0) this.setState(instanceId, 'terminated');
    else this.#kernel.after(tookMs, () => this.setState(instanceId, 'terminated'));
  }

  /** Called at every change of state, `pending` at launch included, in the instant it happens. */
  onStateChange(listener: StateListener): void {
    this.#listeners.push(listener);
  }

  metadata(instanceId: string): InstanceMetadata {
    return this.#inventory.instance(instanceId).metadata;
  }

  instance(id: string): Instance {
    return copyInstance(this.#inventory.instance(id));
  }

  eni(id: string): Eni | undefined {
    const eni = this.#inventory.enis.get(id);
    return eni && copyEni(eni);
  }

  subnet(id: string): Subnet {
    return copySubnet(this.#inventory.subnet(id));
  }

  instances(): Instance[] {
    return [...this.#inventory.instances.values()].map(copyInstance);
  }

  enis(): Eni[] {
    return [...this.#inventory.enis.values()].map(copyEni);
  }

  subnets(): Subnet[] {
    return [...this.#inventory.subnets.values()].map(copySubnet);
  }

  /** Bucket, trouble, limits, effect, record: everything that happens in the instant a call ends. */
  #settle<A extends Ec2Action>(caller: Caller, action: A, input: Ec2Actions[A]['input']): Settled<A> {
    const nowMs = this.#kernel.nowMs;
    let eniId = this.#subject(action, input);
    let settled: Settled<A>;
    try {
      const throttled =
        this.#faults.throttles(caller, action, nowMs) || this.#buckets?.take(action, input, nowMs) === false;
      if (throttled) throw refused.throttled();
      const refusal = this.#faults.refuses(caller, action, nowMs, this.#stream(caller.name));
      if (refusal !== undefined) throw refusal;
      const shows = this.#faults.hidesFromMetadata(caller.name, nowMs) ? 'never' : 'late';
      const sees = action.startsWith('Describe')
        ? this.#readLag?.view(caller.name, this.#inventory)
        : undefined;
      const output = this.#carryOut(action, input, {
        origin: 'call',
        shows,
        ...(sees !== undefined && { sees }),
        ...(this.#attachmentTimes !== undefined && { takes: this.#attachmentTimes }),
      });
      if ('networkInterface' in output) eniId = output.networkInterface.id;
      settled = { ok: true, output };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      settled = { ok: false, error };
    }
    const result = settled.ok ? 'ok' : settled.error.code;
    this.calls.record(caller, { tMs: nowMs, action, input, result, eniId });
    return settled;
  }

  #carryOut<A extends Ec2Action>(
    action: A,
    input: Ec2Actions[A]['input'],
    circumstances: Circumstances,
  ): Ec2Actions[A]['output'] {
    if (!('clientToken' in input) || input.clientToken === undefined) {
      return carryOut[action](this.#inventory, input, circumstances);
    }
    return this.#tokens.once(input, () =>
      carryOut.CreateNetworkInterface(this.#inventory, input, circumstances),
    );
  }

  #subject<A extends Ec2Action>(action: A, input: Ec2Actions[A]['input']): string | undefined {
    if ('networkInterfaceId' in input) return input.networkInterfaceId;
    if (action === 'DetachNetworkInterface' && 'attachmentId' in input) {
      return this.#inventory.findAttached(input.attachmentId)?.id;
    }
    if ('resources' in input) return input.resources.length === 1 ? input.resources[0] : undefined;
    if ('networkInterfaceIds' in input) {
      return input.networkInterfaceIds?.length === 1 ? input.networkInterfaceIds[0] : undefined;
    }
    return undefined;
  }

  #giveEni(instance: HeldInstance, present: PresentEni): Eni {
    const groups = present.securityGroups ?? instance.enis[0]?.groups;
    const { networkCardIndex = 0, interfaceType } = present;
    const eni = this.#inventory.create({
      subnetId: present.subnetId ?? instance.subnetId,
      ips: present.secondaryIps ?? 0,
      prefixes: present.prefixes ?? 0,
      origin: present.deviceIndex === 0 && networkCardIndex === 0 ? 'launch' : 'world',
      ...(groups && { groups }),
      ...(interfaceType !== undefined && { interfaceType }),
      ...(present.tags && { tags: present.tags }),
    });
    this.#inventory.attach(eni, instance, {
      deviceIndex: present.deviceIndex ?? instance.enis.length,
      networkCardIndex,
      deleteOnTermination: present.deleteOnTermination ?? true,
      shows: 'at once',
    });
    return copyEni(eni);
  }

  #forAllToSee<T>(work: () => T): T {
    return this.#readLag === undefined ? work() : this.#readLag.atOnce(work);
  }

  #addSubnet(setup: SubnetSetup): void {
    const stream = setup.singles === 'packed' ? undefined : this.#chance.stream(`addresses of ${setup.id}`);
    const space = new AddressSpace(setup.cidr, stream);
    if (setup.free !== undefined) space.leaveFree(setup.free.addresses, setup.free.prefixes);
    const { id, vpcId, zone, cidr } = setup;
    this.#inventory.subnets.set(id, {
      id,
      vpcId,
      zone,
      cidr,
      space,
      tags: new Map(Object.entries(setup.tags ?? {})),
      reservations: new Map(),
    });
    for (const { cidr: part, type } of setup.reservations ?? []) {
      this.perform('CreateSubnetCidrReservation', { subnetId: id, cidr: part, reservationType: type });
    }
  }

  #tell(instance: Instance): void {
    for (const listener of this.#listeners) listener(copyInstance(instance), instance.state);
  }

  /** Each caller has its own stream, so that one never shifts another's draws. */
  #stream(caller: string): Stream {
    let stream = this.#streams.get(caller);
    if (stream === undefined) {
      stream = this.#chance.stream(`ec2 calls of ${caller}`);
      this.#streams.set(caller, stream);
    }
    return stream;
  }
}

type Settled<A extends Ec2Action> =
  | { readonly ok: true; readonly output: Ec2Actions[A]['output'] }
  | { readonly ok: false; readonly error: ApiError };
