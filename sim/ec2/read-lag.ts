/**
 * EC2's eventual consistency, for some of its callers: a change becomes visible to each of them after a time of its own,
 * so one answer may show an instance and not yet its new ENI. Whoever has seen a change never sees the state before it
 * again. Changes by calls and of instance states lag; what the world's own hand puts there, and the free addresses of
 * subnets, do not. Calls that change something always act on the truth.
 * Source: EC2 Developer Guide, eventual consistency; it names no time, so the lag is an assumption of whoever sets it.
 */
import type { Chance } from '../chance.ts';
import type { Eni, Instance } from './api.ts';
import { copyEni, copyInstance } from './copies.ts';
import { type Delay, drawDelay } from './instance-metadata.ts';

export interface ReadLagOptions {
  /** Whose reads lag. */
  readonly callers: (name: string) => boolean;
  /** From a change to its showing, drawn for each caller and change. */
  readonly lagMs: Delay;
}

/** What a caller gets to see. */
export interface View {
  readonly instances: ReadonlyMap<string, Instance>;
  readonly enis: ReadonlyMap<string, Eni>;
}

/** What something was from a moment on; `undefined`: not there. */
interface Version<T> {
  readonly nth: number;
  readonly fromMs: number;
  readonly was: T | undefined;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/** Of each thing what it is, and what it was while somebody may still see that. */
class History<T> {
  readonly #versions = new Map<string, Version<T>[]>();
  readonly #unsettled = new Set<string>();

  add(id: string, fromMs: number, was: T | undefined): void {
    const versions = this.#versions.get(id) ?? [];
    versions.push({ nth: (versions.at(-1)?.nth ?? 0) + 1, fromMs, was });
    this.#versions.set(id, versions);
    this.#unsettled.add(id);
  }

  /** What those that changed after `thenMs` were, by the newest of their versions that `shows`. */
  since(thenMs: number, shows: (id: string, version: Version<T>) => boolean): Map<string, T | undefined> {
    const past = new Map<string, T | undefined>();
    for (const id of this.#unsettled) {
      const versions = this.#versions.get(id) ?? [];
      const last = versions.at(-1);
      if (last !== undefined && last.fromMs > thenMs) {
        past.set(id, versions.findLast((version) => shows(id, version))?.was);
        continue;
      }
      this.#unsettled.delete(id);
      if (last?.was === undefined) this.#versions.delete(id);
      else this.#versions.set(id, [last]);
    }
    return past;
  }
}

export class ReadLag {
  readonly #options: ReadLagOptions;
  readonly #longestMs: number;
  readonly #chance: Chance;
  readonly #now: () => number;
  readonly #enis = new History<Eni>();
  readonly #instances = new History<Instance>();
  #isAtOnce = false;

  constructor(options: ReadLagOptions, chance: Chance, now: () => number) {
    const { lagMs } = options;
    this.#options = options;
    this.#longestMs = typeof lagMs === 'number' ? lagMs : Math.max(...lagMs.map(([, value]) => value));
    this.#chance = chance;
    this.#now = now;
  }

  /** What changes within `work` shows to everybody at once. */
  atOnce<T>(work: () => T): T {
    this.#isAtOnce = true;
    try {
      return work();
    } finally {
      this.#isAtOnce = false;
    }
  }

  eniChanged(eni: Eni, is: 'there' | 'gone'): void {
    this.#enis.add(eni.id, this.#fromMs(), is === 'gone' ? undefined : copyEni(eni));
  }

  instanceChanged(instance: Instance): void {
    this.#instances.add(instance.id, this.#fromMs(), copyInstance(instance));
  }

  /** What this caller sees of what there is. */
  view(caller: string, truth: View): View {
    if (!this.#options.callers(caller)) return truth;
    const nowMs = this.#now();
    const shows = (id: string, { nth, fromMs }: Version<unknown>): boolean =>
      fromMs + this.#lag(caller, id, nth) <= nowMs;
    const enisThen = this.#enis.since(nowMs - this.#longestMs, shows);
    const instancesThen = this.#instances.since(nowMs - this.#longestMs, shows);
    if (enisThen.size + instancesThen.size === 0) return truth;
    const enis = overlaid(truth.enis, enisThen);
    const instances = overlaid(truth.instances, instancesThen);
    for (const [id, instance] of instances) {
      const held = truth.instances.get(id)?.enis ?? [];
      instances.set(id, { ...instance, enis: attachedThen(id, held, enisThen) });
    }
    return { enis, instances };
  }

  #fromMs(): number {
    return this.#isAtOnce ? LONG_AGO : this.#now();
  }

  /** The same whenever it is asked for, so that what a caller has seen stays seen. */
  #lag(caller: string, id: string, nth: number): number {
    const { lagMs } = this.#options;
    return typeof lagMs === 'number'
      ? lagMs
      : drawDelay(lagMs, this.#chance.stream(`read lag of ${caller}: ${id}, change ${nth}`));
  }
}

function overlaid<T>(
  truth: ReadonlyMap<string, T>,
  then: ReadonlyMap<string, T | undefined>,
): Map<string, T> {
  const seen = new Map(truth);
  for (const [id, was] of then) {
    if (was === undefined) seen.delete(id);
    else seen.set(id, was);
  }
  return seen;
}

/** ENIs the instance had then, in order of card and device index. */
function attachedThen(
  instanceId: string,
  held: readonly Eni[],
  then: ReadonlyMap<string, Eni | undefined>,
): Eni[] {
  const changed = [...then.values()].filter((eni) => eni?.attachment?.instanceId === instanceId);
  return [...held.filter(({ id }) => !then.has(id)), ...changed.filter((eni) => eni !== undefined)].sort(
    byDevice,
  );
}

const byDevice = (a: Eni, b: Eni): number =>
  (a.attachment?.networkCardIndex ?? 0) - (b.attachment?.networkCardIndex ?? 0) ||
  (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0);
