/**
 * Runs a recorded scenario against the embedded EC2 and ipamd: the same node, the same stimuli at the same times, another
 * seed for everything that is chance. Judging the outcome is `compare.ts`'s business.
 */
import { Chance } from '../chance.ts';
import type { Account } from '../ec2/account.ts';
import { ApiError } from '../ec2/api.ts';
import { typeLimits } from '../ec2/instance-types.ts';
import { Ipamd } from '../ipamd/ipamd.ts';
import { Kernel, RANK } from '../kernel.ts';
import {
  type AddSeen,
  describeCall,
  type ForeignSeen,
  type Outcome,
  type OutsideSeen,
  type SampleSeen,
  summarize,
} from './outcome.ts';
import { actOutside, type OutsideStimulus } from './outside.ts';
import { recordedAccount, SUBNET } from './recorded-account.ts';
import type { Given, Scenario, Stimulus } from './recording.ts';

const FIRST_SAMPLE_MS = 5_050;
const SAMPLE_EVERY_MS = 5_000;
/** The store was watched for foreign ENIs on this grid. */
const FIRST_LOOK_MS = 25;
const LOOK_EVERY_MS = 100;

export async function replay(scenario: Scenario, seed: number): Promise<Outcome> {
  const run = new Run(scenario, seed);
  await run.kernel.run(scenario.durationMs);
  return run.outcome();
}

class Run {
  readonly kernel = new Kernel();
  readonly #given: Given;
  readonly #account: Account;
  readonly #instanceId: string;
  readonly #ipamd: Ipamd;
  readonly #idOf = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  readonly #adds = new Map<string, AddSeen>();
  readonly #deleted = new Set<string>();
  readonly #outside: OutsideSeen[] = [];
  readonly #foreign = new Map<string, ForeignSeen>();
  readonly #samples: SampleSeen[] = [];
  readonly #readyAtMs: number[] = [];

