/** EventBridge's default bus: EC2's own events in AWS's exact shape, and whatever else is put on it, delivered to queues
 *  by rules after a delay of each event's own. */
import type { Chance, Stream } from './chance.ts';
import type { Account } from './ec2/account.ts';
import type { Instance, InstanceState } from './ec2/api.ts';
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

export interface Rule {
  readonly matches: (event: BusEvent) => boolean;
  readonly queueUrl: string;
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

export class EventBus {
  readonly #world: EventBusWorld;
  readonly #rules: Rule[] = [];
  readonly #lateByMs: number;
  readonly #chance: Stream;

  constructor(world: EventBusWorld, lateByMs: number) {
    this.#world = world;
    this.#lateByMs = lateByMs;
    this.#chance = world.chance.stream('event bus');
    world.account.onStateChange((instance, state) => this.#stateChanged(instance, state));
  }

  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  /** PutEvents of a custom event. */
  put(source: string, detailType: string, detail: unknown, resources: readonly string[] = []): BusEvent {
    const event = this.event(source, detailType, detail, resources);
    const delayMs = this.#chance.from(EVENT_DELAY) + this.#lateByMs;
    const targets = this.#rules.filter((rule) => rule.matches(event));
    if (targets.length > 0) {
      this.#world.kernel.after(delayMs, () => {
        for (const { queueUrl } of targets) this.#world.queues.send(queueUrl, JSON.stringify(event), 0);
      });
    }
    return event;
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
      time: `${new Date(clockMs).toISOString().slice(0, 19)}Z`,
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
