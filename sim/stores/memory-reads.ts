/** Shared reads in memory. */
import type { Clock, Reads } from '../../lambdas/core/ports.ts';
import {
  ALL_TURNS,
  type Circle,
  circleOf,
  type SharedRead,
  type Turn,
  type TurnAsk,
  type Turns,
  takeTurn,
} from '../../lambdas/core/shared-reads.ts';

/** What the functions of one stack share. */
export class MemoryReadsTable {
  readonly turns = new Map<Circle, Turns>();
  readonly last = new Map<Circle, SharedRead>();
}

export class MemoryReads implements Reads {
  readonly #clock: Clock;
  readonly #table: MemoryReadsTable;

  constructor(clock: Clock, table = new MemoryReadsTable()) {
    this.#clock = clock;
    this.#table = table;
  }

  async last(among: Circle): Promise<SharedRead | undefined> {
    return this.#table.last.get(among);
  }

  async turn(ask: TurnAsk): Promise<Turn> {
    const { turns } = this.#table;
    const among = circleOf(ask.as);
    const { turn, next } = takeTurn(turns.get(among) ?? ALL_TURNS, ask, this.#clock());
    turns.set(among, next);
    return turn;
  }

  async share(read: SharedRead, among: Circle): Promise<void> {
    const before = this.#table.last.get(among)?.world.readAtMs ?? 0;
    if (before <= read.world.readAtMs) this.#table.last.set(among, read);
  }
}