  constructor(scenario: Scenario, seed: number) {
    const { given, durationMs } = scenario;
    const { kernel } = this;
    const chance = new Chance(seed);
    this.#given = given;
    this.#account = recordedAccount(given, kernel, chance);
    const type = typeLimits(given.instanceType);
    const limits = {
      enisPerCard: given.eniLimit,
      networkCards: 1,
      ipv4PerEni: given.ipv4PerEni,
      prefixes: type?.prefixes ?? true,
      trunks: type?.trunks ?? true,
    };
    const [primary, ...others] = given.initialEnis;
    const { id, enis, vpcId, zone } = this.#account.launch({
      type: given.instanceType,
      subnetId: SUBNET,
      limits,
      secondaryIps: primary?.ips ?? 0,
      prefixes: primary?.prefixes ?? 0,
    });
    this.#instanceId = id;
    const primaryEniId = enis[0]?.id ?? '';
    this.#name(primaryEniId, primary?.eni ?? 'primary');
    for (const { eni, ips, prefixes } of others) {
      this.#name(this.#account.attachedAtStart(id, { secondaryIps: ips, prefixes }).id, eni);
      this.#watch(eni);
    }
    this.#account.othersLeaveFree(SUBNET, {
      addresses: given.subnetFreeAddresses,
      prefixes: given.subnetFreePrefixes,
    });
    this.#account.setState(id, 'running');
    this.#ipamd = new Ipamd({
      kernel,
      chance,
      ec2: this.#account,
      metadata: this.#account.metadata(id),
      instanceId: id,
      primaryEniId,
      subnetId: SUBNET,
      vpcId,
      zone,
      limits,
      // The recordings leave out the hourly search for leaked ENIs, and name the cluster without saying how.
      env: { CLUSTER_NAME: 'recorded', DISABLE_LEAKED_ENI_CLEANUP: 'true', ...given.env },
      maxPods: given.maxPods,
      containerRestartMs: given.containerRestartMs,
    });
    this.#ipamd.onServing(() => this.#readyAtMs.push(kernel.nowMs));
    for (const stimulus of scenario.when) {
      kernel.at(stimulus.tMs, () => this.#apply(stimulus), RANK.stimulus);
    }
    for (let tMs = FIRST_SAMPLE_MS; tMs < durationMs; tMs += SAMPLE_EVERY_MS) {
      kernel.at(tMs, () => this.#sample());
    }
    if (this.#foreign.size > 0 || scenario.when.some((s) => s.do === 'createAttachEni'))
      this.#look(FIRST_LOOK_MS);
    this.#ipamd.start();
  }

  outcome(): Outcome {
    const made = this.#account.calls.log.filter((c) => c.action === 'CreateNetworkInterface' && c.eniId);
    made.forEach(({ eniId }, n) => {
      this.#nameOf.set(eniId ?? '', `ipamd-${n + 1}`);
    });
    const run = {
      readyAtMs: this.#readyAtMs,
      processExits: this.#ipamd.failedStarts,
      adds: [...this.#adds.values()],
      outside: this.#outside,
      foreignEnis: [...this.#foreign.values()],
      samples: this.#samples,
      ec2Calls: this.#account.calls.log.map((c) => describeCall(c, (id) => this.#nameOf.get(id) ?? id)),
    };
    return { ...run, summary: summarize(run) };
  }

  #apply(stimulus: Stimulus): void {
    switch (stimulus.do) {
      case 'addPod':
        this.#deleted.delete(stimulus.pod);
        this.#adds.set(stimulus.pod, { pod: stimulus.pod, askedAtMs: [], gotAddressAtMs: null });
        this.#ask(stimulus.pod);
        return;
      case 'deletePod':
        this.#deleted.add(stimulus.pod);
        this.#ipamd.deletePod(stimulus.pod);
        return;
      case 'ipamdRestart':
        this.#ipamd.restart(stimulus.downMs);
        return;
      default:
        this.#actOutside(stimulus);
    }
  }

  #ask(pod: string): void {
    const add = this.#adds.get(pod);
    if (add === undefined || this.#deleted.has(pod)) return;
    add.askedAtMs.push(this.kernel.nowMs);
    if (this.#ipamd.addPod(pod).ok) add.gotAddressAtMs = this.kernel.nowMs;
    else this.kernel.after(this.#given.kubeletRetryMs, () => this.#ask(pod), RANK.retry);
  }

  #actOutside(stimulus: OutsideStimulus): void {
    let result = 'ok';
    try {
      const made = actOutside(this.#account, this.#instanceId, stimulus, this.#idOf.get(stimulus.eni));
      if (made !== undefined) {
        this.#name(made, stimulus.eni);
        this.#watch(stimulus.eni);
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      result = error.code;
    }
    this.#outside.push({ tMs: this.kernel.nowMs, do: stimulus.do, eni: stimulus.eni, result });
  }

  #name(eniId: string, name: string): void {
    this.#idOf.set(name, eniId);
    this.#nameOf.set(eniId, name);
  }

  #watch(eni: string): void {
    this.#foreign.set(eni, { eni, inStoreFromMs: null, leftStoreAtMs: null });
  }

  #look(tMs: number): void {
    this.kernel.at(tMs, () => {
      if (this.#ipamd.serving) {
        for (const foreign of this.#foreign.values()) {
          const held = this.#ipamd.holds(this.#idOf.get(foreign.eni) ?? '');
          if (held) foreign.inStoreFromMs ??= tMs;
          else if (foreign.inStoreFromMs !== null) foreign.leftStoreAtMs ??= tMs;
        }
      }
      this.#look(tMs + LOOK_EVERY_MS);
    });
  }

  #sample(): void {
    const pool = this.#ipamd.snapshot();
    const attached = this.#account.instance(this.#instanceId).enis;
    const waiting = [...this.#adds.values()].filter(
      (a) => a.gotAddressAtMs === null && !this.#deleted.has(a.pod),
    );
    this.#samples.push({
      tMs: this.kernel.nowMs,
      enis: pool?.enis ?? null,
      totalIps: pool?.totalIps ?? null,
      prefixes: pool?.prefixes ?? null,
      assigned: pool?.assigned ?? null,
      cooling: pool?.cooling ?? null,
      waitingPods: waiting.length,
      inEc2: {
        enis: attached.length,
        ips: attached.reduce((sum, eni) => sum + eni.secondaryIps.length, 0),
        prefixes: attached.reduce((sum, eni) => sum + eni.prefixes.length, 0),
        subnetFree: this.#account.subnet(SUBNET).freeAddresses,
      },
      ec2CallsSoFar: this.#account.calls.log.length,
    });
  }
}
