/**
 * How long an attachment is `attaching` before it is `attached`, and `detaching` before it is gone. The call is answered
 * at the beginning of that time. A detach may overtake an attach; a second detach is refused until the first is through.
 */
import type { Chance } from '../chance.ts';
import type { Kernel } from '../kernel.ts';
import type { Attachment } from './api.ts';
import { refused } from './errors.ts';
import { type Delay, drawDelay } from './instance-metadata.ts';

export interface AttachmentTimesOptions {
  readonly attachingMs: Delay;
  readonly detachingMs: Delay;
}

export class AttachmentTimes {
  readonly #options: AttachmentTimesOptions;
  readonly #kernel: Kernel;
  readonly #chance: Chance;

  constructor(options: AttachmentTimesOptions, kernel: Kernel, chance: Chance) {
    this.#options = options;
    this.#kernel = kernel;
    this.#chance = chance;
  }

  attaching(attachment: Attachment, attached: () => void): void {
    attachment.status = 'attaching';
    this.#after('attachingMs', attachment, () => {
      if (attachment.status !== 'attaching') return;
      attachment.status = 'attached';
      attached();
    });
  }

  /** `detached` is called even when the instance is gone by then: it looks whether anything is left to detach. */
  detaching(attachment: Attachment, detached: () => void): void {
    if (attachment.status === 'detaching') {
      throw refused.wrongState(`Attachment '${attachment.id}' is already 'detaching'.`);
    }
    attachment.status = 'detaching';
    this.#after('detachingMs', attachment, detached);
  }

  #after(time: keyof AttachmentTimesOptions, { id }: Attachment, run: () => void): void {
    this.#kernel.after(drawDelay(this.#options[time], this.#chance.stream(`${time} of ${id}`)), run);
  }
}
