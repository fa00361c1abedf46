/**
 * The node's address manager, as a process in virtual time: starts, serves, and keeps the pool near its targets in one
 * serial loop. While it waits for EC2 or for an ENI to appear nothing else happens on the node, except that pods still
 * draw on what is there. It dies with `stop`; pods keep their addresses over a restart, cooldowns and ages do not.
 */
import type { Chance } from '../chance.ts';
import type { Ec2 } from '../ec2/api.ts';
import type { InstanceMetadata } from '../ec2/instance-metadata.ts';
import type { TypeLimits } from '../ec2/instance-types.ts';
import type { Kernel, Process, Running } from '../kernel.ts';
import { Daemon, type Host } from './daemon.ts';
import { grow, poolOf } from './growth.ts';
import { watchLeaks } from './leaks.ts';
import { isTooLow, mayFreeEni, surplus } from './pool.ts';
import { reconcile } from './reconcile.ts';
import { mayRelease, release, releaseEni } from './release.ts';
import { attempt, SdkClient } from './sdk.ts';
import { type EniConfig, type Environment, readSettings, type Settings } from './settings.ts';
import { refreshGroups, startNode } from './start.ts';

/** Half of ipPoolMonitorInterval: sleep, grow or give back, sleep, reconcile. */
const HALF_LOOP_MS = 2_500;
const GROUPS_INTERVAL_MS = 30_000;
/** An emptied CIDR on an ENI closed to pods leaves the store this much later. */
const EMPTIED_REST_MS = 5_000;

export interface IpamdOptions {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly ec2: Ec2;
  readonly metadata: InstanceMetadata;
  readonly instanceId: string;
  readonly primaryEniId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly limits: TypeLimits;
  readonly env: Environment;
  /** Pods the node may run: caps growth. */
  readonly maxPods: number;
  /** How long the container takes to come up again after a failed start, in ms. */
  readonly containerRestartMs: number;
  readonly eniConfig?: EniConfig;
}

export interface Snapshot {
  readonly enis: number;
  /** Addresses of the mode's kind, 16 for a /28; the ENIs' own are not counted. */
  readonly totalIps: number;
  readonly prefixes: number;
  readonly assigned: number;
  readonly cooling: number;
}

export type Added = { readonly ok: true; readonly ip: string } | { readonly ok: false };

export class Ipamd {
  /** The caller's name in EC2's books. */
  readonly name: string;
  readonly settings: Settings;
  readonly #options: IpamdOptions;
  readonly #host: Host;
  readonly #listeners: (() => void)[] = [];
  #assignments: ReadonlyMap<string, string> = new Map();
  #daemon: Daemon | undefined;
  #running: Running | undefined;
  /** What runs beside the one loop in the same process. */
  #watchers: Running[] = [];
  #incarnations = 0;
  #serving = false;
  #schedulable = true;
  #failedStarts = 0;

  constructor(options: IpamdOptions) {
    const { instanceId, primaryEniId, subnetId, vpcId, zone, maxPods, eniConfig } = options;
    this.name = `ipamd/${instanceId}`;
    this.settings = readSettings(options.env, options.limits);
    this.#options = options;
    this.#host = { instanceId, primaryEniId, subnetId, vpcId, zone, maxPods, eniConfig };
  }

  get serving(): boolean {
    return this.#serving;
  }

  /** Starts that ended the process. */
  get failedStarts(): number {
    return this.#failedStarts;
  }

  start(): void {
    this.#running ??= this.#options.kernel.spawn(this.#life());
  }

  /** The process dies here and now: a call on its way never reaches EC2. */
  stop(): void {
    this.#running?.stop();
    this.#running = undefined;
    this.#forget();
  }

  restart(downMs: number): void {
    this.stop();
    this.#options.kernel.after(downMs, () => this.start());
  }

  /** A cordoned node neither grows nor gives back ENIs. */
  setSchedulable(schedulable: boolean): void {
    this.#schedulable = schedulable;
  }

