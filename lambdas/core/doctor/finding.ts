/** What a doctor has to say: a trap with its evidence, what comes of it, what to do, what that costs, and who says so. */
import type { ClusterSeen, Part } from './seen.ts';

/** `red`: pods fail, or will. `yellow`: they may, or something is wasted. `info`: good to know. */
export type Severity = 'red' | 'yellow' | 'info';

/** Of carrying the remedy out. Zero is said too: it is an answer. */
export interface Price {
  /** EC2 requests in all, ipamd's own among them. */
  readonly calls: number;
  /** Addresses held by nodes, more (or fewer, when below zero) than now. */
  readonly addresses: number;
  /** Nodes on which aws-node restarts: a change of its settings replaces its pods, 10 % at a time. */
  readonly rolls: number;
  /** What else it takes. */
  readonly also?: string;
}

export interface Finding {
  readonly severity: Severity;
  /** One line without full stop: what the trap is. */
  readonly title: string;
  readonly evidence: string;
  readonly consequence: string;
  readonly remedy: {
    readonly says: string;
    /** Each as words of a command line, unquoted. */
    readonly commands: readonly (readonly string[])[];
  };
  readonly price: Price;
}

export interface Rule {
  /** Stable, for those who read JSON. */
  readonly name: string;
  /** What it looks for, for the documentation. */
  readonly looksFor: string;
  /** Where the fact comes from. */
  readonly source: string;
  readonly needs: readonly Part[];
  judge(seen: ClusterSeen): Finding | undefined;
}

export const FREE: Price = { calls: 0, addresses: 0, rolls: 0 };

/** `12 nodes`, `1 node`. */
export const many = (count: number, what: string, whats = `${what}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? what : whats}`;

/** The first few of a list, and how many more there are. */
export function some(texts: readonly string[], most = 3): string {
  const shown = texts.slice(0, most).join(', ');
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}
