/** Shared reads in memory. */
import type { Clock, Reads } from '../../lambdas/core/ports.ts';
import {
  ALL_TURNS,
  type SharedRead,
  type Turn,
  type TurnAsk,
  type Turns,
  takeTurn,
} from '../../lambdas/core/shared-reads.ts';

/** What the functions of one stack share. */
export class MemoryReadsTable {
  turns: Turns = ALL_TURNS;
  last: SharedRead | undefined;
}

export class MemoryReads implements Reads {
  readonly #clock: Clock;
  readonly #table: MemoryReadsTable;

  constructor(clock: Clock, table = new MemoryReadsTable()) {
    this.#clock = clock;
    this.#table = table;
  }

  async last(): Promise<SharedRead | undefined> {
    return this.#table.last;
  }

  async turn(ask: TurnAsk): Promise<Turn> {
    const { turn, next } = takeTurn(this.#table.turns, ask, this.#clock());
    this.#table.turns = next;
    return turn;
  }

  async share(read: SharedRead): Promise<void> {
    const { last } = this.#table;
    if (last === undefined || last.world.readAtMs <= read.world.readAtMs) this.#table.last = read;
  }
}
