/** What happens to a rollout, told by the records its machine keeps: one after the other, each with what it changed. */
import type { Ports } from '../lambdas/core/ports.ts';
import { podsInAll, type RolloutRecord, type WaveRecord } from '../lambdas/core/rollouts/record.ts';
import { count } from './tables.ts';

/** A wave as the report shows it. Times in ms since the announcement. */
export interface WaveSeen {
  readonly wave: number;
  readonly wantedPods: number;
  readonly readyPods?: number;
  readonly plannedAtMs: number;
  readonly readyAtMs?: number;
  readonly releasedAtMs?: number;
  /** Everything it waited for, in order; of what was said again with other numbers, the last. */
  readonly waitedFor: readonly string[];
}

export class RolloutWatch {
  record: RolloutRecord | undefined;
  readonly #begunAtMs: number;
  readonly #tell: (what: string) => void;
  /** By wave. */
  readonly #plannedAtMs = new Map<number, number>();
  readonly #waits = new Map<number, Map<string, string>>();

  /** `begunAtMs`: the announcement, in Unix time. `tell` hears of each change in words, in the moment it happens. */
  constructor(begunAtMs: number, tell: (what: string) => void) {
    this.#begunAtMs = begunAtMs;
    this.#tell = tell;
  }

  /** Ports whose rollout book we read along. */
  over(ports: Ports): Ports {
    const { rolloutBook: book } = ports;
    const keep = async (record: RolloutRecord): Promise<RolloutRecord | undefined> => {
      const kept = await book.keep(record);
      if (kept !== undefined) this.#hear(kept);
      return kept;
    };
    const [find, readiness, say] = [book.find.bind(book), book.readiness.bind(book), book.say.bind(book)];
    return { ...ports, rolloutBook: { keep, find, readiness, say } };
  }

  get waves(): readonly WaveSeen[] {
    return (this.record?.waves ?? []).map(({ wave, wantedPods, readyPods, readyAtMs, releasedAtMs }) => ({
      ...{ wave, wantedPods },
      plannedAtMs: (this.#plannedAtMs.get(wave) ?? this.#begunAtMs) - this.#begunAtMs,
      waitedFor: [...(this.#waits.get(wave)?.values() ?? [])],
      ...(readyPods !== undefined && { readyPods }),
      ...(readyAtMs !== undefined && { readyAtMs: readyAtMs - this.#begunAtMs }),
      ...(releasedAtMs !== undefined && { releasedAtMs: releasedAtMs - this.#begunAtMs }),
    }));
  }

  #hear(record: RolloutRecord): void {
    const before = this.record;
    this.record = record;
    if (before === undefined)
      this.#tell(`rollout ${record.rolloutId} begins: ${count(podsInAll(record.announced))} pods`);
    for (const wave of record.waves) {
      const was = before?.waves.find((one) => one.wave === wave.wave);
      if (was !== wave) this.#compare(was, wave, record);
    }
    if (record.gate !== undefined && record.gate.token !== before?.gate?.token)
      this.#tell(`wave ${record.gate.wave} is held: somebody has to let it go`);
    if (record.state === 'running' || record.state === before?.state) return;
    this.#tell(record.state === 'stopped' ? `stopped: ${record.stopped?.cause}` : 'completed');
  }

  #compare(was: WaveRecord | undefined, wave: WaveRecord, { announced, releasedPods }: RolloutRecord): void {
    const { wave: number, wantedPods, readyPods, waitsFor, sinceMs } = wave;
    if (was === undefined) {
      this.#plannedAtMs.set(number, sinceMs);
      this.#tell(`wave ${number} planned: at most ${count(wantedPods)} pods`);
    }
    if (waitsFor !== undefined && waitsFor !== was?.waitsFor) {
      const waits = this.#waits.get(number) ?? new Map<string, string>();
      this.#waits.set(number, waits.set(waitsFor.replace(/\d+/g, '#'), waitsFor));
      this.#tell(`wave ${number} waits for ${waitsFor}`);
    }
    if (wave.readyAtMs !== undefined && wave.readyAtMs !== was?.readyAtMs)
      this.#tell(
        `wave ${number} ready: ${count(readyPods ?? 0)} pods, of which none would be refused an address`,
      );
    if (wave.releasedAtMs !== undefined && was?.releasedAtMs === undefined)
      this.#tell(
        `wave ${number} released: ${count(releasedPods)} of ${count(podsInAll(announced))} pods may come`,
      );
  }
}
