/** The journal as JSON lines on the function's log: `message` says what, every fact is a key. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Figures } from '../core/figures.ts';
import type { Journal } from '../core/ports.ts';

type Facts = Readonly<Record<string, unknown>>;

/** Keys of every line that the logger writes itself; it would drop facts of these names. Source: Powertools for AWS
 *  Lambda (TypeScript) 2.36, logger, reserved keys. */
const RESERVED = new Set(['level', 'message', 'sampling_rate', 'service', 'timestamp']);

export class PowertoolsJournal implements Journal {
  readonly #logger: Pick<Logger, 'info' | 'warn'>;

  constructor(logger: Pick<Logger, 'info' | 'warn'> = new Logger()) {
    this.#logger = logger;
  }

  note(what: string, facts: Facts): void {
    this.#logger.info(what, keysOf(facts));
  }

  warn(what: string, facts: Facts): void {
    this.#logger.warn(what, keysOf(facts));
  }

  measure(figures: Figures, of: Readonly<Record<string, string>>): void {
    this.#logger.info('figures', { figures, of });
  }
}

/** A fact whose name the logger keeps for itself goes by `fact_<name>`. */
const keysOf = (facts: Facts): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [RESERVED.has(name) ? `fact_${name}` : name, value]),
  );
