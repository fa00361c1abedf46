/**
 * What one instance's metadata service (IMDS) shows of its interfaces: the truth of EC2, later. An ENI appears some time
 * after its attach took effect and lingers as long after its detach, unless it is deleted; addresses and prefixes appear
 * and vanish some time after the change, never before their ENI.
 */
import type { Quantiles, Stream } from '../chance.ts';
import type { Eni } from './api.ts';

/** A delay in ms: always the same, or drawn anew each time. */
export type Delay = number | Quantiles;

export const drawDelay = (delay: Delay, stream: Stream): number =>
  typeof delay === 'number' ? delay : stream.from(delay);

export interface MetadataLags {
  /** From the attach's effect until the ENI shows, and from the detach until it is gone. */
  readonly eniToImds: Delay;
  /** From the change until an address or prefix shows or is gone. */
  readonly ipToImds: Delay;
}

/** One interface as metadata shows it. */
export interface MetadataEni {
  readonly id: string;
  readonly mac: string;
  readonly subnetId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly privateIp: string;
  readonly groups: readonly string[];
  readonly secondaryIps: readonly string[];
  readonly prefixes: readonly string[];
}

interface Span {
  fromMs: number;
  untilMs: number;
}

interface Shown extends Span {
  readonly eni: Eni;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly ips: Map<string, Span>;
  readonly prefixes: Map<string, Span>;
}

const NEVER = Number.POSITIVE_INFINITY;

export class InstanceMetadata {
  readonly #shown = new Map<string, Shown>();
  readonly #lags: MetadataLags;
  readonly #chance: (deviceIndex: number) => Stream;
  readonly #streams = new Map<number, Stream>();

  /** Each device index has a stream of its own: what one caller attaches does not shift how late another's is shown. */
  constructor(lags: MetadataLags, chance: (deviceIndex: number) => Stream) {
    this.#lags = lags;
    this.#chance = chance;
  }

  /** Interfaces visible at `nowMs`, ordered by MAC, as the service lists them. */
  enis(nowMs: number): MetadataEni[] {
    const visible: MetadataEni[] = [];
    for (const [id, shown] of this.#shown) {
      if (shown.untilMs <= nowMs) {
        this.#shown.delete(id);
        continue;
      }
      if (shown.fromMs > nowMs) continue;
      visible.push({
        id,
        mac: shown.eni.mac,
        subnetId: shown.eni.subnetId,
        deviceIndex: shown.deviceIndex,
        networkCardIndex: shown.networkCardIndex,
        privateIp: shown.eni.privateIp,
        groups: shown.eni.groups,
        secondaryIps: visibleKeys(shown.ips, nowMs),
        prefixes: visibleKeys(shown.prefixes, nowMs),
      });
    }
    return visible.length > 1 ? visible.sort((a, b) => (a.mac < b.mac ? -1 : 1)) : visible;
  }

  /** An attach took effect at `nowMs`. `addedAtMs` tells when each address came to the ENI. */
  attached(
    eni: Eni,
    addedAtMs: ReadonlyMap<string, number>,
    nowMs: number,
    how: 'late' | 'at once' | 'never',
  ): void {
    const { attachment } = eni;
    if (attachment === undefined) return;
    const fromMs =
      how === 'late'
        ? nowMs + this.#draw('eniToImds', attachment.deviceIndex)
        : how === 'never'
          ? NEVER
          : -NEVER;
    const ipLagMs = how === 'late' ? this.#draw('ipToImds', attachment.deviceIndex) : 0;
    const spans = (entries: readonly string[]): Map<string, Span> =>
      new Map(
        entries.map((entry) => {
          const shownAtMs =
            how === 'at once' ? -NEVER : Math.max(fromMs, (addedAtMs.get(entry) ?? nowMs) + ipLagMs);
          return [entry, { fromMs: shownAtMs, untilMs: NEVER }];
        }),
      );
    this.#shown.delete(eni.id);
    this.#shown.set(eni.id, {
      eni,
      deviceIndex: attachment.deviceIndex,
      networkCardIndex: attachment.networkCardIndex,
      fromMs,
      untilMs: NEVER,
      ips: spans(eni.secondaryIps),
      prefixes: spans(eni.prefixes),
    });
  }

  detached(eniId: string, nowMs: number): void {
    const shown = this.#shown.get(eniId);
    if (shown !== undefined) shown.untilMs = nowMs + this.#draw('eniToImds', shown.deviceIndex);
  }

  deleted(eniId: string): void {
    this.#shown.delete(eniId);
  }

  added(eniId: string, entries: readonly string[], kind: 'ips' | 'prefixes', nowMs: number): void {
    const shown = this.#shown.get(eniId);
    if (shown === undefined) return;
    const fromMs = Math.max(shown.fromMs, nowMs + this.#draw('ipToImds', shown.deviceIndex));
    for (const entry of entries) {
      shown[kind].delete(entry);
      shown[kind].set(entry, { fromMs, untilMs: NEVER });
    }
  }

  removed(eniId: string, entries: readonly string[], kind: 'ips' | 'prefixes', nowMs: number): void {
    const shown = this.#shown.get(eniId);
    if (shown === undefined) return;
    const untilMs = nowMs + this.#draw('ipToImds', shown.deviceIndex);
    for (const entry of entries) {
      const span = shown[kind].get(entry);
      if (span !== undefined) span.untilMs = untilMs;
    }
  }

  #draw(lag: keyof MetadataLags, deviceIndex: number): number {
    let stream = this.#streams.get(deviceIndex);
    if (stream === undefined) {
      stream = this.#chance(deviceIndex);
      this.#streams.set(deviceIndex, stream);
    }
    return drawDelay(this.#lags[lag], stream);
  }
}

function visibleKeys(spans: Map<string, Span>, nowMs: number): string[] {
  const visible: string[] = [];
  for (const [key, span] of spans) {
    if (span.untilMs <= nowMs) spans.delete(key);
    else if (span.fromMs <= nowMs) visible.push(key);
  }
  return visible;
}
