/** EventBridge's default bus: EC2's own events in AWS's exact shape, and whatever else is put on it, delivered to queues and
 *  functions by rules after a delay of each event's own. */
import type { Chance, Quantiles, Stream } from './chance.ts';
import type { Account } from './ec2/account.ts';
import type { Instance, InstanceState } from './ec2/api.ts';
import { isoSeconds } from './iso-seconds.ts';
import type { Kernel } from './kernel.ts';
import { EVENT_DELAY } from './latencies.ts';
import type { Queues } from './queues.ts';
import { uuid } from './wire/uuid.ts';

/** An event as EventBridge hands it on. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601 in whole seconds. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

export type Rule = { readonly matches: (event: BusEvent) => boolean } & (
  | { readonly queueUrl: string }
  /** Handed a copy of its own in a moment of virtual time. What it throws ends the run: real code is started as an activity. */
  | { readonly deliver: (event: BusEvent) => void }
);

/** What can go wrong with an event: everything EventBridge's documents allow. It is delivered at least once and in no order;
 *  services' own events are best effort. Source: EventBridge User Guide, delivery and events from AWS services. */
export interface BusTrouble {
  /** How late every event is, beyond the usual delay, ms. */
  readonly lateByMs?: number;
  /** Share of events that reach a target a second time, with the same id and a delay of their own. */
  readonly duplicateShare?: number;
  /** Share of events that never arrive. */
  readonly lostShare?: number;
  /** Each delivery waits up to this long more, ms, so that later events overtake earlier ones. */
  readonly reorderWithinMs?: number;
}

/** What the bus needs of its world. */
export interface EventBusWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly account: Account;
  readonly queues: Queues;
  readonly region: string;
  readonly accountId: string;
  /** Unix time in ms, now. */
  readonly clockMs: number;
}

const NO_TROUBLE: Required<BusTrouble> = { lateByMs: 0, duplicateShare: 0, lostShare: 0, reorderWithinMs: 0 };

export class EventBus {
  readonly #world: EventBusWorld;
  readonly #rules: Rule[] = [];
  readonly #deliveries: ((event: BusEvent) => void)[] = [];
  readonly #chance: Stream;
  /** A stream of its own: trouble shifts neither ids nor the usual delays. */
  readonly #luck: Stream;
  #trouble: Required<BusTrouble>;

  constructor(world: EventBusWorld, trouble: BusTrouble) {
    this.#world = world;
    this.#trouble = { ...NO_TROUBLE, ...trouble };
    this.#chance = world.chance.stream('event bus');
    this.#luck = world.chance.stream('trouble of the event bus');
    world.account.onStateChange((instance, state) => this.#stateChanged(instance, state));
  }

  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  /** Called at every delivery to a target, that of a second copy included, in the instant it happens. */
  onDelivery(listener: (event: BusEvent) => void): void {
    this.#deliveries.push(listener);
  }

  /** From now on events meet this trouble; what is left out is none. */
  disturb(trouble: BusTrouble): void {
    this.#trouble = { ...NO_TROUBLE, ...trouble };
  }

  /** PutEvents of a custom event, or an event of an AWS service; `delay` is the service's own, if not the usual. */
  put(
    source: string,
    detailType: string,
    detail: unknown,
    resources: readonly string[] = [],
    delay: Quantiles = EVENT_DELAY,
  ): BusEvent {
    const event = this.event(source, detailType, detail, resources);
    const delayMs = this.#chance.from(delay);
    for (const rule of this.#rules) if (rule.matches(event)) this.#deliver(event, rule, delayMs);
    return event;
  }

  #deliver(event: BusEvent, target: Rule, delayMs: number): void {
    const { lateByMs, lostShare, duplicateShare, reorderWithinMs } = this.#trouble;
    const lost = lostShare > 0 && this.#luck.chance(lostShare);
    const times = duplicateShare > 0 && this.#luck.chance(duplicateShare) ? 2 : 1;
    for (let nth = 0; nth < times && !lost; nth++) {
      const extraMs = reorderWithinMs > 0 ? Math.round(this.#luck.between(0, reorderWithinMs)) : 0;
      const againMs = nth === 0 ? 0 : this.#luck.from(EVENT_DELAY);
      const text = JSON.stringify(event);
      this.#world.kernel.after(delayMs + lateByMs + extraMs + againMs, () => {
        if ('deliver' in target) target.deliver(JSON.parse(text));
        else this.#world.queues.send(target.queueUrl, text, 0);
        for (const listener of this.#deliveries) listener(event);
      });
    }
  }

  /** The envelope alone, stamped now. */
  event(source: string, detailType: string, detail: unknown, resources: readonly string[] = []): BusEvent {
    const { accountId, region, clockMs } = this.#world;
    return {
      version: '0',
      id: uuid(this.#chance.hex(32)),
      'detail-type': detailType,
      source,
      account: accountId,
      time: isoSeconds(clockMs),
      region,
      resources,
      detail,
    };
  }

  #stateChanged({ id }: Instance, state: InstanceState): void {
    const { accountId, region } = this.#world;
    const arn = `arn:aws:ec2:${region}:${accountId}:instance/${id}`;
    this.put('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': id, state }, [arn]);
  }
}
