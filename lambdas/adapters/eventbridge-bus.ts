/** What followers of a rollout hear, on EventBridge's default bus. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Bus, RolloutEvent } from '../core/ports.ts';
import { OUR_SOURCE } from './our-events.ts';

export class EventBridgeBus implements Bus {
  readonly #make: () => EventBridgeClient;
  #client: EventBridgeClient | undefined;

  /** `make`: called with the first event, because most announcements have no waves. */
  constructor(make: () => EventBridgeClient) {
    this.#make = make;
  }

  async put(detailType: RolloutEvent, detail: Readonly<Record<string, unknown>>): Promise<void> {
    this.#client ??= this.#make();
    const { FailedEntryCount = 0, Entries = [] } = await this.#client.send(
      new PutEventsCommand({
        Entries: [{ Source: OUR_SOURCE, DetailType: detailType, Detail: JSON.stringify(detail) }],
      }),
    );
    // EventBridge answers 200 all the same.
    if (FailedEntryCount === 0) return;
    const [{ ErrorCode, ErrorMessage } = {}] = Entries;
    throw new Error(`${detailType} not put: ${[ErrorCode, ErrorMessage].filter(Boolean).join(': ')}`);
  }
}
