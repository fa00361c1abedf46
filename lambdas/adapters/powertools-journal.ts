/** The journal as JSON lines on the function's log: `message` says what, every fact is a key. Figures are lines of their
 *  own, in the format that CloudWatch makes metrics of. */
import { Logger } from '@aws-lambda-powertools/logger';
import { FIGURES, type Figure, type Figures, NAMESPACE } from '../core/figures.ts';
import type { Clock, Journal } from '../core/ports.ts';

type Facts = Readonly<Record<string, unknown>>;

/** Keys of every line that the logger writes itself; it would drop facts of these names. Source: Powertools for AWS
 *  Lambda (TypeScript) 2.36, logger, reserved keys. */
const RESERVED = new Set(['level', 'message', 'sampling_rate', 'service', 'timestamp']);

/** Facts that are never written, however deep: with a token somebody lets a wave or a launch go, with a secret he is let in. No
 *  line needs one to be understood. */
const WITHHELD = /^(?:task)?token$|^(?:secret(?:string)?|password|authorization)$/i;

export interface Lines {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Writes one line, as it is: the runtime's console would put a time and a request id before it. */
  readonly line: (text: string) => void;
}

export class PowertoolsJournal implements Journal {
  readonly #clock: Clock;
  readonly #to: Lines;

  constructor(clock: Clock, to: Partial<Lines> = {}) {
    this.#clock = clock;
    this.#to = { logger: to.logger ?? new Logger({ jsonReplacerFn: withheld }), line: to.line ?? toStdout };
  }

  note(what: string, facts: Facts): void {
    this.#to.logger.info(what, keysOf(facts));
  }

  warn(what: string, facts: Facts): void {
    this.#to.logger.warn(what, keysOf(facts));
  }

  /** Source of the format: CloudWatch User Guide, embedded metric format specification. */
  measure(figures: Figures, of: Readonly<Record<string, string>>): void {
    const told = Object.entries(figures).filter(([, value]) => Number.isFinite(value));
    if (told.length === 0) return;
    // A dimension without a value would void the line.
    const dimensions = Object.entries(of).filter(([, value]) => value !== '');
    const metrics = told.map(([name]) => ({ Name: name, Unit: FIGURES[name as Figure].unit }));
    const directive = {
      Namespace: NAMESPACE,
      Dimensions: dimensionSets(dimensions.map(([name]) => name)),
      Metrics: metrics,
    };
    const emf = { Timestamp: this.#clock(), CloudWatchMetrics: [directive] };
    this.#to.line(JSON.stringify({ _aws: emf, ...Object.fromEntries([...dimensions, ...told]) }));
  }
}

/** All dimensions together; and the cluster alone, since an alarm has to name every dimension of the metric it looks at,
 *  and knows no node group, subnet or action. */
const dimensionSets = (names: readonly string[]): (readonly string[])[] =>
  names.includes('cluster') && names.length > 1 ? [names, ['cluster']] : [names];

const withheld = (name: string, value: unknown): unknown => (WITHHELD.test(name) ? 'withheld' : value);

const toStdout = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** A fact whose name the logger keeps for itself goes by `fact_<name>`. */
const keysOf = (facts: Facts): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [RESERVED.has(name) ? `fact_${name}` : name, value]),
  );