  /** Called each time ipamd begins to serve: then the node can become Ready. */
  onServing(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** CNI ADD. Answers at once; a failure moves nothing in the pool. */
  addPod(podId: string): Added {
    const ip = this.#serving ? this.#daemon?.store.assign(podId) : undefined;
    return ip === undefined ? { ok: false } : { ok: true, ip };
  }

  /** CNI DEL: the address starts to cool. */
  deletePod(podId: string): void {
    const daemon = this.#serving ? this.#daemon : undefined;
    if (daemon === undefined) {
      this.#assignments = new Map([...this.#assignments].filter(([id]) => id !== podId));
      // A start that has read the checkpoint already must not bring the pod back: kubelet repeats a DEL until it is heard.
      this.#daemon?.store.unassign(podId);
      return;
    }
    const freed = daemon.store.unassign(podId);
    const emptied = freed?.emptied;
    if (freed === undefined || emptied === undefined) return;
    this.#options.kernel.after(EMPTIED_REST_MS, () => {
      if (this.#daemon === daemon) daemon.store.deleteCidr(freed.eniId, emptied, false);
    });
  }

  /** `undefined` while it does not serve. */
  snapshot(): Snapshot | undefined {
    if (!this.#serving || this.#daemon === undefined) return undefined;
    const { store } = this.#daemon;
    const { total, assigned, prefixes } = store.stats();
    return { enis: store.enis.size, totalIps: total, prefixes, assigned, cooling: store.cooling() };
  }

  /** Whether the ENI is in the store of a serving ipamd: adopted and not given back. */
  holds(eniId: string): boolean {
    return this.#serving && this.#daemon?.store.enis.has(eniId) === true;
  }

  *#life(): Process {
    const { kernel, containerRestartMs } = this.#options;
    for (;;) {
      const daemon = this.#incarnate();
      if (yield* startNode(daemon, () => this.#assignments)) {
        this.#serving = true;
        if (!this.settings.provisioningDisabled) this.#watchers.push(kernel.spawn(watchGroups(daemon)));
        for (const listener of this.#listeners) listener();
        yield* managePool(daemon);
      }
      this.#failedStarts++;
      this.#forget();
      yield* kernel.sleep(containerRestartMs);
    }
  }

  #incarnate(): Daemon {
    const { kernel, chance, ec2, metadata } = this.#options;
    this.#incarnations++;
    const stream = chance.stream(`${this.name} ${this.#incarnations}`);
    this.#daemon = new Daemon({
      kernel,
      stream,
      sdk: new SdkClient({ ec2, name: this.name, kernel, stream }),
      settings: this.settings,
      host: this.#host,
      metadata: () => metadata.enis(kernel.nowMs),
      schedulable: () => this.#schedulable,
    });
    if (this.settings.cleansLeaks) {
      const search = watchLeaks(this.#daemon, chance.stream(`${this.name} ${this.#incarnations} leaks`));
      this.#watchers.push(kernel.spawn(search));
    }
    return this.#daemon;
  }

  /** What the process knew is gone, but for the checkpoint of assignments. */
  #forget(): void {
    if (this.#serving && this.#daemon !== undefined) this.#assignments = this.#daemon.store.assignments();
    this.#serving = false;
    this.#daemon = undefined;
    for (const watcher of this.#watchers) watcher.stop();
    this.#watchers = [];
  }
}

/** The one loop. Source: amazon-vpc-cni-k8s v1.23.1, StartNodeIPPoolManager. */
function* managePool(d: Daemon): Process {
  for (;;) {
    if (!d.settings.provisioningDisabled) {
      yield* d.kernel.sleep(HALF_LOOP_MS);
      yield* adjust(d);
    }
    yield* d.kernel.sleep(HALF_LOOP_MS);
    yield* reconcile(d);
  }
}

/** Grow or give back addresses, never both; then perhaps one ENI, by the figures from before. */
function* adjust(d: Daemon): Process {
  const pool = poolOf(d);
  let gaveBack = false;
  if (isTooLow(d.settings, pool, d.host.maxPods)) yield* attempt(grow(d));
  else if (surplus(d.settings, pool) > 0 && mayRelease(d)) {
    gaveBack = true;
    yield* release(d);
  }
  if (mayFreeEni(d.settings, pool, () => d.store.hasPodFreeEni())) yield* releaseEni(d);
  if (gaveBack) {
    d.lastDecreaseMs = d.nowMs;
    d.lastActionMs = d.nowMs;
  }
}

function* watchGroups(d: Daemon): Process {
  for (;;) {
    yield* d.kernel.sleep(GROUPS_INTERVAL_MS);
    yield* refreshGroups(d);
  }
}
