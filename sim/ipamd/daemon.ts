/** One incarnation of the ipamd process: what it holds in memory between two starts. */
import type { Stream } from '../chance.ts';
import type { MetadataEni } from '../ec2/instance-metadata.ts';
import type { Kernel } from '../kernel.ts';
import type { SdkClient } from './sdk.ts';
import type { EniConfig, Settings } from './settings.ts';
import { Store } from './store.ts';

/** What a node is to its ipamd. */
export interface Host {
  readonly instanceId: string;
  readonly primaryEniId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  /** Pods the node may run, as its status says. */
  readonly maxPods: number;
  readonly eniConfig: EniConfig | undefined;
}

export interface DaemonOptions {
  readonly kernel: Kernel;
  readonly stream: Stream;
  readonly sdk: SdkClient;
  readonly settings: Settings;
  readonly host: Host;
  /** Interfaces as instance metadata shows them now. */
  readonly metadata: () => readonly MetadataEni[];
  readonly schedulable: () => boolean;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

export class Daemon {
  readonly kernel: Kernel;
  readonly stream: Stream;
  readonly sdk: SdkClient;
  readonly settings: Settings;
  readonly host: Host;
  readonly metadata: () => readonly MetadataEni[];
  readonly schedulable: () => boolean;
  readonly store: Store;
  /** ENIs left alone because of their tags. */
  readonly unmanaged = new Set<string>();
  /** How many of those were attached when last looked: they take slots. */
  unmanagedAttached = 0;
  /** The primary's security groups as last seen. */
  groups: readonly string[] = [];
  /** Addresses and prefixes it unassigned itself, until when reconciles must not bring them back. */
  readonly recentlyFreed = new Map<string, number>();
  lastActionMs = LONG_AGO;
  lastDecreaseMs = LONG_AGO;
  lastExhaustedMs = LONG_AGO;

  constructor(options: DaemonOptions) {
    this.kernel = options.kernel;
    this.stream = options.stream;
    this.sdk = options.sdk;
    this.settings = options.settings;
    this.host = options.host;
    this.metadata = options.metadata;
    this.schedulable = options.schedulable;
    this.store = new Store({
      stream: options.stream,
      now: () => options.kernel.nowMs,
      prefixMode: options.settings.prefixes,
      cooldownMs: options.settings.cooldownMs,
    });
  }

  get nowMs(): number {
    return this.kernel.nowMs;
  }

  /** Growth and giving back ENIs stop on a cordoned node unless told otherwise. */
  get mayChangeEnis(): boolean {
    return this.settings.managesOnCordoned || this.schedulable();
  }
}
